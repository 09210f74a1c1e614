"""A visitor's work cut up for their browser and put together again is the same work."""

import json
import zipfile
from dataclasses import replace

import pytest

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.errors import DatasetError, InputError
from sav_ui.pages.classify import keeping as classify
from sav_ui.pages.classify.state import MAX_QUERIES, NONE, ClassifyState, Query
from sav_ui.pages.measure import keeping as measure
from sav_ui.pages.measure.state import MeasureState, Setup
from sav_ui.pages.teach import keeping as teach
from sav_ui.pages.teach.state import TeachState
from sav_ui.session.kept_file import read_kept
from sav_ui.session.pieces import cut_up
from sav_ui.session.project import Project
from sav_ui.session.project_file import read_project, write_project
from sav_ui.session.session import Session
from tests.support.archives import zipped
from tests.support.people import small_project
from tests.support.pictures import corners, encoded, noise

KEEPERS = {each.NAME: each.KEEPER for each in (classify, measure, teach)}


@pytest.fixture
def session():
    """Somebody's work with all there can be: odd names, copies, groups, texts, marks, tests, settled warnings."""
    project = small_project(labels=("a cat", "a/b\\c: 猫?", ".hidden"), threshold=0.35, scoring="resubstitution")
    project = project.with_label("empty").with_text(project.items[1].id, "Is <image> it?\nReally “so”?")
    first = project.labels[0]
    odd = [as_picture(encoded(corners(700, 600), "JPEG"), "../../photo.v2.jpeg"), as_picture(noise(40, 30), "x" * 190)]
    project = project.with_examples(first.id, [Example(odd, "Which of <image> and <image>?")])
    project = project.with_examples(first.id, [Example((), "Only words: give me that!")])
    project = project.with_examples(first.id, [Example(as_picture(odd[0], "the same, called other.wise.png"), "", "")])
    session = Session()
    session.project = replace(project, title="Cats & dogs", model="org/model", name="My “cats”", voting="gaussian")
    queries = session.state(ClassifyState)
    queries.add(
        [
            Query("", (odd[0],), truth=first.id),
            Query("", (as_picture(noise(20, 20, seed=9), "ünï 1.png"),), "What?", NONE, "How many stars?"),
            Query("", tuple(odd), "", project.labels[2].id),
            Query("", (), "Words alone"),
        ]
    )
    queries.chosen = queries.queries[2].id
    tests = session.state(MeasureState)
    tests.add([Example(as_picture(noise(seed=5), "t.png"), "Own?", "a cat"), Example(odd[1], "", "other")], "Which animal?")
    tests.setup = Setup("own", 2, "reliability", True)
    session.state(TeachState).settled = frozenset({f"doubt-{project.items[2].id}", "doubt-e999"})
    return session


def pieces_of(session):
    kept = {name: keeper.save(session.project, keeper.about(session)) for name, keeper in KEEPERS.items()}
    return cut_up(session.project, kept)


def put_together(pieces):
    """The ZIP that a browser makes of what it kept."""
    entries = {}
    for name, digest in pieces.parts:
        entries[name] = entries.get(name, b"") + pieces.read(digest)
    for name in [name for name in entries if name.endswith(("jsonl", "rows"))]:
        for line in filter(None, entries[name].split(b"\n")):
            for place in json.loads(line)["images"]:
                entries[place] = pieces.read(place.split("/")[1])
    return entries


def opened(path):
    project, skipped = read_project(path, Project(next_id=1000))
    kept, more = read_kept(path, KEEPERS)
    assert skipped == more == ()
    fresh = Session()
    fresh.project = project
    for name, part in kept.items():
        KEEPERS[name].take(project, part)(fresh)
    return fresh


def essence(session):
    """All of the work but the identities of its parts, its pictures by their very bytes."""
    project = session.project
    names = {label.id: label.name for label in project.labels} | {NONE: NONE, "": ""}
    queries, tests = session.state(ClassifyState), session.state(MeasureState)
    places = {query.id: place for place, query in enumerate(queries.queries)}
    numbers = {item.id: str(number) for number, item in enumerate(project.items)}
    settled = [key.split("-") for key in session.state(TeachState).settled]
    return {
        "project": replace(project, labels=(), items=(), next_id=0),
        "labels": [label.name for label in project.labels],
        "items": [(names[item.label], files(item.pictures), item.text) for item in project.items],
        "queries": [(files(each.pictures), each.text, names[each.truth], each.task) for each in queries.queries],
        "chosen": places[queries.chosen],
        "tests": [(files(each.images), each.question, each.label) for each in tests.own],
        "setup": tests.setup,
        "settled": sorted((kind, *(numbers[item] for item in items)) for kind, *items in settled if items[0] in numbers),
    }


def files(pictures):
    return [(picture.name, picture.digest) for picture in pictures]


def test_what_a_browser_kept_comes_back_to_the_last_bit(session, tmp_path):
    (tmp_path / "w.zip").write_bytes(zipped(put_together(pieces_of(session))))
    again = opened(tmp_path / "w.zip")
    assert essence(again) == essence(session)
    first = again.project.items[-3].pictures[0]
    assert first.encoded == session.project.items[-3].pictures[0].encoded, "the file as it was given, not only its pixels"
    assert {label.id for label in again.project.labels}.isdisjoint(label.id for label in session.project.labels)
    assert pieces_of(again).parts == pieces_of(session).parts, "and is the same to the browser that has it"


