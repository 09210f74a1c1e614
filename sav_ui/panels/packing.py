"""Long lists of a figure in few letters, so that a map of many points is a short message: nothing is rounded.

    [0.123, -0.5, 0.07, ...]       {"n": "75 11 -1000 1000 sZd..."}                whole numbers, each over 1000
    ["", "wrong", "", "", ...]     {"w": "75 1 AQg...", "of": ["", "wrong"]}       which word

The text says how many values there are, and how many bits each takes; of numbers also the least, and by what all are
divided. The letters are the bits one after the other, in base64, of each number those that it lies above the least.
``assets/theme/scripts/figures.js`` makes lists of them again.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["packed", "unpacked"]

_LEAST = 16  # values: of fewer nothing is saved
_PLACES = 4  # after the point, at most
_MOST_BITS = 16  # of a value
_LARGEST = 2**31  # with what it is written as, JSON's numbers stay exact


def packed(values: Sequence[Any]) -> dict[str, Any] | None:
    """Return numbers of few places, or words of which few differ, in few letters; ``None`` for any other list."""
    if len(values) < _LEAST:
        return None
    if all(type(value) in (int, float) for value in values):
        return _numbers(np.array(values, dtype=np.float64))
    if all(type(value) is str for value in values):
        words = sorted(set(values))  # in one order, so that they are one part whichever of them comes first
        if 2 * len(words) <= min(len(values), 256):
            places = {word: place for place, word in enumerate(words)}
            which = np.array([places[value] for value in values])
            return {"w": _text(which), "of": words}
    return None


def unpacked(value: dict[str, Any]) -> Any:
    """Return the list again, as the browser does; what is none stays as it is."""
    if isinstance(value.get("n"), str):
        head, least, by, letters = value["n"].rsplit(" ", 3)
        return ((_values(head, letters) + int(least)) / int(by)).tolist()
    if isinstance(value.get("w"), str) and "of" in value:
        return [value["of"][place] for place in _values(*value["w"].rsplit(" ", 1))]
    return value


def _numbers(values: np.ndarray) -> dict[str, Any] | None:
    for by in (10**places for places in range(_PLACES + 1)):
        whole = np.round(values * by)
        if not np.abs(whole).max() < _LARGEST or np.ptp(whole) >= 2**_MOST_BITS:
            return None
        if np.array_equal(whole / by, values):
            least = int(whole.min())
            return {"n": _text((whole - least).astype(np.int64), f" {least} {by}")}
    return None


def _text(values: np.ndarray, more: str = "") -> str:
    bits = int(values.max()).bit_length()
    each = (values[:, None] >> np.arange(bits)[::-1]) & 1
    letters = b64encode(np.packbits(each.astype(np.uint8)).tobytes()).decode()
    return f"{len(values)} {bits}{more} {letters.rstrip('=')}"


def _values(head: str, letters: str) -> np.ndarray:
    count, bits = map(int, head.split())
    read = np.unpackbits(np.frombuffer(b64decode(letters + "=" * (-len(letters) % 4)), np.uint8))
    return read[: count * bits].reshape(count, bits) @ (1 << np.arange(bits)[::-1])
