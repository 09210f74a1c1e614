"""One set of limits, whichever way it comes in: the page, a ZIP, a JSONL, a saved project, a ``.sav`` and the API."""

import json
import re
from pathlib import Path
from unittest import mock

import pytest

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures import picture as picture_module
from sav_core.data.sets.datasets import read_examples
from sav_core.errors import InputError, SettingError
from sav_ui.api import calls
from sav_ui.limits import Limits
from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import opened
from sav_ui.pages.classify.state import ClassifyState
from sav_ui.pages.header import project_menu
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.shared.used import used
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.serving import zerogpu
from sav_ui.session.memory import Memory
from sav_ui.session.project_file import write_project
from sav_ui.session.session import Session
from tests.support.archives import zipped
from tests.support.people import context, dropped, small_project
from tests.support.pictures import encoded, noise

NAMES = {
    "tokens": "SAV_MOST_TOKENS",
    "pictures": "SAV_MOST_PICTURES",
    "frames": "SAV_MOST_FRAMES",
    "characters": "SAV_MOST_CHARACTERS",
    "examples": "SAV_MOST_EXAMPLES",
    "labels": "SAV_MOST_LABELS",
    "files": "SAV_MOST_FILES",
}


def pngs(count, size=8):
    return {f"{number}.png": encoded(noise(size, size, seed=number)) for number in range(count)}


def folders(labels, each, size=8):
    """``labels`` folders of ``each`` pictures."""
    return {f"{label}/{name}": data for label in range(labels) for name, data in pngs(each, size).items()}


def lines(count, **more):
    return [{"question": f"Is {number} a number?", "label": "ab"[number % 2], **more} for number in range(count)]


@pytest.fixture
def session():
    """Somebody's work, which no refusal may touch."""
    session = Session()
    session.project = small_project(labels=("a", "b"), each=1)
    return session


def done(session, models, page, do, files=None, **data):
    """Do something on a page, and return what is said of it."""
    before = session.project
    page.act(context(session, models), {"do": do, **({"files": dropped(files)} if files else {}), **data})
    assert session.project is before, "a refusal leaves the work as it was"
    assert session.notice is not None
    said = session.notice
    return " ".join([said.text, *(each.reason for each in said.left_out)])


@pytest.fixture
def decoded():
    """How often a picture is decoded."""
    with mock.patch.object(picture_module, "decode_whole", wraps=picture_module.decode_whole) as decoding:
        yield decoding


def test_each_limit_is_an_owners_variable():
    assert Limits.from_environment({}) == Limits()
    for name, variable in NAMES.items():
        assert Limits.from_environment({variable: "7"}) == Limits(**{name: 7})
        with pytest.raises(SettingError, match=variable):
            Limits.from_environment({variable: "none"})
    found = Limits.from_environment({"SAV_VISITOR_GIB": "0.5", "SAV_WORK_GIB": "1"})
    assert (found.visitor_bytes, found.process_bytes) == (1 << 29, 1 << 30)


@pytest.mark.parametrize(
    ("page", "do", "files"),
    [
        (teach, "add", pngs(4)),
        (teach, "import", folders(2, 2)),
        (teach, "import", {"p.zip": zipped(folders(2, 2))}),
        (teach, "import", {"t.jsonl": lines(4)}),
        (teach, "import", {"t.json": json.dumps(lines(4)).encode()}),
        (teach, "import", {"t.csv": b"question,label\n" + b"Is it?,a\nIs it not?,b\n" * 2}),
        (classify, "query", pngs(4)),
        (classify, "query", {"p.zip": zipped(pngs(4))}),
        (classify, "query", {"t.jsonl": lines(4)}),
        (measure, "bring_tests", {"p.zip": zipped(folders(2, 2))}),
        (opened, "ask_opened", pngs(4)),
    ],
)
def test_too_many_examples_are_refused_before_any_is_decoded(session, models, lower, decoded, page, do, files):
    lower(examples=3)
    said = done(session, models, page, do, files, label=session.project.labels[0].id)
    assert re.search(
        r"examples( or more)?, and up to 3 are taken here|holds up to 3 examples, but this would make (4|6)", said
    ), said
    assert not decoded.called


@pytest.mark.parametrize("kind", ["page", "jsonl", "zip"])
def test_too_many_pictures_of_one_example_are_refused_before_any_is_decoded(session, models, lower, decoded, kind):
    lower(pictures=2)
    three = {"images": [f"{number}.png" for number in range(3)], "label": "a"}
    listed = {"t.jsonl": [three], **pngs(3)}
    packed = {"t.jsonl": json.dumps(three).encode(), **pngs(3)}
    files = {"page": pngs(3), "jsonl": listed, "zip": {"p.zip": zipped(packed)}}[kind]
    said = done(session, models, teach, "add", files, label=session.project.labels[0].id, together=True)
    assert re.search(r"example has up to 2 pictures.*3", said), said
    assert not decoded.called


