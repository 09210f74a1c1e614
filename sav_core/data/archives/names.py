"""The names in a ZIP -> text: what says its encoding is taken at its word, the rest is a guess for all of them together.

Before 2007 a ZIP had no way to say its encoding, and many programs still write that of the computer they run on.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from zipfile import ZipInfo

from sav_core.data.archives.name_guess import ENCODINGS, decoded, guess_encoding

__all__ = ["read_names"]

_UTF8 = 0x800
_UNICODE_PATH = 0x7075


def read_names(entries: Sequence[ZipInfo]) -> tuple[list[str], str]:
    """Decode the names of a ZIP's entries.

    Returns:
        The names in their order, with slashes and without ``./``; and how they were read where that is a guess.
    """
    raw = [_bytes(entry) for entry in entries]
    told = [_told(entry, name) for entry, name in zip(entries, raw, strict=True)]
    untold = [name for name, text in zip(raw, told, strict=True) if text is None or name.isascii()]
    encoding = guess_encoding(untold) if None in told else ""
    names = [decoded(name, encoding) if text is None else text for name, text in zip(raw, told, strict=True)]
    if not any("/" in name for name in names):  # PowerShell 5 separates with backslashes alone
        names = [name.replace("\\", "/") for name in names]
    return [re.sub(r"(^|(?<=/))\./+", "", name) for name in names], ENCODINGS.get(encoding, "")


def _bytes(entry: ZipInfo) -> bytes:
    """The name as it is stored, which zipfile has decoded."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437", "surrogateescape")


def _told(entry: ZipInfo, name: bytes) -> str | None:
    """The name where its encoding is known: by the flag, by Info-ZIP's extra field, or because it is plain ASCII."""
    if entry.flag_bits & _UTF8:
        return entry.orig_filename
    for kind, body in _extra_fields(entry.extra):
        if kind == _UNICODE_PATH and len(body) > 5 and struct.unpack_from("<BI", body) == (1, zlib.crc32(name)):
            try:
                return body[5:].decode("utf-8")
            except UnicodeDecodeError:
                break
    return name.decode("ascii") if name.isascii() else None


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        yield kind, extra[place + 4 : place + 4 + length]
        place += 4 + length
