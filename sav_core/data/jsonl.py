"""The lines of a JSONL file -> which images, question and label make each example, nothing opened yet.

    {"image": "1.png", "question": "Which animal?", "label": "cat"}
    {"images": ["left.png", "right.png"], "question": "<image> or <image>?", "label": "left"}
    {"question": "Is this polite: give me that!", "label": "no"}

The format of the SAV release, whose files work unchanged. A ``.json`` file may hold one list of such objects instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sav_core.data.listings import Listed, Listing
from sav_core.data.sources import Source
from sav_core.errors import DatasetError

__all__ = ["list_lines"]

_LINE = '{"image": "1.png", "question": "Which animal?", "label": "cat"}'


def list_lines(source: Source, listing: str, question: str, *, labelled: bool = True) -> Listing:
    """List the lines of a JSONL file, or the entries when the file is one JSON list.

    Each is ``{"image": path | "images": [paths], "question": text, "label": text}``; ``image`` may hold several paths
    too, and other keys are ignored.

    Args:
        source: where the file and its images lie.
        listing: the file's name there.
        question: for lines that have none of their own.
        labelled: whether each line must have a label; if not, labels are ignored.

    Raises:
        DatasetError: a line is not such an object; the message names it.

    """
    examples = []
    for where, record in _records(source, listing):
        if not isinstance(record, dict):
            raise DatasetError(f"{where} is not a JSON object: write each example as {_LINE}.")
        label = _label(record, where) if labelled else None
        images = tuple(_located(source, path, listing, where) for path in _paths(record, where))
        own = _text(record, "question", where)
        if not images and not own.strip():
            raise DatasetError(f"{where} has neither an image nor a question: write it as {_LINE}.")
        examples.append(Listed(source, images, own if own.strip() else question, label, where))
    if not examples:
        raise DatasetError(f"{listing!r} holds no examples: write one a line, as {_LINE}.")
    return Listing(tuple(examples))


def _records(source: Source, listing: str) -> Iterator[tuple[str, Any]]:
    try:
        text = source.read(listing).decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{listing!r} cannot be read ({error.strerror or error}): check the file.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{listing!r} is not text in UTF-8: save it in that encoding.") from error
    if listing.lower().endswith(".json") and text.lstrip().startswith("["):
        for number, record in enumerate(_parsed(text, repr(listing)), start=1):
            yield f"Entry {number} of {listing!r}", record
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines, which breaks JSON text at U+2028
        if line.strip():
            where = f"Line {number} of {listing!r}"
            yield where, _parsed(line, where)


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = (
            f"{error.msg}, character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "too deep or long"
        )
        raise DatasetError(f"{where} is not JSON ({reason}): write each example on one line, as {_LINE}.") from error


def _text(record: Mapping[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    return _checked_text(value, f"{where} has a {key!r}")


def _checked_text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise DatasetError(f"{what} that must be a text, but is {json.dumps(value)[:40]}: put it in quotes.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise DatasetError(f"{what} that holds half a character, {ascii(value)[:40]}: save the file as UTF-8 again.")
    return value


def _label(record: Mapping[str, Any], where: str) -> str:
    value = record.get("label")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    label = _text(record, "label", where)
    if not label.strip():
        raise DatasetError(f"{where} lacks a 'label': write it as {_LINE}.")
    return label


def _paths(record: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Return the paths under ``image`` and ``images``; null and empty ones stand for no image."""
    given = [value for key in ("image", "images") if (value := record.get(key)) not in (None, "", [])]
    if len(given) > 1:
        raise DatasetError(f"{where} has both 'image' and 'images': put all its paths under 'images'.")
    values = [path for value in given for path in (value if isinstance(value, list) else [value])]
    return tuple(_checked_text(path, f"{where} has an image path") for path in values if path not in (None, ""))


def _located(source: Source, path: str, listing: str, where: str) -> str:
    located = source.locate(path, listing)
    if located is None:
        raise DatasetError(
            f"{where} names the image {path!r}, which lies outside {source.name!r}: put the image into the ZIP and name "
            "it relative to the .jsonl."
        )
    return located