def test_the_frames_of_an_examples_clips_are_counted(lower):
    clip = Clip("a.mp4", (8, 8), "digest", None, None, times=(0.0, 1.0, 2.0))
    example = Example((clip, clip))
    Limits(frames=6).check_example(example)
    with pytest.raises(InputError, match="up to 5 frames, but these have 6"):
        Limits(frames=5).check_example(example)


@pytest.mark.parametrize("files", [{"t.jsonl": lines(2, question="x" * 11)}, "question", "text", "query text"])
def test_a_question_is_as_long_wherever_it_stands(session, models, lower, files):
    lower(characters=10)
    item = session.project.items[0].id
    if files == "query text":
        session.state(ClassifyState)
        files = {"t.jsonl": lines(1, question="x" * 11)}
        said = done(session, models, classify, "query", files)
    elif isinstance(files, str):
        said = done(session, models, teach, files, value="x" * 11, item=item)
    else:
        said = done(session, models, teach, "import", files)
    assert re.search(r"question has (at most|up to) 10 characters.*11", said), said


def test_files_that_come_at_once_are_counted_before_anything_is_looked_at(session, models, lower):
    lower(files=3)
    entries = [{"path": "/nowhere", "name": f"{number}.png"} for number in range(4)]
    teach.act(context(session, models), {"do": "add", "label": session.project.labels[0].id, "files": entries})
    assert session.notice.text == "Up to 3 files come at once, but 4 were sent: bring them in parts."
    said = done(session, models, teach, "import", {"p.zip": zipped(folders(2, 2))})
    assert "'p.zip' holds 4 files and folders, and up to 3 are taken here" in said


def test_too_many_labels_are_refused_before_anything_is_decoded(session, models, lower, decoded):
    lower(labels=3)
    said = done(session, models, teach, "import", {"p.zip": zipped(folders(4, 1))})
    assert "holds 4 labels, and up to 3 are taken here" in said
    assert not decoded.called


def test_one_upload_under_many_names_is_decoded_once_and_held_once(session, models, decoded):
    (file,) = dropped({"a.png": encoded(noise(64, 64))})
    label = session.project.labels[0].id
    before = session.brought_bytes
    many = [{**file, "name": f"{number}.png"} for number in range(200)]
    teach.act(context(session, models), {"do": "add", "label": label, "files": many})
    assert len(session.project.of_label(label)) == 201
    assert [item.name for item in session.project.of_label(label)][1:] == [f"{number}.png" for number in range(200)]
    assert decoded.call_count == 1
    assert session.brought_bytes - before < 2 * 64 * 64 * 3 + 20_000


def test_the_same_picture_many_times_in_a_zip_is_decoded_once(session, models, decoded):
    one = encoded(noise(64, 64))
    packed = zipped({f"{label}/{number}.png": one for label in "ab" for number in range(50)})
    teach.act(context(session, models), {"do": "import", "files": dropped({"p.zip": packed})})
    assert len(session.project.items) == 102
    assert decoded.call_count == 1


def test_bytes_are_counted_as_they_come_and_reading_stops(session, models, lower, decoded):
    lower(visitor_gib=200_000 / (1 << 30))
    said = done(session, models, teach, "add", pngs(60, size=64), label=session.project.labels[0].id)
    assert "Your pictures on all pages may take 0 MiB of memory here" in said
    assert decoded.call_count < 20


def test_pictures_of_all_pages_count_together_and_what_is_removed_makes_room(session, models, lower):
    lower(visitor_gib=400_000 / (1 << 30))
    data = {"do": "query", "files": dropped(pngs(10, size=64))}
    classify.act(context(session, models), data)
    assert len(session.state(ClassifyState).queries) == 10
    said = done(session, models, teach, "add", pngs(10, size=64), label=session.project.labels[0].id)
    assert "may take" in said
    assert len(session.state(ClassifyState).queries) == 10
    session.state(ClassifyState).remove([query.id for query in session.state(ClassifyState).queries])
    teach.act(
        context(session, models),
        {"do": "add", "label": session.project.labels[0].id, "files": dropped(pngs(10, size=64))},
    )
    assert len(session.project.items) == 12


def test_the_memory_of_all_is_one_and_its_last_quarter_is_for_those_that_bring_little(lower):
    lower(work_gib=1600 / (1 << 30))
    held = [1150]
    memory = Memory(lambda: held[0])

    def bring(size, theirs=0):
        from sav_core.data.allowance import allowance

        with memory.reading(theirs):
            allowance().take(size)
            return memory.used_bytes

    assert bring(50) == 1200
    with pytest.raises(InputError, match=r"memory of this server is full .* What you have here stays"):
        bring(101)
    with pytest.raises(InputError, match="memory of this server is full"):
        bring(51, theirs=100)
    assert bring(100) == 1250, "little, so of the last quarter"
    held[0] = 1590
    with pytest.raises(InputError, match="memory of this server is full"):
        bring(11)
    assert memory.used_bytes == 1590, "what was refused is not held"


