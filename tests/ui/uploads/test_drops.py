import pytest

from sav_ui.uploads.drops import DropSource, read_drop
from sav_ui.uploads.files import describe_notes, uploads
from sav_ui.uploads.ready_tasks import ready_tasks
from tests.support.archives import zipped
from tests.support.people import dropped
from tests.support.pictures import encoded, noise

PICTURE = encoded(noise())


def drop(files, **options):
    return read_drop(uploads(dropped(files)), "", **options)


def line(path, label="a"):
    return {"image": path, "label": label}


def describe_skipped(found):
    return [skip.reason for skip in found.skipped]


@pytest.mark.parametrize(
    ("listing", "picture", "path"),
    [
        ("t.jsonl", "owl.png", "owl.png"),
        ("t.jsonl", "owl.png", "./owl.png"),
        ("t.jsonl", "owl.png", "pictures/owl.png"),
        ("t.jsonl", "owl.png", "/home/me/owl.png"),
        ("t.jsonl", "owl.png", "C:\\Users\\me\\owl.png"),
        ("t.jsonl", "owl.png", "../owl.png"),
        ("t.jsonl", "pictures/owl.png", "pictures/owl.png"),
        ("t.jsonl", "pictures/owl.png", "/home/me/pictures/owl.png"),
        ("t.jsonl", "pictures/owl.png", "owl.png"),
        ("set/t.jsonl", "set/pictures/owl.png", "pictures/owl.png"),
        ("set/lists/t.jsonl", "set/pictures/owl.png", "../pictures/owl.png"),
        ("t.jsonl", "hibou e\u0301.png", "hibou \u00e9.png"),
        ("t.jsonl", "a b/owl.png", "a%20b/owl.png"),
        ("t.jsonl", "a b/owl.png", " a b\\owl.png?v=2"),
        ("t.jsonl", "owl.png", "file:///home/me/owl.png"),
    ],
)
def test_a_line_finds_its_picture_in_the_drop(listing, picture, path):
    found = drop({listing: [line(path)], picture: PICTURE})
    assert describe_skipped(found) == []
    (example,) = found.examples
    assert (example.label, found.pictures) == ("a", ())


def test_what_a_list_was_read_as_is_said_as_on_the_command_line():
    table = "image\tquestion\tcaption\tlabel\r\nowl.png\tWhich?\tIt sees you well.\ta\r\n".encode("utf-16")
    found = drop({"t.tsv": table, "owl.png": PICTURE})
    assert [example.label for example in found.examples] == ["a"]
    assert "'caption' is not read, for no question or label is called so" in describe_notes(found.notes)


def test_beside_the_list_comes_before_elsewhere():
    files = {"set/t.jsonl": [line("1.png")], "set/1.png": PICTURE, "set/more/1.png": encoded(noise(seed=1))}
    (example,) = drop(files).examples
    assert example.images[0].name == "set/1.png"


def test_a_folder_in_a_path_is_not_overlooked():
    """``false/1.png`` did not come, and ``true/1.png`` is not it."""
    found = drop({"s/t.jsonl": [line("true/1.png"), line("false/1.png", "b")], "s/true/1.png": PICTURE})
    assert [example.label for example in found.examples] == ["a"]
    assert describe_skipped(found) == [
        "Line 2 of 't.jsonl': The picture 's/false/1.png' did not come with 't.jsonl': send the two together, or a ZIP of "
        "both."
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"t.jsonl": [line("true/1.png"), line("false/1.png", "b")], "1.png": PICTURE},
        {"t.jsonl": [line("1.png")], "true/1.png": PICTURE, "false/1.png": encoded(noise(seed=1))},
    ],
    ids=["two lines mean one file", "one line means two files"],
)
def test_a_name_that_is_not_unique_finds_nothing(files):
    found = drop(files)
    assert found.examples == ()
    assert all("cannot be told, for more than one is called '1.png'" in reason for reason in describe_skipped(found))


