"""What a line calls a picture that is no path here: an address, a path of another system, the picture itself."""

from __future__ import annotations

import base64
import binascii
import os
import re
from urllib.parse import unquote_to_bytes

from sav_core.errors import ImageError

__all__ = ["foreign", "is_address", "is_inline", "read_inline"]

_ADDRESS = re.compile(r"(?!file:)([A-Za-z][A-Za-z0-9+.-]{1,15}):/{1,2}(?=[^/\\])")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\[^\\]+\\")
_BASE64_STARTS = ("/9j/", "iVBORw0KGgo", "UklGR", "R0lGOD", "SUkqA", "TU0AK")  # of JPEG, PNG, WebP, GIF and TIFF
_LEAST_INLINE = 60


def is_address(path: str) -> bool:
    """Tell whether it is an address of the web or of a cloud, such as ``https://`` or ``s3://``."""
    return _ADDRESS.match(path) is not None


def foreign(path: str) -> str:
    """Say in one sentence that a path leads to no file of this computer; nothing where it may."""
    shown = repr(path[:80] + "…" * (len(path) > 80))
    if (address := _ADDRESS.match(path)) is not None:
        where = "on the web" if address[1].lower() in ("http", "https", "ftp") else "in a cloud"
        return f"{shown} lies {where}, and pictures are read from files: download it and name the file."
    if os.name != "nt" and _DRIVE.match(path):
        return f"{shown} is a path of a Windows computer: name the file as it is called here, best relative to the list."
    return ""


def is_inline(path: str) -> bool:
    """Tell whether it is the picture itself: a ``data:`` URI, or base64 as some tables have it."""
    return path.startswith("data:") or (len(path) > _LEAST_INLINE and path.startswith(_BASE64_STARTS))


def read_inline(path: str) -> tuple[bytes, str]:
    """Return the bytes that are written out there, and what to call them.

    Raises:
        ImageError: they are damaged.
    """
    head, _, body = path.partition(",") if path.startswith("data:") else ("data:;base64", "", path)
    name = head.partition(";")[0] if path.startswith("data:") else "base64 text"
    if not head.endswith(";base64"):
        return unquote_to_bytes(body), name
    try:
        return base64.b64decode(re.sub(r"\s", "", unquote_to_bytes(body).decode("ascii")), validate=True), name
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ImageError(f"{name!r} holds base64 that is damaged ({error}): encode the picture again.") from error