def test_a_change_is_a_small_piece_and_a_picture_is_one_whatever_it_is_called(session):
    before = pieces_of(session)
    assert len(before.pictures) == len(
        {picture.digest for item in session.project.items for picture in item.pictures}
        | {picture.digest for query in session.state(ClassifyState).queries for picture in query.pictures}
        | {picture.digest for each in session.state(MeasureState).own for picture in each.images}
    )
    session.set(n_kept=7)
    after = pieces_of(session)
    fresh = set(after.texts) - set(before.texts)
    assert [name for name, digest in after.parts if digest in fresh] == ["project.json"]
    assert after.pictures.keys() == before.pictures.keys()


def test_an_example_added_to_many_costs_one_run_of_lines():
    project = small_project(labels=("a", "b"), each=60)
    more = project.with_examples(project.labels[0].id, [Example(noise(seed=77), "")])
    before, after = cut_up(project, {}), cut_up(more, {})
    names = {digest: name for name, digest in after.parts}
    fresh = sorted(names[digest] for digest in set(after.texts) - set(before.texts))
    assert fresh == ["examples.jsonl", "project.json"]
    assert sum(len(after.texts[digest]) for digest in set(after.texts) - set(before.texts)) < 8000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("work.json", b"{", "work.json cannot be used because it is not JSON"),
        ("work.json", b"[" * 100_000, "work.json cannot be used because it is not JSON"),
        ("work.json", b"[1]", "where an object was expected"),
        ("work.json", b'{"classify": 3}', "where an object was expected"),
        ("work.json", b'{"classify": {"chosen": "x"}}', "'chosen' is 'x'"),
        ("work.json", b'{"measure": {"source": "sky"}}', "'source' is 'sky'"),
        ("work.json", b'{"teach": {"settled": [3]}}', "'settled.0' is '3'"),
        ("work.json", b"\xff", "not text in UTF-8"),
        ("work.json", b" " * (9 << 20), "it is too long"),
        ("classify.rows", b'{"images": ["../../etc/passwd"]}', "lies outside"),
        ("classify.rows", b'{"images": [3]}', "must be a text"),
        ("classify.rows", b"[]", "where an object was expected"),
        ("classify.rows", b'{"question": "x", "truth": 1.5}', "'truth"),
        ("classify.rows", b'{"question": "x"}\n' * (MAX_QUERIES + 1), "Up to 500 pictures"),
        ("measure.rows", b'{"question": "x"}', "'label'"),
    ],
)
def test_what_a_damaged_or_hostile_browser_sends_is_refused_in_a_sentence(session, tmp_path, name, content, message):
    entries = put_together(pieces_of(session)) | {name: content}
    (tmp_path / "w.zip").write_bytes(zipped(entries))
    with pytest.raises(InputError, match=message) as caught:
        opened(tmp_path / "w.zip")
    assert "\n" not in str(caught.value)


def test_a_truth_that_names_no_label_is_no_truth(tmp_path):
    pieces = put_together(cut_up(small_project(), {}))
    lines = b'{"question": "x", "truth": 99}\n{"question": "y", "truth": -1, "odd": {}}\n'
    (tmp_path / "w.zip").write_bytes(zipped(pieces | {"work.json": b'{"classify": {"chosen": 7}}', "classify.rows": lines}))
    kept, _ = read_kept(tmp_path / "w.zip", KEEPERS)
    session = Session()
    classify.KEEPER.take(small_project(), kept["classify"])(session)
    assert [query.truth for query in session.state(ClassifyState).queries] == ["", ""]


def test_a_picture_that_the_browser_lost_costs_only_itself(session, tmp_path):
    entries = put_together(pieces_of(session))
    lost = next(name for name in entries if name.endswith("%C3%BCn%C3%AF 1.png"))
    del entries[lost]
    (tmp_path / "w.zip").write_bytes(zipped(entries))
    kept, skipped = read_kept(tmp_path / "w.zip", KEEPERS)
    assert len(skipped) == 1
    other = Session()
    classify.KEEPER.take(session.project, kept["classify"])(other)
    truths = [query.truth for query in other.state(ClassifyState).queries]
    assert truths == [session.project.labels[0].id, session.project.labels[2].id, ""]


def test_an_ordinary_project_has_no_such_parts(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("project.json", b"{}")
    assert read_kept(tmp_path / "p.zip", KEEPERS) == ({}, ())
    (tmp_path / "torn.zip").write_bytes(b"PK")
    with pytest.raises(DatasetError):
        read_kept(tmp_path / "torn.zip", KEEPERS)


def test_a_project_saved_for_people_holds_marks_and_the_test_set_as_the_browser_s_copy_does(session, tmp_path):
    kept = {name: keeper.save(session.project, keeper.about(session)) for name, keeper in KEEPERS.items()}
    write_project(tmp_path / "p.zip", session.project, kept=kept)
    again, before = essence(opened(tmp_path / "p.zip")), essence(session)
    for what in ("labels", "queries", "chosen", "tests", "setup", "settled"):
        assert again[what] == before[what], what


def test_a_project_saved_without_what_pages_keep_still_opens(session, tmp_path):
    write_project(tmp_path / "old.zip", session.project)
    assert read_kept(tmp_path / "old.zip", KEEPERS) == ({}, ())
    assert len(opened(tmp_path / "old.zip").project.items) == len(session.project.items)
