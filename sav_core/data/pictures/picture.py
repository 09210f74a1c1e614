"""A picture from wherever it comes: a path, bytes, an array or a PIL image, as one immutable value.

    picture = as_picture("cat.heic")        # a path, bytes, a PIL image, an array
    picture.size, picture.digest            # (width, height) after EXIF rotation, SHA-256 of the pixels
    picture.rgb()                           # a fresh PIL image, yours to change

What the bytes may be, and what is refused, is the business of `decoding`.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from sav_core.data.allowance import FILE_BYTES, allowance
from sav_core.data.pictures.decoding import MAX_PIXELS, Decoded, decode_whole, raster_rgb, whole_rgb
from sav_core.data.pictures.levels import Levels, Spread, range_for
from sav_core.data.pictures.processes import FoundPicture, in_processes, read_pixels, read_stranger
from sav_core.data.pictures.raster import array_raster, raster_file
from sav_core.data.places import foreign, is_inline, read_inline
from sav_core.errors import ImageError

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_FILE_BYTES",
    "Picture",
    "PictureLike",
    "as_picture",
    "open_picture",
    "read_picture",
    "take_picture",
]

IMAGE_SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".pgm", ".ppm", ".pbm", ".pnm"}
)
"""File names that are taken for pictures; what is called otherwise is known by its first bytes."""

MAX_FILE_BYTES = MAX_PIXELS * 8
"""The largest file: the largest picture in 16-bit RGBA without compression."""

_LONGEST_NAME = 120  # of a file in a message

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
        spread: how its values lie, where they have more than eight bits.
        levels: which of these values are black and white; ``None`` where no set has decided that.
        remarks: what was converted or guessed, ``(kind, sentence without its full stop)``.
    """

    name: str = field(compare=False)
    size: tuple[int, int] = field(compare=False)
    digest: str
    _pixels: bytes | None = field(compare=False)
    _encoded: bytes | None = field(compare=False)
    spread: Spread | None = field(compare=False, default=None)
    levels: Levels | None = field(compare=False, default=None)
    remarks: tuple[tuple[str, str], ...] = field(compare=False, default=())

    def __repr__(self) -> str:
        return f"Picture({self.name!r}, {self.size[0]} x {self.size[1]})"

    @property
    def encoded(self) -> bytes:
        """The file as it was read; a PNG, or a TIFF of more than eight bits, when it came from an array or a PIL image."""
        return _as_png(self.rgb()) if self._encoded is None else self._encoded

    @property
    def pixels(self) -> bytes | None:
        """The pixels in RGB of a small picture, which are kept; ``None`` where they are decoded again each time."""
        return self._pixels

    @property
    def held_bytes(self) -> int:
        """How much memory it takes, as pixels and as the file it was read from."""
        return len(self._pixels or b"") + len(self._encoded or b"")

    @property
    def buffers(self) -> dict[int, int]:
        """The bytes of each part of that, by its identity: a picture under two names takes it once."""
        return {id(part): len(part) for part in (self._pixels, self._encoded) if part}

    def rgb(self) -> Image.Image:
        """Return the pixels as a PIL image of mode ``RGB``, a new one at every call."""
        if self._pixels is not None:
            return Image.frombytes("RGB", self.size, self._pixels)
        if in_processes():
            return Image.frombytes("RGB", *read_pixels(self.encoded, self.name, self.levels))
        return decode_whole(self.encoded, self.name, self.levels).rgb

    def at_levels(self, levels: Levels | None) -> Picture:
        """Return the same file read with other values for black and white; itself where it has eight bits."""
        if self.spread is None or levels == self.levels:
            return self
        if range_for(self.spread, levels) == range_for(self.spread, self.levels):
            return replace(self, levels=levels)
        return read_picture(self.encoded, self.name, levels)

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
        source: a path, a ``data:`` URI, the bytes of a file, a PIL image, a Picture, or an array ``(row, column)``,
            ``(row, column, 1)``, ``(row, column, 3)`` or ``(row, column, 4)`` of any kind of number; all but ``uint8`` are
            scaled as such values in files are.
        name: what to call it in messages; the file's name unless given.

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    match source:
        case Picture():
            return source if name is None else replace(source, name=name)
        case str() if is_inline(source):
            encoded, called = read_inline(source)
            return read_picture(encoded, name or called)
        case str() | os.PathLike():
            return open_picture(source, name)
        case bytes():
            return read_picture(source, name or "image")
        case np.ndarray():
            return _from_array(source, name or "image")
        case Image.Image():
            name = name or Path(os.fsdecode(getattr(source, "filename", ""))).name or "image"
            found = whole_rgb(source, name)
            return _picture(found, name, None if found.spread is None else _as_tiff(source))
    raise ImageError(
        f"An image is a path, bytes, a PIL image, an array of numbers or a Picture, but {type(source).__name__} came."
    )


