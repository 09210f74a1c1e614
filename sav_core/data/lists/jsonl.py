"""The lines of a JSONL, CSV or TSV file -> which images, question and label make each example, nothing opened yet.

    {"image": "1.png", "question": "Which animal?", "label": "cat"}
    {"images": ["left.png", "right.png"], "question": "<image> or <image>?", "label": "left"}
    {"video": "turn.mp4", "question": "Which way does it turn?", "label": "left"}
    {"question": "Is this polite: give me that!", "label": "no"}

The format of the SAV release, whose files work unchanged; `keys` has what other sets call these. A ``.json`` file may hold
one list of such objects instead, and the first line of a CSV names its columns: ``image,label``.
"""

from __future__ import annotations

import ast
import json
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sav_core.data.allowance import allowance
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.folders.listings import Listed, Listing
from sav_core.data.folders.sources import Source, composed
from sav_core.data.folders.twins import check_twins
from sav_core.data.formats import CLIP_SUFFIXES, VIDEO, look, refusal
from sav_core.data.lists.chats import chat_key, from_chat
from sav_core.data.lists.forms import answers_to_judge, in_order, judged_question, read_as
from sav_core.data.lists.keys import (
    LABELS,
    PICTURES,
    QUESTIONS,
    doubled,
    found_keys,
    named,
    picture_keys,
    pictures_of,
    unread_pictures,
)
from sav_core.data.lists.records import LINE, records
from sav_core.data.lists.unread import read_together, short_texts, texts_beside, unread
from sav_core.data.notes import Note, noted
from sav_core.data.places import is_inline
from sav_core.errors import DatasetError

__all__ = ["list_lines", "list_records"]


def list_lines(
    source: Source,
    listing: str,
    question: str,
    *,
    labelled: bool = True,
    twins: bool = False,
    clips: ClipSampling | None = None,
) -> Listing:
    """List the lines of a JSONL or CSV file, or the entries when the file is one JSON list.

    Each is ``{"image": path | "images": [paths], "question": text, "label": text}``; ``image`` may hold several paths
    too, and other keys are ignored.

    Args:
        source: where the file and its images lie.
        listing: the file's name there.
        question: for lines that have none of their own.
        labelled: whether each line must have a label; if not, labels are ignored.
        twins: whether labels may be one to the eye.
        clips: how videos are sampled; ``None`` where a line may name none.

    Raises:
        DatasetError: a line is not such an object, or names its picture by a key that is not known; the message names it.
            Or two labels are one to the eye.

    """
    lines = records(source, listing)
    return list_records(source, listing, lines, question, labelled=labelled, twins=twins, clips=clips)


def list_records(
    source: Source,
    listing: str,
    lines: Iterable[tuple[str, Any]],
    question: str,
    *,
    labelled: bool = True,
    twins: bool = False,
    clips: ClipSampling | None = None,
) -> Listing:
    """List what the records of a list say, each given with where it stands; arguments and errors as of ``list_lines``."""
    allowed = allowance()
    examples: list[Listed] = []
    remarks: list[tuple[str, str, str]] = []
    unread_by_line: list[dict[str, str]] = []
    for where, record in lines:
        if allowed is not None:
            allowed.check_examples(len(examples) + 1, listing, more=True)
        if not isinstance(record, dict):
            raise DatasetError(f"{where} is not a JSON object: write each example as {LINE}.")
        if twice := doubled(record):
            raise DatasetError(f"{where} has both {twice[0]!r} and {twice[1]!r}, and they differ: keep one.")
        one, said, beside = _read_line(source, listing, where, record, labelled=labelled, clips=clips)
        examples.append(one if one.question.strip() else replace(one, question=question))
        remarks += said
        unread_by_line.append(beside)
    if not examples:
        raise DatasetError(f"{listing!r} holds no examples: write one a line, as {LINE}.")
    _check_told_apart(examples, unread_by_line)
    if not twins:
        check_twins((one.label for one in examples if one.label is not None), "labels", posixpath.basename(listing))
    return Listing(
        tuple(examples),
        (),
        (*source.notes, *_without_picture(examples), *noted(remarks), *_beside(unread_by_line, remarks)),
    )


def _read_line(
    source: Source,
    listing: str,
    where: str,
    record: dict[str, Any],
    *,
    labelled: bool,
    clips: ClipSampling | None,
) -> tuple[Listed, list[tuple[str, str, str]], dict[str, str]]:
    """An example with its own question; what is to be said of its line; and the line's texts that are not read."""
    remarks = []
    if chat := chat_key(record):
        record = from_chat(record, where, labelled=labelled)
        what = (
            "what is said first is the question, the answer the label" if labelled else "what is said first is the question"
        )
        remarks.append(("read as", f"Read {chat!r} as a chat: {what}", where))
    label = _label(record, where) if labelled else None
    images = tuple(_located(source, path, listing, where) for path in _paths(record, where, clips))
    asked = named(record, QUESTIONS)
    text = _checked_text(asked[0].value, f"{where} has a {asked[0].key!r}") if asked else ""
    own = judged_question(record) or text
    if not images and not own.strip():
        raise DatasetError(
            f"{where} has neither an image nor a question among its keys {found_keys(record)}: write it as {LINE}."
        )
    answers = answers_to_judge(record) if own != text else ()
    own, images = in_order(own, images)
    read = {*picture_keys(record), *(each.key for each in (*asked[:1], *answers, *named(record, LABELS)[:1]))}
    remarks += [("read as", said, where)] if (said := read_as(record, labelled)) else []
    remarks += [("unread keys", told, where) for told in unread(record, read)]
    return Listed(source, images, own, label, where), remarks, texts_beside(record, read)


