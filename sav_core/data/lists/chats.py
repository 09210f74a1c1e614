"""A line that is a chat, as programs that train models have them -> a line with pictures, a question and a label.

chat = [{"role": "user", "content": "<image>What?"}, {"role": "assistant", "content": "cat"}]
from_chat({"image": "1.png", "messages": chat}, "Line 1")  # {"image": "1.png", "question": "<image>What?", "label": "cat"}

Known are OpenAI's and Anthropic's messages, HuggingFace's (``{"type": "image", "image": path}``) and LLaVA's conversations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sav_core.data.examples import IMAGE_MARKER
from sav_core.data.lists.keys import LABELS, QUESTIONS, named, pictures_of, plain
from sav_core.errors import DatasetError

__all__ = ["chat_key", "from_chat"]

_CHATS = ("messages", "conversations", "conversation")
_ROLES, _CONTENTS = ("role", "from"), ("content", "value")
_USER, _MODEL = {"user", "human"}, {"assistant", "gpt", "model", "bot"}
_BEFORE = {"system", "developer"}
_OF_PICTURES = ("image", "image_url", "input_image")


def chat_key(record: Mapping[str, Any]) -> str:
    """The key under which a line has a chat; empty where it has none, or a question beside it."""
    if named(record, QUESTIONS):
        return ""
    return next((key for key, value in record.items() if plain(key) in _CHATS and _is_chat(value)), "")


def from_chat(record: Mapping[str, Any], where: str, *, labelled: bool = True) -> dict[str, Any]:
    """Return a line whose question is what is said before the answer, and whose label is that, if it has none of its own.

    Args:
        record: a line, as it came where it is no chat.
        where: the line stands, for messages.
        labelled: whether an answer is wanted.

    Raises:
        DatasetError: there is not one question, one answer at most behind it, or a part of it is neither text nor picture.
    """
    key = chat_key(record)
    if not key:
        return dict(record)
    turns = [(str(_one(turn, _ROLES)).lower(), _one(turn, _CONTENTS)) for turn in record[key]]
    asked = [content for role, content in turns if role in _USER]
    answers = [content for role, content in turns if role in _MODEL]
    before = [content for role, content in turns if role in _BEFORE]
    in_turn = [role in _MODEL for role, _ in turns if role not in _BEFORE]
    if len(asked) != 1 or len(answers) > 1 or len(asked) + len(answers) < len(in_turn) or in_turn != sorted(in_turn):
        raise DatasetError(
            f"{where} has under {key!r} a chat of {len(in_turn)} turns, {len(asked)} of them questions and {len(answers)} "
            "answers: give one question and its answer a line, or write them as 'question' and 'label'."
        )
    pictures: list[Any] = []
    question = "\n".join(_text(content, pictures, where) for content in (*before, *asked))
    found = {other: value for other, value in record.items() if other != key} | {"question": question}
    given = [picture for picture in pictures if picture is not None]
    if given and not pictures_of(record):
        found["images"] = given
    if labelled and answers and not named(record, LABELS):
        found["label"] = _text(answers[0], [], where).strip()
    return found


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and _one(turn, _ROLES) and _one(turn, _CONTENTS) is not None for turn in value)
    )


def _one(turn: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((turn[key] for key in keys if key in turn), None)


def _text(content: Any, pictures: list[Any], where: str) -> str:
    """What is said in a turn, with a marker for each picture, which is added to ``pictures``: None where it has no path."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise DatasetError(f"{where} has a chat with a turn that is neither a text nor a list of parts: write it as one.")
    said = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, str):
            said.append(part)
        elif kind in _OF_PICTURES:
            pictures.append(_picture(part))
            said.append(IMAGE_MARKER)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            said.append(part["text"])
        else:
            raise DatasetError(f"{where} has a chat with a part that is neither text nor picture ({kind!r}): leave it out.")
    return "\n".join(said)


def _picture(part: Mapping[str, Any]) -> Any:
    """The path or the picture itself: under ``image``, ``image_url`` or Anthropic's ``source``."""
    source = part.get("source")
    if isinstance(source, dict):
        data = source.get("data")
        return f"data:{source.get('media_type', '')};base64,{data}" if data else source.get("url")
    return next((part[key] for key in ("image", "image_url", "path", "url") if part.get(key)), None)
