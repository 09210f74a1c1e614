"""What a line calls a picture: a path in one of its spellings, an address that is no file here, or the picture itself."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable
from urllib.parse import unquote, unquote_to_bytes

from sav_core.data.formats import HEAD_BYTES, look
from sav_core.errors import ImageError

__all__ = ["foreign", "is_address", "is_inline", "read_inline", "spellings"]

_ADDRESS = re.compile(r"(?!file:)([a-z][a-z0-9+.-]{1,15}):(/{1,2})(?=[^/\\])", re.IGNORECASE)
_WEB = {"http", "https", "ftp", "ftps", "sftp"}
_CLOUDS = {
    "s3",
    "s3a",
    "s3n",
    "gs",
    "gcs",
    "hf",
    "az",
    "azure",
    "abfs",
    "abfss",
    "wasb",
    "wasbs",
    "adl",
    "dbfs",
    "oss",
    "r2",
}
_FILE = re.compile(r"file:(//(localhost(?=/))?)?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]+\\")
_UNSEEN = " \t\r\n\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e"

_BARE = re.compile(r"(?:b['\"]|base64[,:]\s*|image/[\w.+-]+;base64,)?([A-Za-z0-9+/_-][A-Za-z0-9+/_\s-]*={0,2}\s*)['\"]?\Z")
_LEAST_INLINE = 60
_HEAD = 4 * HEAD_BYTES // 3 // 4 * 4  # characters of base64 that tell what the bytes are
_FROM_URLS = str.maketrans("-_", "+/")


def spellings(path: str) -> list[str]:
    """What a line may mean by a path, the likeliest first: what is written there before what it may stand for.

    Windows' slashes turned, ``file:`` and percent signs undone, spaces and marks that nobody sees taken from its ends,
    what follows a question or number sign, and what Label Studio puts before a path of its own.
    """
    if given := _FILE.match(path):
        return [unquote(path[given.end() :])]
    changes: tuple[Callable[[str], str], ...] = (
        lambda name: name.replace("\\", "/"),
        lambda name: name.strip(_UNSEEN),
        lambda name: name.partition("?d=")[2] or name,
        lambda name: re.split("[?#]", name)[0],
        unquote,
    )
    found = [path]
    for change in changes:
        found += [changed for name in list(found) if (changed := change(name)) and changed not in found]
    return found


def is_address(path: str) -> bool:
    """Tell whether it is an address of the web or of a cloud, such as ``https://`` or ``s3://``."""
    return bool(_scheme(path))


def foreign(path: str) -> str:
    """Say in one sentence that a path leads to no file of this computer; nothing where it may."""
    shown = repr(path[:80] + "…" * (len(path) > 80))
    if scheme := _scheme(path):
        where = (
            "lies on the web" if scheme in _WEB else "lies in a cloud" if scheme in _CLOUDS else f"is a {scheme!r} address"
        )
        return f"{shown} {where}, and pictures are read from files: download it and name the file."
    if os.name != "nt" and _DRIVE.match(path):
        return f"{shown} is a path of a Windows computer: name the file as it is called here, best relative to the list."
    return ""


def is_inline(path: str) -> bool:
    """Tell whether it is the picture itself: a ``data:`` URI, or base64 as some tables have it."""
    if path[:5].lower() == "data:":
        return True
    return len(path) > _LEAST_INLINE and "." not in path[:_LEAST_INLINE].partition(",")[0] and _holds_picture(path)


def read_inline(path: str) -> tuple[bytes, str]:
    """Return the bytes that are written out there, and what to call them.

    Raises:
        ImageError: they are damaged.
    """
    if path[:5].lower() != "data:":
        return _from_base64(_BARE.sub(r"\1", path), "base64 text"), "base64 text"
    start = path[:1000].lower().find(";base64,")
    head, _, body = path.partition(",") if start < 0 else (path[:start] + ";base64", ",", path[start + len(";base64,") :])
    kind, *options = head.split(";")
    name = kind.lower()[:60]
    if "base64" in map(str.lower, options) or _holds_picture(body):
        return _from_base64(unquote(body), name), name
    return unquote_to_bytes(body), name


def _scheme(path: str) -> str:
    """The scheme of an address; a single slash, as tidied paths have it, is one only after a known scheme."""
    found = _ADDRESS.match(path)
    if found is None:
        return ""
    scheme = found[1].lower()
    return scheme if len(found[2]) == 2 or scheme in _WEB | _CLOUDS else ""


def _holds_picture(text: str) -> bool:
    """Whether a text is base64 whose first bytes are those of a picture, of a format that is read or not."""
    found = _BARE.match(text if len(text) < 2 * _HEAD else text[: 2 * _HEAD].rstrip("="))
    if found is None:
        return False
    plain = re.sub(r"[\s=]", "", found[1]).translate(_FROM_URLS)[:_HEAD]
    return look(base64.b64decode(plain[: len(plain) // 4 * 4]), "") is not None


def _from_base64(text: str, name: str) -> bytes:
    plain = re.sub(r"\s", "", text).rstrip("=").translate(_FROM_URLS)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError(f"{name!r} holds base64 that is damaged ({error}): encode the picture again.") from error
