import json
import os
import unicodedata
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sav_core.data.archives import archive as archive_module
from sav_core.data.folders.sources import natural_order
from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.errors import DatasetError, SkippedWarning
from tests.support.archives import zipped
from tests.support.pictures import BLUE, RED, encoded, noise, png_header, solid

PNG, BROKEN = solid(RED), b"no image"
PETS = {"cat/1.png": PNG, "cat/2.png": solid(BLUE), "dog/1.png": PNG}


@pytest.fixture
def write(tmp_path):
    """Write files below ``pets`` as a folder, or pack them into ``pets.zip``."""

    def write_to(files, form="folder"):
        path = tmp_path / ("pets.zip" if form == "zip" else "pets")
        if form == "zip":
            path.write_bytes(zipped(files))
            return path
        path.mkdir(exist_ok=True)
        for name, data in files.items():
            target = path / name
            if name.endswith("/"):
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        return path

    return write_to


@pytest.fixture(params=["folder", "zip"])
def source(request, write):
    """The same files once as a folder and once as a ZIP."""
    return lambda files: write(files, request.param)


def facts(examples):
    return [(example.name, example.label) for example in examples]


def jsonl(*records):
    return "\n".join(map(json.dumps, records)).encode()


# Label folders, on the disk and in a ZIP ------------------------------------------------------------------------------


def test_label_folders(source):
    examples = read_examples(source(PETS), question="Which animal?")
    assert facts(examples) == [("cat/1.png", "cat"), ("cat/2.png", "cat"), ("dog/1.png", "dog")]
    assert examples.labels == ("cat", "dog")
    assert examples.skipped == ()
    assert {example.question for example in examples} == {"Which animal?"}
    assert examples[1].images[0].rgb().getpixel((0, 0)) == BLUE


def test_one_wrapping_folder_changes_no_label(source):
    files = {"pets/": b"", "pets/README.txt": b"", "README.md": b""}
    files |= {f"pets/{name}": data for name, data in PETS.items()}
    assert facts(read_examples(source(files))) == [(f"pets/{name}", name[:3]) for name in PETS]


def test_what_lies_deeper_counts_for_the_label_folder(source):
    examples = read_examples(source({"cat/home/old/1.png": PNG, "cat/2.png": PNG, "dog/out/1.png": PNG}))
    assert [example.label for example in examples] == ["cat", "cat", "dog"]


def test_what_systems_leave_behind_is_passed_over(source):
    litter = ["__MACOSX/cat/._1.png", "cat/.DS_Store", "cat/._1.png", ".git/1.png", "cat/Thumbs.db", "cat/desktop.ini"]
    others = ["cat/1.txt", "dog/1.json", "notes.txt", "cat/more.zip"]
    examples = read_examples(source(PETS | dict.fromkeys(litter + others, b"x")))
    assert len(examples) == 3
    assert examples.skipped == ()


def test_natural_order_on_every_system(source):
    names = ["cat10/2.png", "cat2/IMG_10.png", "cat2/img_9.png", "cat2/img_09.PNG", "cat 2/1.png", "cat2/a/1.png"]
    ordered = ["cat2/a/1.png", "cat2/img_09.PNG", "cat2/img_9.png", "cat2/IMG_10.png", "cat10/2.png", "cat 2/1.png"]
    assert [example.name for example in read_examples(source(dict.fromkeys(names, PNG)))] == ordered


@settings(deadline=None)
@given(st.lists(st.text("aB1 0.\u00e4/", min_size=1, max_size=8)), st.randoms())
def test_the_order_does_not_depend_on_the_listing(names, random):
    shuffled = random.sample(names, len(names))
    assert natural_order(names) == natural_order(shuffled)


@settings(deadline=None)
@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_in_names_count(one, other):
    ordered = [f"{number}.png" for number in sorted([one, other])]
    assert natural_order(reversed(ordered)) == ordered


def test_labels_are_spelt_one_way_on_all_systems(source):
    decomposed = unicodedata.normalize("NFD", "Köln")
    examples = read_examples(source({f"{decomposed}/1.png": PNG, "Bonn/1.png": PNG}))
    assert examples.labels == ("Bonn", unicodedata.normalize("NFC", "Köln"))


