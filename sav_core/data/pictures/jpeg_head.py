"""The first bytes of a JPEG -> its size and how it is coded, without decoding any of it; and how often it is gone over."""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = ["JpegHead", "count_scans", "jpeg_head"]

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers with nothing behind them


class JpegHead(NamedTuple):
    """What the frame header says."""

    width: int
    height: int
    progressive: bool


def jpeg_head(encoded: bytes) -> JpegHead | None:
    """Return what a JPEG says of itself; ``None`` where its beginning is not that of one."""
    place = 2
    while encoded[:2] == b"\xff\xd8" and place + 9 <= len(encoded) and encoded[place] == 0xFF:
        kind = encoded[place + 1]
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", encoded, place + 5)
            return JpegHead(width, height, kind in _PROGRESSIVE)
        if kind == 0xFF or kind in _ALONE:  # padding before a marker may be of any length
            place += 1 if kind == 0xFF else 2
            continue
        place += 2 + struct.unpack_from(">H", encoded, place + 2)[0]
    return None


def count_scans(encoded: bytes) -> int:
    """How many scans a JPEG has: a progressive one some ten. In what is coded, the marker of one cannot stand by chance."""
    return encoded.count(b"\xff\xda")
