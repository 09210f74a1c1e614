"""A list's bytes -> its records, each with where it stands: JSON lines, one JSON list, or a table.

for where, record in records(source, "pets.jsonl"):
    where, record                     # "Line 1 of 'pets.jsonl'", {"image": "1.png", "label": "cat"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sav_core.data.allowance import LINE_BYTES, allowance
from sav_core.data.folders.sources import Source
from sav_core.data.lists.chats import chat_key
from sav_core.data.lists.keys import LABELS, found_keys, named
from sav_core.data.lists.tables import read_table
from sav_core.data.lists.text import decoded_text
from sav_core.errors import DatasetError

__all__ = ["LINE", "TABLES", "records"]

LINE = '{"image": "1.png", "question": "Which animal?", "label": "cat"}'
"""One example as a line, for messages."""

TABLES = (".csv", ".tsv")
"""How the names of tables end."""


class _TwiceError(ValueError):
    pass


def records(source: Source, listing: str) -> Iterator[tuple[str, Any]]:
    """Yield where each record stands, for messages, and what it is: an object, if the file is as it should be.

    Raises:
        DatasetError: the file is not text, a line is not JSON, or all of it is one object that holds others.
    """
    try:
        text = decoded_text(source.read(listing))
    except OSError as error:
        raise DatasetError(f"{listing!r} cannot be read ({error.strerror or error}): check the file.") from error
    except ValueError as error:
        raise DatasetError(f"{listing!r} is not text in UTF-8: save it in that encoding.") from error
    _check_length(text, listing)
    start = text.lstrip()[:1]
    if listing.lower().endswith(TABLES):
        yield from read_table(text, listing)
    elif start == "[" and (entries := _whole(text, listing)) is not None:
        yield from ((f"Entry {number} of {listing!r}", record) for number, record in enumerate(entries, start=1))
    elif start == "{" and (record := _whole(text, listing)) is not None:
        if not named(record, LABELS) and not chat_key(record) and any(map(_holds_objects, record.values())):
            raise DatasetError(
                f"{listing!r} is one object with the keys {found_keys(record)}, but a list of examples was expected: write "
                f"each as {LINE}."
            )
        yield f"Line 1 of {listing!r}", record
    else:
        # Not splitlines, which breaks JSON text at U+2028.
        for number, line in enumerate(text.split("\n" if "\n" in text else "\r"), start=1):
            if line.strip():
                where = f"Line {number} of {listing!r}"
                yield where, _parsed(line, where)


def _holds_objects(value: Any) -> bool:
    """Whether it is one, or a list of such; a list of names is what a line has."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value))


def _check_length(text: str, listing: str) -> None:
    """Refuse, before it is parsed, what is more than an allowance lets in."""
    allowed = allowance()
    if allowed is None:
        return
    allowed.check_file(len(text), listing)
    if not listing.lower().endswith((*TABLES, ".json")):  # a row of a table may take several lines
        allowed.check_examples(sum(map(bool, map(str.strip, text.split("\n")))), listing)


def _whole(text: str, listing: str) -> Any:
    """What the whole text is as one JSON value; ``None`` where it is several, or none."""
    allowed, start = allowance(), text.lstrip()[:1]
    if allowed is not None and start == "[":
        allowed.check_line(len(text), repr(listing))
    elif allowed is not None and len(text) > LINE_BYTES:  # lines of objects, or one that is too long
        return None
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _TwiceError as error:
        raise DatasetError(f"{listing!r} has an object in which {error}: keep one.") from error
    except (ValueError, RecursionError):
        return None


def _parsed(text: str, where: str) -> Any:
    allowed = allowance()
    if allowed is not None:
        allowed.check_line(len(text), where)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _TwiceError as error:
        raise DatasetError(f"{where} is an object in which {error}: keep one.") from error
    except (ValueError, RecursionError) as error:
        reason = (
            f"{error.msg}, character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else "too deep or long"
        )
        raise DatasetError(f"{where} is not JSON ({reason}): write each example on one line, as {LINE}.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object none of whose keys comes twice: the first of two would be passed over without a word."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _TwiceError(f"the key {twice[:40]!r} comes twice")
    return record
