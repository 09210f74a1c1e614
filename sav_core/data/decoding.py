"""Untrusted bytes -> upright RGB pixels: every common picture format, or one clear sentence.

A file is judged by its first bytes, never by its name, and only the one decoder those bytes call for sees it. Size is
checked on the header, before any pixel has memory. Pillow's global state stays as it is, so all of this is thread-safe.
"""

from __future__ import annotations

import io
import re
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

import numpy as np
from PIL import ExifTags, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from sav_core.errors import ImageError

__all__ = ["MAX_ASPECT", "MAX_PIXELS", "decode", "to_rgb"]

MAX_PIXELS = 1 << 26
"""The largest picture, 8192 x 8192: what a 64-megapixel camera takes; decoded it needs 256 MiB."""

MAX_ASPECT = 200
"""The longest side over the shortest: beyond it the image processors of Qwen-VL refuse too."""

_FORMATS: tuple[tuple[str, re.Pattern[bytes], Callable[[io.BytesIO], Image.Image]], ...] = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    ("JPEG", re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    ("WebP", re.compile(rb"RIFF....WEBP", re.DOTALL), WebPImageFile),
    ("GIF", re.compile(rb"GIF8[79]a"), GifImageFile),
    ("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]"), TiffImageFile),
    # AVIF and HEIC share a container; the generic brands mif1 and msf1 name the coding among the compatible brands.
    ("AVIF", re.compile(rb"....ftyp(avi[fs]|m[is]f1.{4}(.{4}){0,8}avi[fs])", re.DOTALL), AvifImageFile),
    ("HEIC", re.compile(rb"....ftyp(hei[cmsx]|hev[cmsx]|m[is]f1)", re.DOTALL), HeifImageFile),
    ("BMP", re.compile(rb"BM"), BmpImageFile),
)

# A HEIC may crop what it decodes, so the size it announces says nothing of the memory it takes; these boxes say it.
_HEIC_SIZE = re.compile(rb"ispe\0{4}(.{8})", re.DOTALL)

_TALKATIVE = {"TIFF", "GIF"}  # their plugins warn about odd tags, and about frames larger than the picture

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_FILTERS = threading.Lock()


def decode(encoded: bytes, name: str) -> Image.Image:
    """Decode the bytes of a picture file, its first frame if there are several.

    Raises:
        ImageError: they are empty, not a picture of a known format, too large, truncated or damaged.
    """
    if not encoded:
        raise ImageError(f"{name!r} is empty: an image file was expected, so copy or download it again.")
    kind, plugin = next(((kind, plugin) for kind, start, plugin in _FORMATS if start.match(encoded)), (None, None))
    if plugin is None:
        raise ImageError(
            f"{name!r} is not a PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or AVIF image, by what it begins with: "
            "save it as one of these."
        )
    with _in_one_sentence(f"{name!r} begins like {kind} but"):
        with _hushed() if kind in _TALKATIVE else nullcontext():
            image = plugin(io.BytesIO(encoded))
            _check_size(image.size, name)
            for box in _HEIC_SIZE.findall(encoded) if kind == "HEIC" else ():
                _check_size(struct.unpack(">II", box), name)
            if kind in _TALKATIVE:
                image.load()
        rgb = _convert(image)
    rgb.info = {}  # among it the orientation: whoever opens these pixels again must not turn them once more
    return rgb


def to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Convert an image of any mode: transparent parts over white, 16-bit scaled, the EXIF rotation applied.

    What is upright RGB already comes back as it is.

    Raises:
        ImageError: it is too large, or its file turns out damaged when Pillow reads the pixels.
    """
    _check_size(image.size, name)
    with _in_one_sentence(f"{name!r}"):
        return _convert(image)


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    shown = f"{name!r} has {width:,} x {height:,} pixels"
    if min(size) < 1:
        raise ImageError(f"{shown}, but an image needs at least one: save it again.")
    if width * height > MAX_PIXELS:
        raise ImageError(f"{shown}, more than the {MAX_PIXELS:,} that are read: make it smaller.")
    if max(size) > MAX_ASPECT * min(size):
        raise ImageError(f"{shown}, a side more than {MAX_ASPECT} times the other: crop it.")


def _convert(image: Image.Image) -> Image.Image:
    image.load()
    turn = _TURNS.get(_orientation(image.info.get("exif") or b""))
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        image = _to_eight_bit(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        rgb = Image.new("RGB", image.size, "white")
        rgb.paste(layer, mask=layer)
    else:
        rgb = image if image.mode == "RGB" else image.convert("RGB")
    return rgb if turn is None else rgb.transpose(turn)


def _orientation(exif: bytes) -> int:
    """Find the orientation in an EXIF block, 1 where there is none.

    Pillow's own reader complains about, or falls over, garbled tags that take nothing from sound pixels.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    with suppress(struct.error):
        (start,) = struct.unpack_from(f"{order}4xI", exif)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(count):
            tag, value = struct.unpack_from(f"{order}H6xH", exif, start + 2 + 12 * entry)
            if tag == ExifTags.Base.Orientation:
                return int(value)
    return 1


def _to_eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float greys to 0..255.

    Unsigned 16-bit has a fixed range. The others run over the smallest of 0..1, 0..255 and 0..65535 that holds all
    their values, else from their minimum to their maximum.
    """
    values = np.asarray(image)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))  # 65535 = 255 * 257
    values = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    ceiling = next((ceiling for ceiling in (1.0, 255.0, 65535.0) if low >= 0 and high <= ceiling), None)
    if ceiling is None:
        values, ceiling = values - low, high - low or 1.0
    return Image.fromarray(np.rint(values * (255 / ceiling)).astype(np.uint8))


@contextmanager
def _in_one_sentence(what: str) -> Iterator[None]:
    """Turn whatever a decoder throws at damaged bytes, MemoryError and struct.error included, into one ImageError."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        cause = " ".join(str(error).split())[:100].rstrip(".") or type(error).__name__
        raise ImageError(f"{what} cannot be decoded ({cause}): it is damaged or incomplete, so replace it.") from error


@contextmanager
def _hushed() -> Iterator[None]:
    """Silence Pillow's warnings, one thread at a time, because warning filters belong to the process."""
    with _FILTERS, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        yield
