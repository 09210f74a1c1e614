"""A picture from wherever it comes: a path, bytes, an array or a PIL image, as one immutable value.

    picture = as_picture("cat.heic")        # a path, bytes, a PIL image, a uint8 array
    picture.size, picture.digest            # (width, height) after EXIF rotation, SHA-256 of the pixels
    picture.rgb()                           # a fresh PIL image, yours to change

What the bytes may be, and what is refused, is the business of `decoding`.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from sav_core.data.decoding import MAX_PIXELS, decode, to_rgb
from sav_core.errors import ImageError

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_FILE_BYTES",
    "Picture",
    "PictureLike",
    "as_picture",
    "open_picture",
    "read_picture",
]

IMAGE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".heic", ".heif", ".hif", ".avif"}
)
"""File names that are taken for pictures when a folder is searched; a file that is named outright may have any."""

MAX_FILE_BYTES = MAX_PIXELS * 8
"""The largest file: the largest picture in 16-bit RGBA without compression."""

_KEPT_PIXELS = 640 * 480  # up to here, COCO's size, decoding again costs more than the 900 KiB it would save


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """One decoded, upright RGB picture; equal to every other with the same pixels, whatever file they came in.

    Made by `as_picture`. Small pictures keep their pixels; larger ones keep the encoded bytes and decode again on
    demand, so that a thousand photographs fit into memory and a file that changes on disk changes no example.

    Attributes:
        name: what to call it in messages.
        size: ``(width, height)``.
        digest: SHA-256 of size and pixels, in hexadecimal; the identity of the picture.
    """

    name: str = field(compare=False)
    size: tuple[int, int] = field(compare=False)
    digest: str
    _pixels: bytes | None = field(compare=False)
    _encoded: bytes | None = field(compare=False)

    def __repr__(self) -> str:
        return f"Picture({self.name!r}, {self.size[0]} x {self.size[1]})"

    @property
    def encoded(self) -> bytes:
        """The file as it was read; a PNG when the picture came from an array or a PIL image."""
        return _as_png(self.rgb()) if self._encoded is None else self._encoded

    @property
    def held_bytes(self) -> int:
        """How much memory it takes, as pixels and as the file it was read from."""
        return len(self._pixels or b"") + len(self._encoded or b"")

    def rgb(self) -> Image.Image:
        """Return the pixels as a PIL image of mode ``RGB``, a new one at every call."""
        if self._pixels is not None:
            return Image.frombytes("RGB", self.size, self._pixels)
        return decode(self.encoded, self.name)

    def thumbnail(self, edge: int = 256) -> Image.Image:
        """Return a copy whose longer side has at most ``edge`` pixels."""
        image = self.rgb()
        image.thumbnail((edge, edge))
        return image


PictureLike: TypeAlias = str | os.PathLike[str] | bytes | Image.Image | npt.NDArray[Any] | Picture
"""What `as_picture` opens."""


def as_picture(source: PictureLike, name: str | None = None) -> Picture:
    """Open a picture from whatever holds one.

    Args:
        source: a path, the bytes of a file, a PIL image, a Picture, or a ``uint8`` array ``(row, column)``,
            ``(row, column, 3)`` or ``(row, column, 4)``.
        name: what to call it in messages; the file's name unless given.

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    match source:
        case Picture():
            return source if name is None else replace(source, name=name)
        case str() | os.PathLike():
            return open_picture(source, name)
        case bytes():
            return read_picture(source, name or "image")
        case np.ndarray():
            return _from_array(source, name or "image")
        case Image.Image():
            name = name or Path(os.fsdecode(getattr(source, "filename", ""))).name or "image"
            return _picture(to_rgb(source, name), name)
    raise ImageError(
        f"An image is a path, bytes, a PIL image, a uint8 array or a Picture, but {type(source).__name__} came."
    )


def open_picture(path: str | os.PathLike[str], name: str | None = None) -> Picture:
    """Open a picture file; it is read once, and later changes to the file do not matter.

    Raises:
        ImageError: there is no such file, or it is not a readable picture.
    """
    file, shown = Path(path), (name or str(path))[-200:]
    try:
        if file.is_dir():
            raise ImageError(f"{shown!r} is a folder, but an image file was expected: name a file in it.")
        if not file.is_file():  # also a pipe or a device, which could block or never end
            raise ImageError(f"There is no image file {shown!r}: check the path.")
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ImageError(f"{shown!r} is larger than {MAX_FILE_BYTES >> 20} MiB: make the image smaller.")
        encoded = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{shown!r} cannot be read ({reason}): check the path and its permissions.") from error
    return read_picture(encoded, name or file.name)


def read_picture(encoded: bytes, name: str = "image") -> Picture:
    """Decode the bytes of a picture file.

    Raises:
        ImageError: they are empty, not a picture of a known format, too large, truncated or damaged.
    """
    return _picture(decode(encoded, name), name, encoded)


def _picture(rgb: Image.Image, name: str, encoded: bytes | None = None) -> Picture:
    pixels = rgb.tobytes()
    digest = hashlib.sha256(b"%dx%d:" % rgb.size)
    digest.update(pixels)
    if rgb.width * rgb.height <= _KEPT_PIXELS:
        return Picture(name, rgb.size, digest.hexdigest(), pixels, encoded)
    return Picture(name, rgb.size, digest.hexdigest(), None, encoded or _as_png(rgb))


def _from_array(array: npt.NDArray[Any], name: str) -> Picture:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,), (4,)):
        raise ImageError(
            f"{name!r} must be a uint8 array (row, column), (row, column, 3) or (row, column, 4), but is "
            f"{array.dtype} {array.shape}: scale it to 0..255 and convert it with astype('uint8')."
        )
    return _picture(to_rgb(Image.fromarray(np.ascontiguousarray(array)), name), name)


def _as_png(rgb: Image.Image) -> bytes:
    buffer = io.BytesIO()
    rgb.save(buffer, "PNG", compress_level=1)  # the other levels are several times slower for little
    return buffer.getvalue()