def test_one_of_a_hundred_is_skipped_with_a_warning_that_names_it(source):
    files = {f"{label}/{number}.png": PNG for label in ("cat", "dog") for number in range(50)} | {"cat/7.png": BROKEN}
    with pytest.warns(SkippedWarning, match=r"'cat/7\.png' is not a PNG") as caught:
        examples = read_examples(source(files))
    assert len(examples) == 99
    assert [skip.name for skip in examples.skipped] == ["cat/7.png"]
    assert "is not a PNG" in examples.skipped[0].reason
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("bad", [b"", BROKEN, encoded(noise(64, 64))[:900], png_header(50_000, 50_000)])
def test_any_unreadable_image_is_skipped(source, bad):
    with pytest.warns(SkippedWarning, match=r"'cat/3\.png' "):
        assert len(read_examples(source(PETS | {"cat/3.png": bad}))) == 3


def test_images_outside_the_label_folders_are_skipped(source):
    with pytest.warns(SkippedWarning, match=r"'cover\.png' lies outside the label folders"):
        examples = read_examples(source(PETS | {"cover.png": PNG}))
    assert len(examples) == 3
    assert examples.skipped[0].name == "cover.png"


BAD_FOLDERS = {
    "nothing": ({}, "holds no images"),
    "no images": ({"cat/1.txt": b"x", "dog/": b""}, "holds no images"),
    "no label folders": ({"1.png": PNG, "2.png": PNG}, "holds images but no label folders"),
    "an empty label folder": (PETS | {"fox/": b""}, "label folder 'fox' of 'pets.*' holds no image"),
    "a label folder of texts": (PETS | {"fox/1.txt": b"x"}, "label folder 'fox' of 'pets.*' holds no image"),
    "a label without readable image": (
        PETS | {"fox/1.png": b"", "fox/2.png": BROKEN},
        r"The label 'fox' has no readable image: 'fox/1\.png' is empty",
    ),
    "labels that differ in case": (PETS | {"Cat/3.png": PNG}, "'Cat' and 'cat' of .* differ only in"),
    "labels that differ in normal form": (
        {"K\u00f6ln/1.png": PNG, "Ko\u0308ln/1.png": PNG},
        "differ only in .* invisible characters",
    ),
    "labels that differ in a space": (PETS | {"cat /3.png": PNG}, "differ only in"),
    "sets instead of labels": (
        {"train/cat/1.png": PNG, "Test/cat/2.png": PNG},
        "holds the sets 'Test', 'train', but label folders",
    ),
    "a task with both its sets": (
        {"support/cat/1.png": PNG, "queries/cat/2.png": PNG},
        "holds the sets 'queries', 'support', but label folders were expected: read one set at a time",
    ),
    "two listings": ({"a.jsonl": b"", "b.jsonl": b""}, r"holds 2 \.jsonl files, 'a\.jsonl' and 'b\.jsonl'"),
}


@pytest.mark.parametrize(("files", "reason"), BAD_FOLDERS.values(), ids=BAD_FOLDERS.keys())
def test_a_bad_folder_is_refused_in_one_sentence(source, files, reason):
    with pytest.raises(DatasetError, match=reason) as caught:
        read_examples(source(files))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("none", None, "There is no file or folder"),
        ("none.zip", None, "There is no file or folder"),
        ("a\0b", None, "There is no file or folder"),
        ("x" * 5000, None, "cannot be read"),
        ("cat.png", PNG, r"'cat\.png' is neither a folder of label folders, nor a \.zip, nor a \.jsonl"),
        ("text.zip", b"no zip", r"'text\.zip' is not a ZIP archive"),
        ("empty.jsonl", b"", "holds no examples"),
    ],
)
def test_a_bad_source_is_refused_in_one_sentence(tmp_path, name, data, reason):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DatasetError, match=reason) as caught:
        read_examples(tmp_path / name)
    assert str(caught.value).endswith(".")


