"""Files of boxes: what each form of four numbers means, and what could mean two things is refused."""

import json

import pytest

from sav_core.data.examples import Example
from sav_core.errors import DatasetError
from sav_core.pointing.box_files import part_in_two, read_boxes
from sav_core.pointing.boxes import Box
from sav_core.pointing.drawn import Pointed
from tests.support.tiny_models import example_image

ASKED = {"image": "a.png", "question": "Where is the cup?"}


@pytest.fixture
def lines(tmp_path):
    """Writes lines of boxes beside a picture of 40 x 20 pixels."""
    example_image(1, (40, 20)).save(tmp_path / "a.png")
    example_image(2, (40, 20)).save(tmp_path / "b.png")

    def write(*records, name="boxes.jsonl"):
        path = tmp_path / name
        path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in records))
        return path

    return write


@pytest.mark.parametrize(
    ("key", "numbers", "form"),
    [
        ("box", [10, 5, 30, 15], None),
        ("box", [10, 5, 30, 15], "pixels"),
        ("box", [0.25, 0.25, 0.75, 0.75], "fractions"),
        ("bbox", [10, 5, 20, 10], "coco"),
        ("bbox", [10, 5, 30, 15], "pixels"),
    ],
)
def test_a_box_is_read_as_it_is_said_to_be_meant(lines, key, numbers, form):
    found = read_boxes(lines({**ASKED, key: numbers}), form=form)
    (one,) = found.pointed
    assert one.box == Box(0.25, 0.25, 0.75, 0.75)
    assert one.example.question == "Where is the cup?"
    assert not found.notes


def test_a_table_and_a_question_for_all_are_read_too(lines):
    path = lines("image,box", 'a.png,"[10, 5, 30, 15]"', 'b.png,"[0, 0, 40.5, 20]"', name="boxes.csv")
    found = read_boxes(path, question="Where is it?")
    assert [one.box for one in found.pointed] == [Box(0.25, 0.25, 0.75, 0.75), Box(0, 0, 1, 1)]
    assert {one.example.question for one in found.pointed} == {"Where is it?"}
    assert not found.notes


@pytest.mark.parametrize(
    ("record", "form", "message"),
    [
        ({**ASKED}, None, "no 'box' among its keys"),
        ({**ASKED, "bbox": [10, 5, 20, 10]}, None, "--boxes-as coco"),
        ({**ASKED, "box": [0.1, 0.1, 0.9, 0.9]}, None, "--boxes-as fractions"),
        ({**ASKED, "box": [10, 5, 30, 15]}, "fractions", "leaves its picture"),
        ({**ASKED, "box": [10, 5, 30, 25]}, None, "40 x 20"),
        ({**ASKED, "box": [20, 5, 30, 15]}, "coco", "fit into 40 x 20"),
        ({**ASKED, "box": [30, 5, 10, 15]}, None, "say --boxes-as coco"),
        ({**ASKED, "box": [10, 5, 30]}, None, "four numbers"),
        ({**ASKED, "box": [10, 5, 30, True]}, None, "four numbers"),
        ({**ASKED, "box": {"x": 1, "y": 2, "width": 3, "height": 4}}, None, "four numbers"),
        ({"image": "a.png", "box": [10, 5, 30, 15]}, None, "asks nothing"),
        ({**ASKED, "image": ["a.png", "b.png"], "box": [10, 5, 30, 15]}, None, "a box is of one"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(lines, record, form, message):
    with pytest.raises(DatasetError, match=message):
        read_boxes(lines(record, record), form=form)


def test_a_picture_that_cannot_be_read_is_left_out_and_the_others_keep_their_boxes(lines):
    with pytest.warns(UserWarning, match=r"c\.png"):
        found = read_boxes(lines({**ASKED, "image": "c.png", "box": [0, 0, 9, 9]}, {**ASKED, "box": [10, 5, 30, 15]}))
    assert [one.box for one in found.pointed] == [Box(0.25, 0.25, 0.75, 0.75)]
    assert len(found.skipped) == 1


@pytest.mark.filterwarnings("ignore::sav_core.errors.SkippedWarning")
def test_a_file_none_of_whose_pictures_can_be_read_is_refused(lines):
    with pytest.raises(DatasetError, match="None of the pictures"):
        read_boxes(lines({**ASKED, "image": "c.png", "box": [10, 5, 30, 15]}))


def test_a_file_that_is_none_is_refused(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(DatasetError, match=r"\.jsonl or \.csv"):
            read_boxes(path)
    with pytest.raises(DatasetError, match="'yolo' was said"):
        read_boxes(tmp_path / "none.jsonl", form="yolo")


def test_a_picture_is_never_on_both_sides():
    pictures = [example_image(seed) for seed in range(5)]
    pointed = [Pointed(Example(picture, f"Where is {n}?"), Box(0, 0, 1, 1)) for picture in pictures for n in range(2)]
    chosen, judged = part_in_two(pointed, seed=3)
    sides = [{one.example.images[0].digest for one in side} for side in (chosen, judged)]
    assert [len(side) for side in sides] == [3, 2]
    assert not set.intersection(*sides)
    with pytest.raises(DatasetError, match="only one"):
        part_in_two(pointed[:2])
