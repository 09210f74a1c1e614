"""Labels that are one to the eye, which are refused, and such as may not be meant so, which are said."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from sav_core.data.notes import Note
from sav_core.data.sources import composed, natural_order
from sav_core.errors import DatasetError

__all__ = ["check_twins", "meaning_none", "written_alike"]

_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that show nothing
_VARIANTS = {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0)), *"\u180b\u180c\u180d"}

# Small letters of Cyrillic and Greek, and hyphens, that no eye tells from the Latin ones.
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһӏοϲϳ‐‑−", "aeopcyxijsdhlocj---")

_NONE = {"nan", "n/a", "#n/a", "<na>", "null", "nil", "\\n", "#ref!", "#value!", "undefined"}
_NUMBER = re.compile(r"\+?(\d+)([.,]\d+)?\.?")


def check_twins(labels: Iterable[str], what: str, where: str) -> None:
    """Refuse labels that are one to the eye.

    Args:
        labels: any number of each.
        what: what to call two of them in the message, such as ``"label folders"``.
        where: what they are in.

    Raises:
        DatasetError: two differ only in case, in spaces, in characters that nobody sees or in letters that look alike.
    """
    known: dict[str, str] = {}
    for label in natural_order(set(labels)):
        twin = known.setdefault(_to_the_eye(label), label)
        if twin != label:
            raise DatasetError(
                f"The {what} {_shown(twin)} and {_shown(label)} of {where!r} differ only in upper and lower case or in "
                "invisible characters, or in letters that look alike: merge them or rename one."
            )


def written_alike(labels: Iterable[str]) -> tuple[Note, ...]:
    """Say which labels are one number or one word that is written in two ways, such as ``1`` and ``01``.

    They are kept apart, for a house may well have a door 1 and a door 01.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for label in natural_order(set(labels)):
        groups[_spelt_out(label)].append(label)
    found = [" and ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    text = "Labels that only their spelling tells apart, of a number or in full-width letters, are kept apart"
    return (Note("labels alike", text, len(found), tuple(found[:3])),) if found else ()


def meaning_none(labels: Iterable[str]) -> tuple[Note, ...]:
    """Say which labels are what programs write where there is none, such as ``NaN``."""
    found = [label for label in labels if label.strip().casefold() in _NONE]
    names = tuple(natural_order(set(found))[:3])
    return (
        (Note("empty labels", "Labels that a program may have written for none are labels here", len(found), names),)
        if found
        else ()
    )


def _spelt_out(label: str) -> str:
    """A label in letters of one width, and its numbers without what does not change them."""
    plain = unicodedata.normalize("NFKC", label).casefold().strip()
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)
    if whole := _NUMBER.fullmatch(plain):
        part = (whole[2] or "")[1:].rstrip("0")
        return (whole[1].lstrip("0") or "0") + (f".{part}" if part else "")
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", plain)


def _to_the_eye(label: str) -> str:
    plain = unicodedata.normalize("NFC", composed(label).casefold()).translate(_LOOK_ALIKE)
    visible = "".join(c for c in plain if c.isspace() or not _unseen(c))
    return " ".join(visible.split())


def _shown(label: str) -> str:
    """A label for a message, what nobody sees written out."""
    odd = any(_unseen(c) or unicodedata.combining(c) or ord(c.casefold()[0]) in _LOOK_ALIKE for c in label)
    return ascii(label) if odd else repr(label)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Cc") or character in _BLANK or character in _VARIANTS
