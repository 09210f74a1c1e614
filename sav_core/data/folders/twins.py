"""Labels that are one to the eye: refused, for nobody could tell what was voted for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sav_core.data.folders.sources import composed, natural_order
from sav_core.errors import DatasetError

__all__ = ["check_twins"]

_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and marks that show nothing
_VARIANTS = {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0)), *"\u180b\u180c\u180d"}

# Small letters of Cyrillic and Greek, and hyphens, that no eye tells from the Latin ones.
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһӏοϲϳ‐‑−", "aeopcyxijsdhlocj---")


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
