"""Labels that may not be meant as they stand: they are kept, and said.

odd_labels(["1", "01", "cat"])  # (Note("labels alike", "Labels that only their spelling ...", 1, ("1 and 01",)),)
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from urllib.parse import unquote

from sav_core.data.folders.sources import natural_order
from sav_core.data.notes import Note

__all__ = ["odd_labels"]

_NONE = {"nan", "n/a", "#n/a", "<na>", "null", "nil", "\\n", "#ref!", "#value!", "undefined"}
_SELDOM = {
    *("mask", "masks", "annotation", "annotations", "thumb", "thumbs", "thumbnail", "thumbnails", "preview", "previews"),
    *(
        "unlabeled",
        "unlabelled",
        "unsorted",
        "docs",
        "doc",
        "screenshots",
        "backup",
        "tmp",
        "temp",
        "trash",
        "cache",
        "src",
    ),
}
_MANY, _LONELY = 10, 0.9  # so many examples, of which so many have a label of their own, are no classes
_NUMBER = re.compile(r"\+?(\d+)([.,]\d+)?\.?")
_COPY = re.compile(r"[ _-]*(\(\d+\)|- (copy|kopie|copie|copia)( \(\d+\))?)$")
_ESCAPES = re.compile(r"#U([0-9a-f]{4})")  # of Info-ZIP, where the computer's encoding lacks a letter


def odd_labels(labels: Iterable[str]) -> tuple[Note, ...]:
    """Say which labels differ in their spelling alone, mean none, are garbled, or are the names of other things.

    They are kept, for a house may well have a door 1 and a door 01.
    """
    given = list(labels)
    known = natural_order(set(given))
    garbled = [f"{label} for {meant}" for label in known if (meant := _ungarbled(label))]
    found = (
        ("labels alike", "Labels that only their spelling tells apart are kept apart", _alike(known)),
        ("empty labels", "Labels that a program may have written for none are labels here", _of(known, _NONE)),
        ("labels joined", "Labels that are several others at once count as labels of their own", _joined(known)),
        ("garbled labels", "Labels look garbled and are kept so", garbled),
        (
            "labels of folders",
            "What is no label as a rule is one here; take the folder out if it is none",
            _of(known, _SELDOM),
        ),
    )
    lonely = f"Hardly a label comes twice: {len(known)} labels of {len(given)} examples"
    alone = (Note("labels alone", lonely, len(known)),) if len(given) >= _MANY and len(known) > _LONELY * len(given) else ()
    return (*(Note(kind, text, len(names), tuple(names[:3])) for kind, text, names in found if names), *alone)


def _of(labels: Sequence[str], words: set[str]) -> list[str]:
    return [label for label in labels if label.strip().casefold() in words]


def _joined(labels: Sequence[str]) -> list[str]:
    known = {label.strip().casefold() for label in labels}
    parts = {label: [part.strip().casefold() for part in re.split("[|;,+&/]", label)] for label in labels}
    return [label for label, some in parts.items() if len(some) > 1 and known.issuperset(some)]


def _alike(labels: Sequence[str]) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        groups[_spelt_out(label)].append(label)
    return [" and ".join(group) for group in groups.values() if len(group) > 1]


def _spelt_out(label: str) -> str:
    """A label in letters of one width, its numbers without what does not change them, its words without what parts them."""
    plain = unicodedata.normalize("NFKC", label).casefold().strip()
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)
    if whole := _NUMBER.fullmatch(plain):
        part = (whole[2] or "")[1:].rstrip("0")
        return (whole[1].lstrip("0") or "0") + (f".{part}" if part else "")
    plain = re.sub(r"(?<![\d.,])0+(?=\d)", "", _COPY.sub("", plain))
    return re.sub(r"(?<=[^\W\d])[ _.-]+(?=\w|$)", " ", plain).rstrip()


def _ungarbled(label: str) -> str:
    """What a label was before it was garbled: read as Western, or written in escapes; empty where it was not."""
    for western in () if label.isascii() else ("cp1252", "latin-1"):
        with suppress(UnicodeError):
            return label.encode(western).decode("utf-8")
    with suppress(UnicodeError, ValueError):
        meant = (
            _ESCAPES.sub(lambda code: chr(int(code[1], 16)), label) if "#U" in label else unquote(label, errors="strict")
        )
        return "" if meant == label or meant.isascii() else meant
    return ""