def _beside(texts: Sequence[Mapping[str, str]], remarks: Sequence[tuple[str, str, str]]) -> tuple[Note, ...]:
    """What is to be said of all lines together, on texts that none of them reads."""
    return (*read_together(texts), *short_texts(texts, {text for kind, text, _ in remarks if kind == "unread keys"}))


def _check_told_apart(examples: Sequence[Listed], texts: Sequence[Mapping[str, Any]]) -> None:
    """Refuse lines that differ, besides their label, in nothing but a text that is not read.

    Raises:
        DatasetError: half of all lines or more are so; fewer may as well be contradictions, which are noted later.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for place, one in enumerate(examples):
        alike[one.images, one.question].append(place)
    unlike: dict[str, list[int]] = defaultdict(list)
    for places in alike.values():
        if len({examples[place].label for place in places}) > 1:
            for key in texts[places[0]]:
                if len({str(texts[place].get(key)) for place in places}) > 1:
                    unlike[key] += places
    for key, places in sorted(unlike.items(), key=lambda item: -_longest(texts, item[0])):
        if 2 * len(places) >= len(examples):
            raise DatasetError(
                f"{len(places)} of {len(examples)} lines are alike in pictures and question but not in their label, "
                f"{examples[places[0]].line} among them, and what they differ in, {key!r}, is not read: call it 'question' "
                "if it is what the model should be asked."
            )


def _longest(texts: Sequence[Mapping[str, Any]], key: str) -> int:
    return max(len(by_key.get(key, "")) for by_key in texts)


def _without_picture(examples: list[Listed]) -> tuple[Note, ...]:
    bare = [one.line for one in examples if not one.images]
    if not bare:
        return ()
    text = f"{len(bare)} of {len(examples)} examples are without a picture, text alone"
    return (Note("without picture", text, len(bare)),)


def _checked_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        advice = "give one text" if isinstance(value, (list, dict)) else "put it in quotes"
        raise DatasetError(f"{what} that must be a text, but is {json.dumps(value)[:40]}: {advice}.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise DatasetError(f"{what} that holds half a character, {ascii(value)[:40]}: save the file as UTF-8 again.")
    return value


def _label(record: Mapping[str, Any], where: str) -> str:
    given = named(record, LABELS)
    if given and isinstance(given[0].value, int) and not isinstance(given[0].value, bool):
        return str(given[0].value)
    label = _checked_text(given[0].value, f"{where} has a {given[0].key!r}") if given else ""
    if not label.strip():
        raise DatasetError(f"{where} lacks a 'label' among its keys {found_keys(record)}: write it as {LINE}.")
    return composed(label)


def _paths(record: Mapping[str, Any], where: str, clips: ClipSampling | None) -> tuple[str, ...]:
    """Return the paths of a line's pictures; null and empty ones stand for no image."""
    given = _one_of([(key, _listed(key, value, where)) for key, value in pictures_of(record)], where)
    if not given and (odd := unread_pictures(record)):
        raise DatasetError(
            f"{where} names no picture under {', '.join(PICTURES[:3])} and the like, but has "
            f"{', '.join(map(repr, odd[:3]))} among its keys {found_keys(record)}: call the picture's key 'image'."
        )
    for path in given:
        what = None if is_inline(path) else look(b"", path)
        taken = clips is not None and posixpath.splitext(path)[1].lower() in CLIP_SUFFIXES
        if what is not None and what.kind == VIDEO and not taken:
            raise DatasetError(f"{where} names a video: {refusal(path[-80:], VIDEO)}")
    return given


def _listed(key: str, value: Any, where: str) -> tuple[str, ...]:
    values = _several(value)
    given = [_of_object(path) for path in values if path not in (None, "")]
    return tuple(_checked_text(path, f"{where} has an image path") for path in given)


def _several(value: Any) -> list[Any]:
    """One path or several; a table writes several as the text of a list, as JSON or as Python does."""
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            found = ast.literal_eval(value)
            if isinstance(found, list) and all(isinstance(each, str) for each in found):
                return found
    return [value]


def _of_object(path: Any) -> Any:
    """The path in an object, as ``{"path": ...}`` of HuggingFace and ``{"url": ...}`` of OpenAI; else as it came."""
    if not isinstance(path, dict):
        return path
    return next((path[key] for key in ("bytes", "path", "url", "file_name") if isinstance(path.get(key), str)), path)


def _one_of(given: list[tuple[str, tuple[str, ...]]], where: str) -> tuple[str, ...]:
    """The paths of the key that says most, where several keys name the same pictures."""
    given = [(key, paths) for key, paths in given if paths]
    if not given:
        return ()
    names = {tuple(posixpath.basename(path.replace("\\", "/")) for path in paths) for _, paths in given}
    if len(names) > 1:
        keys = " and ".join(repr(key) for key, _ in given[:2])
        raise DatasetError(f"{where} has both {keys}: put all its paths under 'images'.")
    return max((paths for _, paths in given), key=lambda paths: sum(map(len, paths)))


def _located(source: Source, path: str, listing: str, where: str) -> str:
    located = path if is_inline(path) else source.locate(path, listing)
    if located is None:
        raise DatasetError(
            f"{where} names the image {path!r}, which lies outside {source.name!r}: put the image into the ZIP and name "
            "it relative to the .jsonl."
        )
    return located
