"""Long lists of a figure in few letters, so that a map of many points is a short message: nothing is rounded.

    [0.123, -0.5, ...]             {"i2": "ewAM/g...", "by": 1000}             whole numbers of 16 bits, each over 1000
    ["", "wrong", "", "", ...]     {"u1": "AAEAAA...", "of": ["", "wrong"]}    which word, 8 bits each

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
_LARGEST = np.iinfo(np.int16).max


def packed(values: Sequence[Any]) -> dict[str, Any] | None:
    """Return numbers of few places, or words of which few differ, in few letters; ``None`` for any other list."""
    if len(values) < _LEAST:
        return None
    if all(type(value) in (int, float) for value in values):
        return _numbers(np.array(values, dtype=np.float64))
    if all(type(value) is str for value in values):
        words = list(dict.fromkeys(values))
        if 2 * len(words) <= min(len(values), 256):
            places = {word: place for place, word in enumerate(words)}
            return {"u1": _letters(bytes(places[value] for value in values)), "of": words}
    return None


def unpacked(value: dict[str, Any]) -> Any:
    """Return the list again, as the browser does; what is none stays as it is."""
    if "i2" in value:
        return (np.frombuffer(b64decode(value["i2"]), "<i2") / value["by"]).tolist()
    return [value["of"][place] for place in b64decode(value["u1"])] if "u1" in value else value


def _numbers(values: np.ndarray) -> dict[str, Any] | None:
    for by in (10**places for places in range(_PLACES + 1)):
        whole = np.round(values * by)
        if not np.abs(whole).max() <= _LARGEST:
            return None
        if np.array_equal(whole / by, values):
            return {"i2": _letters(whole.astype("<i2").tobytes()), "by": by}
    return None


def _letters(content: bytes) -> str:
    return b64encode(content).decode()
