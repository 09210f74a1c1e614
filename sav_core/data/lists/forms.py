r"""What a line of a published list is read as: whose question stands in several keys, and which key is which.

    judged_question({"Text": "Which way?", "Output1": "Left", "Output2": "Right"})
    # "Question: Which way?\n\nAnswer 1: Left\n\nAnswer 2: Right"
    read_as({"image_path": "1.jpg", "claim": "A cat", "claim_label": "no"})
    # "Read 'image_path' as the picture, 'claim' as the question and 'claim_label' as the label"

Questions whose answers are judged are those of Multimodal RewardBench, in the words of the SAV release: two answers, of
which the better one is the label, or one answer, which was preferred or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sav_core.data.examples import IMAGE_MARKER
from sav_core.data.lists.keys import LABELS, QUESTIONS, Named, named, pictures_of, plain

__all__ = ["answers_to_judge", "in_order", "judged_question", "read_as"]

_TWO, _ONE = ("output1", "output2"), ("output",)
_WORDINGS = {_TWO: "Question: {}\n\nAnswer 1: {}\n\nAnswer 2: {}", _ONE: "Question: {}\n\n Answer: {}"}
_NUMBERED = re.compile(r"<\|?image[ _-]?(\d{1,3})\|?>")
_OURS = {"image", "images", "video", "videos", "question", "label"}


def judged_question(record: Mapping[str, Any]) -> str:
    """Return the question of a line whose answers are judged, with these answers; empty where it is no such line."""
    asked, answers = named(record, QUESTIONS)[:1], answers_to_judge(record)
    if not asked or not answers or plain(asked[0].key) != "text":
        return ""
    texts = [each.value for each in (*asked, *answers)]
    if not all(isinstance(text, str) for text in texts):
        return ""
    return _WORDINGS[_TWO if len(answers) > 1 else _ONE].format(*texts)


def read_as(record: Mapping[str, Any], labelled: bool = True) -> str:
    """Return in a sentence, without its full stop, what the keys of a line are read as; empty where they are ours."""
    pictures, labels = pictures_of(record)[:1], named(record, LABELS)[:1] if labelled else []
    if judged_question(record):
        first, others = named(record, QUESTIONS)[0], answers_to_judge(record)
        what = "a question with two answers" if len(others) > 1 else "a question with one answer"
        roles = [f"{first.key!r} with {' and '.join(repr(each.key) for each in others)} as {what}"]
        roles += [f"{each.key!r} as the picture" for each in pictures]
        roles += [f"{each.key!r} as {'the better one' if len(others) > 1 else 'how it was judged'}" for each in labels]
        return f"Read {_listed(roles)}"
    found = [("picture", each) for each in pictures] + [("question", each) for each in named(record, QUESTIONS)[:1]]
    found += [("label", each) for each in labels]
    roles = [_role(what, each) for what, each in found if plain(each.key) not in _OURS]
    return f"Read {_listed(roles)}" if roles else ""


def _role(what: str, found: Named) -> str:
    many = what == "picture" and isinstance(found.value, list) and len(found.value) > 1
    numbered = " and so on" if many and found.key[-1:].isdigit() else ""
    return f"{found.key!r}{numbered} as the {what}{'s' * many}"


def in_order(question: str, images: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A question whose places are numbered, as ``<image 2>`` of MMMU, with plain markers, and its images in that order.

    Where not each image has one such place, all stays as it is.
    """
    places = [int(number) for number in _NUMBERED.findall(question)]
    if sorted(places) != list(range(1, len(images) + 1)):
        return question, images
    return _NUMBERED.sub(IMAGE_MARKER, question), tuple(images[place - 1] for place in places)


def answers_to_judge(record: Mapping[str, Any]) -> list[Named]:
    """Two answers to a question, or the one; none where a line has neither."""
    for keys in (_TWO, _ONE):
        found = named(record, keys)
        if len(found) == len(keys):
            return found
    return []


def _listed(roles: list[str]) -> str:
    return roles[0] if len(roles) == 1 else f"{', '.join(roles[:-1])} and {roles[-1]}"
