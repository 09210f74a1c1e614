import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sav_core.data.folders.sources import FolderSource
from sav_core.data.lists.jsonl import list_lines
from sav_core.errors import DatasetError


@pytest.fixture
def lines(tmp_path):
    """Write a text as a file and list it."""

    def list_text(text, name="pets.jsonl", question="", labelled=True):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return list_lines(FolderSource(tmp_path), name, question, labelled=labelled).examples

    return list_text


def facts(listed):
    return [(one.images, one.question, one.label) for one in listed]


def test_the_release_format_as_it_is(lines):
    text = (
        '{"image": "/data/1.jpg", "question": "Which breed is this?", "question_id": 0, "label": "beagle"}\n'
        '{"image": "2.jpg", "question": "Which breed is this?", "question_id": 1, "label": "pug"}\n'
    )
    listed = lines(text, "train.json")  # the release names its JSON lines .json too
    assert facts(listed) == [
        (("/data/1.jpg",), "Which breed is this?", "beagle"),
        (("2.jpg",), "Which breed is this?", "pug"),
    ]
    assert [one.line for one in listed] == ["Line 1 of 'train.json'", "Line 2 of 'train.json'"]


@pytest.mark.parametrize(
    ("record", "images"),
    [
        ({"image": "a.png"}, ("a.png",)),
        ({"image": ["a.png", "b.png"]}, ("a.png", "b.png")),
        ({"images": ["a.png", "b.png"]}, ("a.png", "b.png")),
        ({"images": "a.png"}, ("a.png",)),
        ({"image": ["a.png", None, ""]}, ("a.png",)),
        ({"image": None, "images": ["a.png"]}, ("a.png",)),
        ({"image": None}, ()),
        ({"image": ""}, ()),
        ({"images": []}, ()),
        ({}, ()),
    ],
)
def test_images_come_in_several_forms(lines, record, images):
    listed = lines(json.dumps({**record, "question": "Which?", "label": "x"}))
    assert facts(listed) == [(images, "Which?", "x")]


def test_a_list_in_a_json_file(lines):
    records = [{"question": "a", "label": "x"}, {"question": "b", "label": "y"}]
    listed = lines(json.dumps(records, indent=2), "test.json")
    assert facts(listed) == [((), "a", "x"), ((), "b", "y")]
    assert listed[1].line == "Entry 2 of 'test.json'"


def test_blank_lines_marks_and_foreign_line_ends_change_nothing(lines):
    text = b'\xef\xbb\xbf\r\n{"question": "a", "label": "x"}\r\n\r\n  \n{"question": "b\xe2\x80\xa8c", "label": "y"}'
    listed = lines(text)
    assert facts(listed) == [((), "a", "x"), ((), "b\u2028c", "y")]
    assert [one.line for one in listed] == ["Line 2 of 'pets.jsonl'", "Line 5 of 'pets.jsonl'"]


def test_the_question_given_serves_lines_without_one(lines):
    records = [{"image": "a"}, {"image": "b", "question": "Own?"}, {"image": "c", "question": None}]
    text = "\n".join(json.dumps({**record, "label": "x"}) for record in records)
    assert [one.question for one in lines(text, question="Given?")] == ["Given?", "Own?", "Given?"]


def test_whole_numbers_are_labels_too(lines):
    assert facts(lines('{"image": "a", "label": 7}')) == [(("a",), "", "7")]


def test_queries_need_no_labels_and_have_none(lines):
    listed = lines('{"image": "a"}\n{"image": "b", "label": "x"}', labelled=False)
    assert [one.label for one in listed] == [None, None]


BAD_LINES = {
    "not JSON": ("image: a.png", r"is not JSON \(Expecting value, character 1\)"),
    "half JSON": ('{"image": "a.png", "label": ', "is not JSON"),
    "two objects": ('{"label": "x"} {"label": "y"}', r"is not JSON \(Extra data"),
    "too deep": ("[" * 100_000, "is not JSON"),
    "a number of 5000 digits": ("1" * 5000, "is not JSON"),
    "a list": ('["a.png", "x"]', "is not a JSON object"),
    "a text": ('"a.png"', "is not a JSON object"),
    "nothing": ("null", "is not a JSON object"),
    "no label": ('{"image": "a.png", "question": "Which?"}', "lacks a 'label'"),
    "label null": ('{"image": "a.png", "label": null}', "lacks a 'label'"),
    "label empty": ('{"image": "a.png", "label": " "}', "lacks a 'label'"),
    "label true": ('{"image": "a.png", "label": true}', "has a 'label' that must be a text, but is true"),
    "label a list": ('{"image": "a.png", "label": ["x"]}', "has a 'label' that must be a text"),
    "label a fraction": ('{"image": "a.png", "label": 0.5}', "has a 'label' that must be a text"),
    "label half a character": ('{"image": "a.png", "label": "\\ud800"}', "holds half a character"),
    "question a number": ('{"image": "a.png", "question": 5, "label": "x"}', "has a 'question' that must be a text"),
    "image a number": ('{"image": 5, "label": "x"}', "has an image path that must be a text, but is 5"),
    "image an object": ('{"image": {"id": 3}, "label": "x"}', "has an image path that must be a text"),
    "image in a list a number": ('{"images": ["a.png", 5], "label": "x"}', "has an image path that must be a text"),
    "both image and images": ('{"image": "a", "images": ["b"], "label": "x"}', "has both 'image' and 'images'"),
    "neither image nor question": ('{"label": "x"}', "has neither an image nor a question"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_named_in_one_sentence(lines, line, reason):
    with pytest.raises(DatasetError, match=reason) as caught:
        lines('{"image": "a.png", "label": "x"}\n' + line)
    message = str(caught.value)
    assert message.startswith("Line 2 of 'pets.jsonl' ")
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize("text", ["", "\n \n", "[]"])
def test_a_file_without_examples_is_refused(lines, text):
    with pytest.raises(DatasetError, match="holds no examples"):
        lines(text, "pets.json")


@pytest.mark.parametrize("data", ["{}".encode("utf-16-le"), b'{"label": "\xff"}'])
def test_other_encodings_are_refused(lines, data):
    with pytest.raises(DatasetError, match="is not text in UTF-8"):
        lines(data)


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_random_bytes_raise_nothing_but_dataset_errors(data):
    class Memory(FolderSource):
        def __init__(self):
            self.name = "memory"

        def read(self, path):
            return data

    with pytest.raises(DatasetError):
        list_lines(Memory(), "x.jsonl", "")