def test_an_unlistable_folder_is_refused(write, monkeypatch):
    path = write(PETS)

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DatasetError, match="cannot be listed"):
        read_examples(path)


def test_links_are_followed_but_never_in_circles(write):
    path = write({"cat/1.png": PNG, "dog/1.png": PNG})
    (path / "cat" / "again").symlink_to(path, target_is_directory=True)
    (path / "dog" / "2.png").symlink_to(path / "cat" / "1.png")
    assert [example.name for example in read_examples(path)] == ["cat/1.png", "dog/1.png", "dog/2.png"]


def test_names_that_are_no_text_do_no_harm(write):
    path = write(PETS)
    try:
        Path(os.fsdecode(os.fsencode(path / "cat") + b"/\xff.png")).write_bytes(PNG)
    except OSError:
        pytest.skip("this file system holds only names that are text")
    names = [example.name for example in read_examples(path)]
    assert "cat/?.png" in names
    "".join(names).encode()


# ZIP archives ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png", "C:/evil.png", "cat\\evil.png"])
def test_a_harmful_zip_is_refused(write, name):
    with pytest.raises(DatasetError, match="is refused because of its entry"):
        read_examples(write(PETS | {name: PNG}, "zip"))


def test_a_damaged_entry_is_skipped(tmp_path, write):
    data = bytearray(write(PETS, "zip").read_bytes())
    data[data.index(b"cat/2.png") + len("cat/2.png") + 5] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(data)
    with pytest.warns(SkippedWarning, match=r"'cat/2\.png' cannot be read, for its entry in 'damaged\.zip' is damaged"):
        assert len(read_examples(tmp_path / "damaged.zip")) == 2


def test_a_zip_bomb_is_refused_while_reading(write, monkeypatch):
    path = write(PETS | {"dog/bomb.png": bytes(1 << 20)}, "zip")
    monkeypatch.setattr(archive_module, "_RATIO_FREE_BYTES", 1 << 18)
    with pytest.raises(DatasetError, match="looks like a ZIP bomb"):
        read_examples(path)


