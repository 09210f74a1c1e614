"""Colour spaces that a file names without holding their profile -> the profile, made here.

Cameras say Adobe RGB by two letters of EXIF, PNG, HEIC and AVIF by code points (ITU-T H.273) or by the chromaticities of
their primaries, and JPEG 2000 keeps its profile where Pillow does not look.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Named", "named_colours"]

Named = tuple[bytes | None, tuple[tuple[str, str], ...]]
"""An ICC profile, if one is named that matters; and a remark where colours are left as they are."""

_D65 = (0.3127, 0.329)
_PRIMARIES = {  # by H.273; what is not here is taken for sRGB
    9: ("BT.2020", ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046))),
    12: ("Display P3", ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))),
}
_REC709 = ("BT.709", ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06)))
_ADOBE = ("Adobe RGB (1998)", ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)))
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}  # of H.273; the others of standard range are near enough to sRGB's
_HDR = {16: "PQ", 18: "HLG"}
_SRGB_CURVE = 0.0  # stands for the curve of sRGB, which is no power

_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])


def named_colours(encoded: bytes, kind: str, info: Mapping[Any, Any]) -> Named:
    """Find the profile of a picture file that Pillow finds none in.

    Args:
        encoded: the file.
        kind: its format, as ``formats.look`` says.
        info: what Pillow read of it.
    """
    if kind == "JPEG 2000":
        return _jpeg2000_profile(encoded), ()
    if kind == "PNG":
        if (codes := re.search(rb"\0\0\0\x04cICP(..)", encoded[:4096], re.DOTALL)) is not None:
            return _of_codes(*codes[1])
        return _of_chromaticities(info), ()
    if kind in ("HEIC", "AVIF") and (codes := re.search(rb"colrnclx(....)", encoded[:16384], re.DOTALL)) is not None:
        return _of_codes(*struct.unpack(">HH", codes[1]))
    adobe = _is_adobe(info.get("exif") or b"")
    return (_profile(*_ADOBE, _D65, 2.19921875) if adobe else None), ()


def _of_codes(primaries: int, transfer: int) -> Named:
    if transfer in _HDR:
        return None, (("broken profile", f"Its colours are HDR ({_HDR[transfer]}), which is not converted in pictures"),)
    if primaries not in _PRIMARIES and transfer not in _GAMMAS:
        return None, ()
    return _profile(*_PRIMARIES.get(primaries, _REC709), _D65, _GAMMAS.get(transfer, _SRGB_CURVE)), ()


def _of_chromaticities(info: Mapping[Any, Any]) -> bytes | None:
    """Of a PNG that says both its primaries and its gamma, and not that it is sRGB."""
    points, gamma = info.get("chromaticity"), info.get("gamma")
    if "srgb" in info or not gamma or not points or len(points) != 8 or min(points[1::2]) <= 0:
        return None
    pairs = tuple(zip(points[::2], points[1::2], strict=True))
    with suppress(np.linalg.LinAlgError):
        return _profile("of its own primaries", pairs[1:], pairs[0], 1 / gamma)
    return None


def _jpeg2000_profile(encoded: bytes) -> bytes | None:
    """The profile in a JP2's colour box; none in a bare codestream."""
    found = re.search(rb"(....)colr[\x02\x03]..", encoded[:65536], re.DOTALL)
    if found is None:
        return None
    (length,) = struct.unpack(">I", found[1])
    return encoded[found.end() : found.start() + length] or None


def _is_adobe(exif: bytes) -> bool:
    """Whether EXIF says Adobe RGB: a colour space of 2, or one that is not said with the mark R03 (DCF 2.0)."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
    with suppress(struct.error):
        if not order:
            return False
        (start,) = struct.unpack_from(f"{order}4xI", exif)
        inner = dict(_entries(exif, order, start)).get(0x8769)
        if inner is None:
            return False
        tags = dict(_entries(exif, order, struct.unpack(f"{order}I", inner)[0]))
        (space,) = struct.unpack_from(f"{order}H", tags.get(0xA001, bytes(2)))
        if space == 0xFFFF and 0xA005 in tags:
            marks = dict(_entries(exif, order, struct.unpack(f"{order}I", tags[0xA005])[0]))
            return marks.get(1, b"")[:3] == b"R03"
        return bool(space == 2)
    return False


def _entries(exif: bytes, order: str, start: int) -> Iterator[tuple[int, bytes]]:
    """The tags of one directory, each with its four bytes."""
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for entry in range(min(count, 1000)):
        yield struct.unpack_from(f"{order}H6x4s", exif, start + 2 + 12 * entry)


@lru_cache(64)
def _profile(name: str, primaries: tuple[tuple[float, float], ...], white: tuple[float, float], gamma: float) -> bytes:
    """A matrix profile (ICC.1:2010) of three primaries and one curve."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    lit = np.array([white[0] / white[1], 1.0, (1 - white[0] - white[1]) / white[1]])
    matrix = columns * np.linalg.solve(columns, lit)
    cone = _BRADFORD @ lit
    matrix = np.linalg.inv(_BRADFORD) @ np.diag(_BRADFORD @ _D50 / cone) @ _BRADFORD @ matrix
    if gamma == _SRGB_CURVE:
        curve = b"para\0\0\0\0\0\3\0\0" + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    else:
        curve = b"para\0\0\0\0\0\0\0\0" + _fixed(gamma)
    text = name.encode()
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78),
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50),
        **{b"%cXYZ" % letter: b"XYZ \0\0\0\0" + _fixed(*column) for letter, column in zip(b"rgb", matrix.T, strict=True)},
        **{b"%cTRC" % letter: curve for letter in b"rgb"},
    }
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s12x4s", start + len(body), bytes(4), 0x04200000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return head.ljust(68, b"\0") + _fixed(*_D50).ljust(60, b"\0") + table + body


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(float(number) * 65536)) for number in numbers)