@pytest.fixture
def secret(tmp_path):
    """A picture of the server's own."""
    (tmp_path / "secret.png").write_bytes(PICTURE)
    return tmp_path / "secret.png"


@pytest.mark.parametrize(
    "way", ["{}", "/{}", "../../../../../../../../..{}", "a/../..{}", "file://{}", "{}\0", "~/{}", "a/{}/."]
)
def test_nothing_of_the_server_is_read_or_told(secret, way):
    reasons = set()
    for path in (secret, secret.with_name("nowhere.png")):
        found = drop({"t.jsonl": [line(way.format(path)), line("1.png")], "1.png": PICTURE})
        assert len(found.examples) == 1
        (reason,) = describe_skipped(found)
        reasons.add(reason.replace("secret", "nowhere"))
    assert len(reasons) == 1
    assert "did not come with 't.jsonl'" in reasons.pop()


def test_a_link_beside_the_uploads_is_not_followed(secret):
    """The list's own folder on the server is none of its business, whatever lies there."""
    (entry,) = dropped({"t.jsonl": [line("link.png")]})
    (file,) = uploads([entry])
    (file.path.parent / "link.png").symlink_to(secret)
    (file.path.parent / "real.png").write_bytes(PICTURE)
    assert read_drop([file], "").examples == ()
    source = DropSource(file, [])
    for name in ("link.png", "real.png", str(secret), file.path.name.upper()):
        with pytest.raises(OSError, match="did not come"):
            source.read(name)


def test_a_list_under_the_name_of_a_zip_is_a_list(secret):
    (entry,) = dropped({"t.jsonl": [line(str(secret))]})
    found = read_drop(uploads([{**entry, "name": "t.zip"}]), "")
    assert found.examples == ()
    assert "None of the pictures" in describe_skipped(found)[0]


@pytest.mark.parametrize("labelled", [True, False])
def test_a_list_that_came_alone_asks_for_its_pictures(labelled):
    found = drop({"t.jsonl": [line("1.png"), line("2.png")]}, labelled=labelled)
    assert describe_skipped(found) == [
        "None of the pictures that 't.jsonl' names came with it: send them together with it, or a ZIP of both."
    ]


def test_lines_without_pictures_need_none():
    found = drop({"t.jsonl": [{"question": "Is it polite?", "label": "no"}]})
    assert (len(found.examples), describe_skipped(found)) == (1, [])


@pytest.mark.parametrize("content", [b"no json", b"\xff\xfe", b"", b'{"image": 7}', b"PK"])
def test_what_cannot_be_read_costs_the_others_nothing(content):
    files = {"good.zip": zipped({"a/1.png": PICTURE, "b/2.png": PICTURE}), "bad.zip": content, "bad.jsonl": content}
    found = drop(files)
    assert [example.label for example in found.examples] == ["a", "b"]
    assert sorted(skip.name for skip in found.skipped) == ["bad.jsonl", "bad.zip"]


def test_a_list_speaks_for_all_pictures_it_came_with_unless_they_need_no_label():
    files = {"s/t.jsonl": [line("pictures/1.png")], "s/pictures/1.png": PICTURE, "s/pictures/2.png": PICTURE}
    found = drop(files)
    assert (len(found.examples), found.pictures) == (1, ())
    assert "'2.png' is named by no line of 't.jsonl'" in describe_skipped(found)[0]
    asked = drop(files, labelled=False)
    assert (len(asked.examples), [file.name for file in asked.pictures], describe_skipped(asked)) == (1, ["2.png"], [])


def test_the_folder_of_a_ready_task_reads_as_the_task():
    task = next(task for task in ready_tasks() if task.name == "true-or-false")
    root = task_folder(task.name)
    files = {
        f"{root.name}/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and (path.name == "queries.jsonl" or "queries" in path.parts)
    }
    found = drop(files)
    assert describe_skipped(found) == []
    assert [(e.images, e.question, e.label) for e in found.examples] == [
        (e.images, e.question, e.label) for e in task.queries
    ]


def task_folder(name):
    from sav_core.settings import settings

    return settings().assets / "examples" / name