def test_what_is_used_of_the_limits_is_said_in_a_menu_and_in_sight_from_half_on(session, lower):
    def told():
        return re.findall(r"Used: (.*?)\.<", teach_view.bench(session)["html"])

    lower(examples=5)
    assert told() == ["2 of 5 examples, 2 of 200 labels, 1 of 768 MiB of memory for pictures"]
    lower(examples=4)
    assert told() == ["2 of 4 examples, 2 of 200 labels, 1 of 768 MiB of memory for pictures", "2 of 4 examples"]
    lower(visitor_gib=2 * session.brought_bytes / (1 << 30))
    assert "memory" in used(session).near
    session.project = session.project.without_items([session.project.items[0].id])
    assert used(session).near == "", "what is removed makes room at once"


def test_a_project_is_refused_by_its_counts_and_by_its_bytes(session, models, lower, decoded, tmp_path):
    write_project(tmp_path / "p.zip", small_project())
    packed = (tmp_path / "p.zip").read_bytes()
    for limit, words in (
        ({"examples": 8}, "holds up to 8 examples, but this would make 9"),
        ({"labels": 2}, "holds up to 2 labels, but this would make 3"),
        ({"characters": 5}, "question has (at most|up to) 5 characters"),
        ({"visitor_gib": 30_000 / (1 << 30)}, "may take 0 MiB of memory here"),
    ):
        lower(**limit)
        assert re.search(words, done(session, models, project_menu, "open", {"p.zip": packed})), limit
    assert decoded.call_count <= 9, "counts cost no decoding"


def test_calls_have_the_same_limits(models, lower, tmp_path):
    paths = []
    for number in range(4):
        paths.append(str(tmp_path / f"{number}.png"))
        Path(paths[-1]).write_bytes(encoded(noise(seed=number)))
    labels = ["a", "b", "a", "b"]
    for limit, given, words in (
        ({"examples": 3}, {}, "One call holds up to 3 examples, but this would make 4: send fewer"),
        ({"characters": 10}, {"question": "x" * 11}, "question has at most 10 characters, and this has 11"),
        ({"labels": 1}, {}, "up to 1 labels, but this would make 2"),
        ({}, {"labels": ["a" * 100_000, *labels[1:]]}, "at most 80 characters, and “a{20}…” has 100,000"),
        ({}, {"labels": ["cat\u202egnp", *labels[1:]]}, "may not have the character U\\+202E"),
        ({}, {"question": 7}, "question must be a text"),
        ({}, {"question": "\ud800"}, "has half of a character"),
        ({}, {"model": ["x"]}, "model must be a text"),
    ):
        lower(**limit)
        with pytest.raises(InputError, match=words):
            calls.fit_images(models, paths, **{"labels": labels, **given})
    lower(visitor_gib=300 / (1 << 30))
    with pytest.raises(InputError, match="may take 0 MiB"), Memory().reading():
        calls.fit_images(models, paths, labels)


def test_a_sav_has_the_limits_of_labels_and_of_its_question(session, models, lower, tmp_path):
    from sav_core.sav import SavClassifier

    examples = [Example(noise(seed=number), "Which?", "ab"[number % 2]) for number in range(4)]
    SavClassifier(models.get(""), n_kept=2).fit(examples).save(tmp_path / "p.sav")
    packed = (tmp_path / "p.sav").read_bytes()
    for limit, words in (
        ({"labels": 1}, "up to 1 labels"),
        ({"characters": 3}, "at most 3 characters"),
        ({"visitor_gib": 100 / (1 << 30)}, "may take 0 MiB"),
    ):
        lower(**limit)
        assert words in done(session, models, project_menu, "open", {"p.sav": packed})


def test_a_model_of_the_app_refuses_examples_of_more_tokens_than_the_owner_allows(tiny_checkpoint, lower):
    from sav_core.models.backbones import load_backbone

    folder = tiny_checkpoint("llava")
    lower(tokens=8)
    with mock.patch("sav_core.models.backbones.load_backbone", side_effect=lambda *_, **__: load_backbone(folder)):
        limited = zerogpu.load("")
    with pytest.raises(InputError, match=r"tokens to .*, more than 8, the limit of this server: use fewer or smaller"):
        limited.encode(Example(noise(), "What is this?"))
    context_alone = load_backbone(folder)
    assert context_alone.longest > 8
    context_alone.encode(Example(noise(), "What is this?"))


def test_the_library_counts_nothing(tmp_path, lower):
    lower(examples=1, pictures=1, characters=1, labels=1, files=1)
    (tmp_path / "p.zip").write_bytes(zipped(folders(2, 2)))
    assert len(read_examples(tmp_path / "p.zip", question="Which of them?")) == 4
