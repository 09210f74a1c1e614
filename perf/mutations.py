"""What strangers make of something sound: bytes that were cut or changed, other JSON, other archives and arrays.

All of it comes from one ``random.Random``, so that a seed makes the same again.
"""

from __future__ import annotations

import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ODD_VALUES", "mutated_archive", "mutated_arrays", "mutated_bytes", "mutated_json", "mutated_text"]

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, 1e308, float("nan"), float("inf"), 2**31, 2**63, -(2**64), 10**400),
    *("", " ", "\0", "\ud800", "\u202eevil", "../../etc/passwd", "/etc/passwd", "a" * 5000, "<script>", "é", "0", "nan"),
    *("data:image/png;base64,AAAA", "http://127.0.0.1/a.png", "C:\\a.png", "l1", "e1", "majority", "cat"),
    *([], {}, [[]], [None], {"": None}, [1, "a"], {"a": {"b": []}}, ["x"] * 200),
)
"""What may stand anywhere."""

_EDGES = (0, 1, 0x7F, 0x80, 0xFF)
_NAMES = (
    "../a.png",
    "/a.png",
    "a\\b.png",
    "C:a.png",
    " ",
    "a\0b.png",
    "a/" * 60 + "a.png",
    "é.png",
    ".hidden",
    "a.png/",
    "con.png",
)
_KINDS = ("bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64")


def mutated_bytes(chance: random.Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """The same bytes after one to six changes: of bytes and numbers, of a part that goes, comes twice or from another."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        if not made:
            break
        at, length = chance.randrange(len(made)), chance.randint(1, chance.choice((2, 8, 64, 1024)))
        match chance.randrange(8):
            case 0:
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                made[at] = chance.choice(_EDGES)
            case 2:
                number = chance.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, chance.getrandbits(32)))
                made[at : at + 4] = number.to_bytes(4, chance.choice(("little", "big")))
            case 3:
                del made[at : at + length]
            case 4:
                made[at:at] = made[at : at + length]
            case 5:
                made[at : at + length] = chance.randbytes(length)
            case 6:
                del made[at:]
            case _:
                other = chance.choice(others or (data,))
                begin = chance.randrange(len(other) + 1)
                made[at : at + length] = other[begin : begin + length]
    return bytes(made)


def mutated_text(chance: random.Random, text: str) -> str:
    """A text whose lines were mixed, or cut, or changed."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.choice(",;\t\"'{}[]:\\\r\0\ufeffé/ ") + lines[at][place:]
            case 3:
                lines[at] = lines[at].replace(",", chance.choice((";", "\t", ",,")))
            case _:
                lines[at] = json.dumps(chance.choice(ODD_VALUES))
    return "\n".join(lines)


def mutated_json(chance: random.Random, value: Any) -> Any:
    """The same value with one to four of its parts replaced, gone, doubled or under another name."""
    made = json.loads(json.dumps(value))
    for _ in range(chance.randint(1, 4)):
        made = _changed(chance, made)
    return made


def _changed(chance: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        match chance.randrange(6):
            case 0:
                return {name: part for name, part in value.items() if name != key}
            case 1:
                return {**value, chance.choice(("a", "", key.upper(), key * 2)): value[key]}
            case _:
                return {**value, key: _changed(chance, value[key])}
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        match chance.randrange(6):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value[:at] + [value[at]] * chance.choice((2, 3, 50)) + value[at:]
            case 2:
                return value[::-1]
            case _:
                return [*value[:at], _changed(chance, value[at]), *value[at + 1 :]]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e100 and chance.random() < 0.3:
        return chance.choice((value + 1, -value, value * 1e9, float(value), str(value)))
    return chance.choice(ODD_VALUES)


def mutated_archive(chance: random.Random, entries: Mapping[str, bytes], mutate: Callable[[str, bytes], bytes]) -> bytes:
    """A ZIP of these entries of which some changed, went, came twice or have an odd name; at times its own bytes too."""
    made = dict(entries)
    for _ in range(chance.randint(1, 3)):
        if not made:
            break
        name = chance.choice(list(made))
        match chance.randrange(6):
            case 0:
                del made[name]
            case 1:
                made[chance.choice(_NAMES)] = made[name]
            case _:
                made[name] = mutate(name, made[name])
    buffer = io.BytesIO()
    method = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in made.items():
            archive.writestr(name, data)
            if chance.random() < 0.01:
                archive.writestr(name, data)
    packed = buffer.getvalue()
    return mutated_bytes(chance, packed) if chance.random() < 0.25 else packed


def mutated_arrays(chance: random.Random, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Arrays of which some are gone, of another kind or shape, or hold what no sum gives."""
    made = dict(arrays)
    for _ in range(chance.randint(0, 2)):
        if not made:
            break
        name = chance.choice(list(made))
        array = made[name]
        match chance.randrange(6):
            case 0:
                del made[name]
            case 1:
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    made[name] = array.astype(chance.choice(_KINDS))
            case 2:
                made[name] = chance.choice((array[:1], array[:0], array.ravel(), array[None], array.T))
            case 3:
                with np.errstate(all="ignore"):
                    made[name] = np.full(array.shape, chance.choice((0, 1, -1, 1 << 30))).astype(array.dtype)  # -1 wraps
            case 4 if array.dtype.kind == "f" and array.size:
                made[name] = array.copy()
                odd = (np.nan, np.inf, -np.inf, np.finfo(array.dtype).max, np.finfo(array.dtype).tiny)
                made[name].flat[chance.randrange(array.size)] = chance.choice(odd)
            case _:
                made[chance.choice(("a", "merit", "reliability", "gaussian_weights"))] = array
    return made