def test_a_zip_leaves_nothing_on_the_disk(write, tmp_path):
    read_examples(write(PETS, "zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["pets.zip"]


# JSONL ----------------------------------------------------------------------------------------------------------------


def test_jsonl_in_every_form(source):
    lines = jsonl(
        {"image": "cat/1.png", "question": "Which?", "label": "cat"},
        {"images": ["cat/1.png", "dog/1.png"], "question": "<image> or <image>?", "label": "dog"},
        {"question": "Is it polite?", "label": "dog"},
        {"image": "cat/2.png", "label": "cat"},
    )
    path = source(PETS | {"pets.jsonl": lines})
    for one in (path, path / "pets.jsonl") if path.is_dir() else (path,):
        examples = read_examples(one, question="Given?")
        assert [example.label for example in examples] == ["cat", "dog", "dog", "cat"]
        assert [len(example.images) for example in examples] == [1, 2, 0, 1]
        assert [example.question for example in examples] == ["Which?", "<image> or <image>?", "Is it polite?", "Given?"]
        assert examples[0].images[0] is examples[1].images[0]  # read once


def test_paths_are_relative_to_the_jsonl(source):
    lines = jsonl({"image": "../images/1.png", "label": "x"}, {"image": "./2.png", "label": "y"})
    examples = read_examples(source({"pets/lists/a.jsonl": lines, "pets/images/1.png": PNG, "pets/lists/2.png": PNG}))
    assert len(examples) == 2


def test_a_local_jsonl_may_point_anywhere(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "near").mkdir()
    (tmp_path / "far" / "1.png").write_bytes(PNG)
    listing = tmp_path / "near" / "pets.jsonl"
    listing.write_bytes(
        jsonl({"image": str(tmp_path / "far" / "1.png"), "label": "x"}, {"image": "../far/1.png", "label": "y"})
    )
    assert read_examples(listing).labels == ("x", "y")


@pytest.mark.parametrize("path", ["../1.png", "/etc/1.png", "C:\\1.png", "a/../../1.png", "..\\1.png", "C:1.png"])
def test_a_jsonl_in_a_zip_may_not_leave_it(write, path):
    lines = jsonl({"image": "cat/1.png", "label": "x"}, {"image": path, "label": "y"})
    with pytest.raises(DatasetError, match=r"Line 2 of 'pets\.jsonl' names the image .*, which lies outside 'pets\.zip'"):
        read_examples(write(PETS | {"pets.jsonl": lines}, "zip"))


def test_a_missing_image_is_skipped_with_its_line(source):
    lines = jsonl(*({"image": name, "label": "x"} for name in ("cat/1.png", "none.png", "dog/1.png")))
    with pytest.warns(SkippedWarning, match=r"Line 2 of 'pets\.jsonl': .*'none\.png'"):
        examples = read_examples(source(PETS | {"pets.jsonl": lines}))
    assert len(examples) == 2
    assert examples.skipped[0].name == "Line 2 of 'pets.jsonl'"


def test_only_missing_images_are_an_error(source):
    lines = jsonl({"image": "none.png", "label": "x"}, {"image": "nil.png", "label": "y"})
    with pytest.raises(DatasetError, match=r"The label 'x' has no readable image: Line 1 of 'pets\.jsonl': .*none\.png"):
        read_examples(source(PETS | {"pets.jsonl": lines}))


def test_markers_must_match_the_images(source):
    lines = jsonl({"image": "cat/1.png", "question": "<image> or <image>?", "label": "x"})
    with pytest.raises(DatasetError, match=r"Line 1 of 'pets\.jsonl': The question marks 2 image places"):
        read_examples(source(PETS | {"pets.jsonl": lines}))


# Progress, queries, labels --------------------------------------------------------------------------------------------


def test_progress_counts_every_image(source):
    seen = []
    read_examples(source(PETS), progress=seen.append)
    assert [(step.done, step.total) for step in seen] == [(1, 3), (2, 3), (3, 3)]


def test_an_error_in_progress_stops_the_reading(source):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_examples(source(PETS), progress=stop)


def test_queries_keep_the_order_given_and_have_no_labels(write, tmp_path, monkeypatch):
    folder, packed = write(PETS), write({"a/1.png": PNG, "2.png": PNG}, "zip")
    (tmp_path / "more.jsonl").write_bytes(jsonl({"question": "Polite?", "label": "no"}, {"image": "pets/dog/1.png"}))
    monkeypatch.chdir(tmp_path)
    queries = read_queries(["pets/dog/1.png", folder, packed, "pets/c*/*", "more.jsonl"], question="Which?")
    assert [query.name for query in queries] == [
        "pets/dog/1.png",
        *(str(folder / name) for name in PETS),
        "2.png",
        "a/1.png",
        "pets/cat/1.png",
        "pets/cat/2.png",
        "Polite?",
        "pets/dog/1.png",
    ]
    assert {query.label for query in queries} == {None}
    assert {query.question for query in queries} == {"Which?", "Polite?"}


def test_one_query_needs_no_list(write):
    path = write(PETS) / "cat" / "1.png"
    assert len(read_queries(path)) == len(read_queries(str(path))) == 1


def test_unreadable_queries_are_skipped_and_counted(write):
    path = write(PETS | {"empty/": b"", "bad.png": BROKEN})
    with pytest.warns(SkippedWarning):
        queries = read_queries([path / "none.png", path / "cat" / "1.png", path / "bad.png", path / "empty"])
    assert len(queries) == 1
    assert sorted(Path(skip.name).name for skip in queries.skipped) == ["bad.png", "empty", "none.png"]


@pytest.mark.parametrize(
    ("sources", "reason"),
    [
        ([], "give at least one image"),
        (["none.png"], "There is no image file 'none.png'"),
        (["none*.png"], "There is no image file"),
        (["x" * 5000], "cannot be read"),
    ],
)
def test_nothing_to_classify_is_an_error(sources, reason):
    with pytest.raises(DatasetError, match=reason) as caught:
        read_queries(sources)
    assert str(caught.value).endswith(".")


def test_a_test_set_of_one_label_can_be_read(source):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_examples(source({"cat/1.png": PNG})).labels == ("cat",)
