"""Chats as programs that train models have them: one question and its answer are a line, anything else is refused."""

import base64
import json

import pytest

from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.errors import DatasetError, NotedWarning
from tests.support.pictures import BLUE, RED, solid

PNG, OTHER = solid(RED), solid(BLUE)
URI = "data:image/png;base64," + base64.b64encode(PNG).decode()


def asked(content, answer="cat"):
    return [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]


@pytest.fixture
def path(tmp_path):
    def made(*records):
        (tmp_path / "1.png").write_bytes(PNG)
        (tmp_path / "2.png").write_bytes(OTHER)
        (tmp_path / "chats.jsonl").write_text("\n".join(map(json.dumps, records)))
        return tmp_path / "chats.jsonl"

    return made


TEXT = {"type": "text", "text": "What is it?"}
ANTHROPIC = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": URI.partition(",")[2]}}
CHATS = {
    "llava": {
        "image": "1.png",
        "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "cat"}],
    },
    "llamafactory": {"images": ["1.png"], "messages": asked("<image>\nWhat is it?")},
    "openai": {
        "messages": asked([{"type": "image_url", "image_url": {"url": URI}}, TEXT], [{"type": "text", "text": "cat"}])
    },
    "anthropic": {"messages": asked([ANTHROPIC, TEXT])},
    "huggingface": {"messages": asked([{"type": "image", "image": "1.png"}, TEXT])},
    "placeholder": {"images": ["1.png"], "messages": asked([{"type": "image"}, TEXT])},
    "own label": {"image": "1.png", "label": "cat", "messages": asked("<image>\nWhat is it?", "A cat, surely.")},
}


@pytest.mark.parametrize("kind", CHATS)
def test_a_chat_of_one_question_is_a_line(path, kind):
    (example,) = found = read_examples(path(CHATS[kind]))
    assert (example.question, example.label) == ("<image>\nWhat is it?", "cat")
    assert example.images[0].rgb().getpixel((0, 0)) == RED
    (note,) = [note for note in found.notes if note.kind == "read as"]
    assert note.text.endswith("as a chat: what is said first is the question, the answer the label")
    (query,) = read_queries(path({key: value for key, value in CHATS[kind].items() if key != "label"}))
    assert (query.question, query.label) == ("<image>\nWhat is it?", None)


def test_what_the_system_is_told_stands_before_the_question(path):
    told = [{"role": "system", "content": "Be brief."}, *asked("What is it?")]
    (example,) = read_examples(path({"image": "1.png", "messages": told}))
    assert example.question == "Be brief.\nWhat is it?"


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (asked("a") + asked("b"), "a chat of 4 turns, 2 of them questions and 2 answers"),
        (asked("a")[::-1], "a chat of 2 turns, 1 of them questions and 1 answers"),
        ([*asked("a"), {"role": "tool", "content": "b"}], "a chat of 3 turns, 1 of them questions and 1 answers"),
        (asked([{"type": "input_audio", "input_audio": {}}]), r"neither text nor picture \('input_audio'\)"),
        (asked(7), "neither a text nor a list of parts"),
        (asked("a")[:1], "lacks a 'label'"),
    ],
)
def test_another_chat_is_refused(path, turns, reason):
    with pytest.raises(DatasetError, match=reason):
        read_examples(path({"image": "1.png", "messages": turns}, {"image": "1.png", "label": "x"}))


def test_a_question_of_its_own_is_read_and_the_chat_is_told(path):
    record = {"image": "1.png", "question": "Which?", "label": "cat", "messages": asked("What is it?")}
    with pytest.warns(NotedWarning, match="'messages' is not read"):
        assert read_examples(path(record))[0].question == "Which?"


def test_numbered_places_put_the_pictures_in_their_order(path):
    record = {"question": "<image 2> before <image 1>?", "image_1": "1.png", "image_2": "2.png", "label": "yes"}
    (example,) = read_examples(path(record))
    assert example.question == "<image> before <image>?"
    assert [picture.rgb().getpixel((0, 0)) for picture in example.images] == [BLUE, RED]
    (example,) = read_examples(path(record | {"question": "<image 1> as <image 1>?"}))
    assert example.question == "<image 1> as <image 1>?"
