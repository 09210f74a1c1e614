import json
import zipfile
from dataclasses import replace

import pytest

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.data.sets.datasets import read_examples
from sav_core.errors import DatasetError, InputError, NotedWarning, StorageError
from sav_ui.session.memory import Memory
from sav_ui.session.places import EXAMPLES
from sav_ui.session.project import Project
from sav_ui.session.project_file import file_name, read_project, write_project
from tests.support.archives import zipped
from tests.support.people import small_project
from tests.support.pictures import corners, encoded, noise


@pytest.fixture
def full():
    """A project with all there can be: groups, texts, odd names, copies, a label without examples."""
    project = small_project(labels=("a cat", "a/b\\c: 猫?", ".hidden", "A CAT"), threshold=0.35, scoring="resubstitution")
    project = project.with_label("empty").with_text(project.items[1].id, "Is <image> it?\nReally “so”?")
    first = project.labels[0]
    pictures = [as_picture(encoded(corners(700, 600), "JPEG"), "../../photo.jpeg"), as_picture(noise(40, 30), "x" * 300)]
    project = project.with_examples(first.id, [Example(pictures, "Which of <image> and <image>?")])
    project = project.with_examples(first.id, [Example((), "Only words: give me that!")])
    return replace(project, title="Cats & dogs: 2 kinds", model="org/model")


def essence(project):
    """What a project is, but for the identities of its parts."""
    names = {label.id: label.name for label in project.labels}
    return (
        [label.name for label in project.labels],
        [(names[item.label], tuple(picture.digest for picture in item.pictures), item.text) for item in project.items],
        (project.question, project.n_kept, project.scoring, project.threshold, project.model, project.title),
    )


def test_what_is_saved_comes_back_whole_and_in_order(full, tmp_path):
    write_project(tmp_path / "p.zip", full)
    opened, skipped = read_project(tmp_path / "p.zip", Project(next_id=100))
    assert essence(opened) == essence(full)
    assert skipped == ()
    assert {label.id for label in opened.labels}.isdisjoint(f"l{n}" for n in range(100))
    assert opened.items[0].name == full.items[0].name
    write_project(tmp_path / "again.zip", opened)
    twice, _ = read_project(tmp_path / "again.zip", Project())
    assert [item.name for item in twice.items] == [item.name for item in opened.items]


def test_the_library_reads_a_saved_project_as_it_is(full, tmp_path):
    write_project(tmp_path / "p.zip", full)
    with pytest.warns(NotedWarning, match="only their spelling tells apart"):  # as the page said when they were dropped
        examples = read_examples(tmp_path / "p.zip")
    assert [(e.label, e.question, e.images) for e in examples] == [(e.label, e.question, e.images) for e in full.examples()]


def test_nothing_in_it_is_hidden_leads_out_or_stands_twice(full, tmp_path):
    write_project(tmp_path / "p.zip", full)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        names = archive.namelist()
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert not name.startswith("/")
        assert all(part and part.strip(". ") == part for part in name.split("/")), name
        assert not set(name) & set('\\:*?"<>|')


def test_pictures_are_kept_as_they_were_given(tmp_path):
    given = encoded(corners(900, 700), "JPEG", quality=70)
    project = Project().with_labelled([Example(as_picture(given, "photo.jpg"), "", "a"), Example(noise(), "", "b")])
    write_project(tmp_path / "p.zip", project)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert archive.read("images/1 a/0001 photo.jpg") == given
        manifest = json.loads(archive.read("project.json"))
    assert manifest["labels"] == [{"name": "a", "examples": 1}, {"name": "b", "examples": 1}]
    assert "classifier.sav" not in manifest["files"]


@pytest.mark.parametrize(
    ("project", "name"),
    [
        (Project(title="New things!"), "new-things"),
        (small_project(labels=("a cat", "鳥")), "a-cat-鳥"),
        (Project(title="../../etc/passwd"), "etc-passwd"),
        (Project(title="???"), "sav-project"),
    ],
)
def test_files_are_called_after_what_they_hold(project, name):
    assert file_name(project) == name


def test_an_unreadable_picture_costs_only_itself(tmp_path):
    write_project(tmp_path / "p.zip", small_project(labels=("a", "b")))
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    broken = next(name for name in entries if name.startswith("images/1 a/"))
    (tmp_path / "p.zip").write_bytes(zipped({**entries, broken: b"no picture"}))
    opened, skipped = read_project(tmp_path / "p.zip", Project())
    assert len(opened.items) == 5
    assert len(skipped) == 1