def open_picture(path: str | os.PathLike[str], name: str | None = None) -> Picture:
    """Open a picture file; it is read once, and later changes to the file do not matter.

    Raises:
        ImageError: there is no such file, or it is not a readable picture.
    """
    file, shown = Path(path), (name or str(path))
    shown = shown if len(shown) <= _LONGEST_NAME else f"…{shown[-_LONGEST_NAME:]}"
    try:
        if file.is_dir():
            raise ImageError(f"{shown!r} is a folder, but an image file was expected: name a file in it.")
        if not file.is_file():  # also a pipe or a device, which could block or never end
            raise ImageError(foreign(str(path)) or f"There is no image file {shown!r}: check the path.")
        most = MAX_FILE_BYTES if allowance() is None else FILE_BYTES
        if file.stat().st_size > most:
            raise ImageError(f"{shown!r} is larger than {most >> 20} MiB: make the image smaller.")
        encoded = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{shown!r} cannot be read ({reason}): check the path and its permissions.") from error
    return read_picture(encoded, name or file.name)


def read_picture(encoded: bytes, name: str = "image", levels: Levels | None = None) -> Picture:
    """Decode the bytes of a picture file.

    Args:
        encoded: the file.
        name: what to call it in messages.
        levels: which of its values are black and white, where they have more than eight bits and a set has decided that.

    Raises:
        ImageError: they are empty, not a picture of a known format, too large, truncated or damaged.
    """
    return _counted(encoded, name, levels, lambda: _read(encoded, name, levels))


def take_picture(encoded: bytes, name: str, found: FoundPicture) -> Picture:
    """Return the picture that a worker process has read already, as ``read_picture`` would."""
    return _counted(encoded, name, None, lambda: _found(encoded, name, None, found))


def _counted(encoded: bytes, name: str, levels: Levels | None, read: Callable[[], Picture]) -> Picture:
    """What ``read`` returns, under this name; an allowance that is open counts it, once for all names it has."""
    allowed = allowance()
    if allowed is None:
        return read()
    picture = allowed.once(encoded, str(levels), read, lambda picture: picture.held_bytes)
    return picture if picture.name == name else replace(picture, name=name)


def _read(encoded: bytes, name: str, levels: Levels | None) -> Picture:
    if in_processes():
        return _found(encoded, name, levels, read_stranger(encoded, name, levels))
    return _picture(decode_whole(encoded, name, levels), name, encoded, levels)


def _found(encoded: bytes, name: str, levels: Levels | None, found: FoundPicture) -> Picture:
    known = None if found.spread is None else levels
    return Picture(name, found.size, found.digest, found.pixels, encoded, found.spread, known, found.remarks)


def _picture(found: Decoded, name: str, encoded: bytes | None = None, levels: Levels | None = None) -> Picture:
    rgb = found.rgb
    pixels = rgb.tobytes()
    digest = hashlib.sha256(b"%dx%d:" % rgb.size)
    digest.update(pixels)
    small = rgb.width * rgb.height <= _KEPT_PIXELS
    kept, encoded = (pixels, encoded) if small else (None, encoded or _as_png(rgb))
    levels = None if found.spread is None else levels
    return Picture(name, rgb.size, digest.hexdigest(), kept, encoded, found.spread, levels, found.remarks)


def _from_array(array: npt.NDArray[Any], name: str) -> Picture:
    if array.dtype.kind not in "buif" or array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,), (4,)):
        first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        raise ImageError(
            f"{name!r} must be an array of numbers (row, column), (row, column, 3) or (row, column, 4), but is "
            f"{array.dtype} {array.shape}: {'put its channels last' if first else 'give one picture of such a shape'}."
        )
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint8:
        flat = array[..., 0] if array.shape[2:] == (1,) else array
        return _picture(whole_rgb(Image.fromarray(np.ascontiguousarray(flat)), name), name)
    found = raster_rgb(array_raster(array), name)
    return _picture(found, name, raster_file(array))


def _as_png(rgb: Image.Image) -> bytes:
    buffer = io.BytesIO()
    rgb.save(buffer, "PNG", compress_level=1)  # the other levels are several times slower for little
    return buffer.getvalue()


def _as_tiff(image: Image.Image) -> bytes:
    """All values of an image of more than eight bits, which a later rule for its set may scale otherwise."""
    buffer = io.BytesIO()
    values = np.asarray(image)
    plain = Image.fromarray(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="))))
    plain.save(buffer, "TIFF", exif=image.info.get("exif", b""))
    return buffer.getvalue()
