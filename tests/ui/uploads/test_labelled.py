"""Labelled examples of a drop: parts of a set, twins, tables, depth, and what is said of it."""

import json

import numpy as np
import pytest

from sav_core.data.pictures.levels import Levels
from sav_core.errors import InputError
from sav_ui.uploads.files import describe_notes, notes_on, read_pictures, uploads
from sav_ui.uploads.labelled import read_labelled
from tests.support.archives import zipped, zipped_raw
from tests.support.people import dropped
from tests.support.pictures import encoded, noise
from tests.support.profiles import P3
from tests.support.tiffs import tiff

PICTURE, OTHER = encoded(noise()), encoded(noise(seed=1))


def read(files):
    return read_labelled(uploads(dropped(files)), "", without_folder="no folder")


@pytest.mark.parametrize(
    "files",
    [
        {"set/train/cat/1.png": PICTURE, "set/train/dog/2.png": OTHER, "set/test/cat/3.png": PICTURE},
        {"seg_train/1.png": PICTURE, "seg_test/2.png": OTHER},
        {f"{part}/{label}/1.png": PICTURE for part in ("eins", "zwei") for label in ("cat", "dog")},
    ],
)
def test_parts_of_a_set_are_no_labels(files):
    with pytest.raises(InputError, match=r"These are the sets .*, and not labels: bring one set at a time"):
        read(files)


def test_folders_that_are_one_to_the_eye_are_refused():
    with pytest.raises(InputError, match="differ only in upper and lower case"):
        read({"a/cat/1.png": PICTURE, "a/Cat/2.png": OTHER})


@pytest.mark.parametrize("way", [lambda files: files, lambda files: {"a.zip": zipped(files)}])
def test_labels_that_only_their_spelling_tells_apart_are_said(way):
    found = read(way({"a/cat 1/1.png": PICTURE, "a/cat_01/2.png": OTHER}))
    assert [note.kind for note in found.notes] == ["labels alike"]


@pytest.mark.parametrize("name", ["t.csv", "set/metadata.csv"])
def test_a_table_names_the_pictures_it_came_with(name):
    place = name.rpartition("/")[0]
    files = {name: b"file_name,label\n1.png,a\n2.png,b\n"}
    files |= {f"{place}/{n}.png".lstrip("/"): encoded(noise(seed=n)) for n in (1, 2)}
    found = read(files)
    assert [example.label for example in found.examples] == ["a", "b"]
    assert found.left_out == ()


def test_another_table_in_a_folder_is_no_list():
    found = read({"set/a/1.png": PICTURE, "set/b/2.png": OTHER, "set/results.csv": b"file_name,label\n1.png,x\n"})
    assert [example.label for example in found.examples] == ["a", "b"]
    assert [each.name for each in found.left_out] == ["results.csv"]


def test_what_was_converted_or_guessed_is_said():
    packed = zipped({f"{label}/1.png": encoded(noise(seed=n), icc_profile=P3) for n, label in enumerate("ab")})
    said = describe_notes(read({"pets.zip": packed}).notes)
    assert said == "Converted to sRGB from the colour profile 'Display P3': 'a/1.png', 'b/1.png'."
    old = zipped_raw(
        {f"{label}/1.png".encode("cp1251"): encoded(noise(seed=n)) for n, label in enumerate(["кошка", "собака"])}
    )
    found = read({"pets.zip": old})
    assert {example.label for example in found.examples} == {"кошка", "собака"}
    assert "cp1251" in describe_notes(found.notes)


def test_pictures_of_one_drop_are_on_one_scale_and_that_is_said():
    values = np.linspace(0, 4095, 400).astype(np.uint16).reshape(20, 20)
    good, bad = read_pictures(uploads(dropped({"1.tif": tiff(values), "2.tif": tiff(values // 4), "3.png": PICTURE})))
    assert bad == []
    assert {picture.levels for _, picture in good[:2]} == {Levels((("uint16", 0.0, 4095.0),))}
    (note,) = notes_on(good)
    assert (note.kind, note.count) == ("levels", 2)


def test_what_is_not_read_is_left_out_with_its_kind_for_a_reason():
    (left,) = read({"a/1.png": PICTURE, "b/2.png": OTHER, "b/3.jxl": b"\xff\x0a" + bytes(9)}).left_out
    assert left.name == "3.jxl"
    assert "but a JPEG XL image" in left.reason


def test_lines_of_web_addresses_are_told_as_what_they_are():
    lines = [{"image": "https://example.org/1.png", "label": "a"}, {"image": "2.png", "label": "b"}]
    found = read({"t.jsonl": lines, "2.png": PICTURE})
    (left,) = found.left_out
    assert "lies on the web" in left.reason
    assert json.dumps([each.label for each in found.examples]) == '["b"]'