def manifest(**changes):
    content = {
        "format": "sav-explorer-project/1",
        "title": "t",
        "question": "q",
        "labels": [{"name": "a", "examples": 1}, {"name": "b", "examples": 1}],
        "settings": {"heads": 5, "scoring": "leave_one_out", "none_below": 0.5},
        "model": {"id": "", "title": "Demo model"},
        **changes,
    }
    return json.dumps(content).encode()


LINES = b'{"image": "1.png", "label": "a"}\n{"image": "2.png", "label": "b"}\n'
PICTURES = {"1.png": encoded(noise(seed=1)), "2.png": encoded(noise(seed=2))}


def test_the_smallest_project_opens(tmp_path):
    (tmp_path / "p.zip").write_bytes(zipped({"project.json": manifest(), EXAMPLES: LINES, **PICTURES}))
    opened, _ = read_project(tmp_path / "p.zip", Project())
    assert (len(opened.items), opened.threshold, opened.n_kept) == (2, 0.5, 5)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"cat/1.png": b""}, "no saved project, for it holds no project.json: to add pictures .* use Import"),
        ({"project.json": b"{"}, "it is not JSON"),
        ({"project.json": b"[" * 100_000}, "cannot be used"),
        ({"project.json": b"[1]"}, "an object was expected"),
        ({"project.json": b"\xff"}, "cannot be used"),
        ({"project.json": b'"' + b"x" * (9 << 20) + b'"'}, "it is too long"),
        ({"project.json": manifest(format="other/9")}, "its format is 'other/9', this program reads"),
        ({"project.json": manifest(settings={"heads": 0, "scoring": "leave_one_out", "none_below": 0})}, "from 1 to"),
        ({"project.json": manifest(settings={"heads": 5, "scoring": "magic", "none_below": 0})}, "scoring is 'magic'"),
        ({"project.json": manifest(settings={"heads": 5, "scoring": "leave_one_out", "none_below": 7})}, "from 0 to 1"),
        ({"project.json": manifest(settings={"heads": True, "scoring": "leave_one_out", "none_below": 0})}, "a number"),
        (
            {"project.json": manifest(settings={"heads": float("nan"), "scoring": "leave_one_out", "none_below": 0})},
            "a number",
        ),
        ({"project.json": manifest(settings=None)}, "an object was expected"),
        ({"project.json": manifest(labels="a, b")}, "'labels' must be a list"),
        ({"project.json": manifest(labels=[{"name": 3, "examples": 1}])}, "'name' must be a text"),
        ({"project.json": manifest(title="\ud800")}, "'title' must be a text"),
        ({"project.json": manifest(labels=[{"name": "a", "examples": 1}] * 2)}, "already a label"),
        ({"project.json": manifest(labels=[{"name": "x" * 81, "examples": 1}])}, "at most 80 characters"),
        (
            {"project.json": manifest(labels=[{"name": str(n), "examples": 1} for n in range(201)])},
            "A project holds up to 200 labels, but this would make 201",
        ),
        ({"project.json": manifest()}, "label"),
        ({"project.json": manifest(), EXAMPLES: b"{"}, "Line 1 .* is not JSON"),
        ({"project.json": manifest(), EXAMPLES: LINES}, "has no readable image"),
        ({"project.json": manifest(), EXAMPLES: b'{"image": "../../secret.png", "label": "a"}'}, "lies outside"),
        ({"project.json": manifest(), EXAMPLES: LINES, "more.jsonl": LINES}, "keep one"),
        ({"project.json": manifest(), "../out": b""}, "leads out of the archive"),
        ({"project.json": b"\0" * (40 << 20)}, "looks like a ZIP bomb"),
    ],
)
def test_a_bad_project_is_refused_in_a_sentence(tmp_path, entries, message):
    (tmp_path / "p.zip").write_bytes(zipped(entries))
    with pytest.raises(InputError, match=message) as caught:
        read_project(tmp_path / "p.zip", Project())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no", encoded(noise())])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(DatasetError, match="is not a ZIP archive"):
        read_project(tmp_path / "p.zip", Project())


def test_a_project_larger_than_allowed_is_refused_before_its_pictures_are_opened(tmp_path, lower):
    write_project(tmp_path / "p.zip", small_project())
    lower(examples=8)
    with pytest.raises(InputError, match="holds up to 8 examples, but this would make 9"):
        read_project(tmp_path / "p.zip", Project())
    lower(visitor_gib=0.00002)
    with pytest.raises(InputError, match="may take 0 MiB of memory here, and with these they were 1"), Memory().reading():
        read_project(tmp_path / "p.zip", Project())


def test_a_disk_that_refuses_is_a_sentence(tmp_path):
    with pytest.raises(StorageError, match=r"cannot be saved \(No such file or directory\)"):
        write_project(tmp_path / "gone" / "p.zip", small_project())
