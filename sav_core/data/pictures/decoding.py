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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from sav_core.data.formats import HEAD_BYTES, RAW, look, refusal
from sav_core.data.pictures.colour import to_srgb
from sav_core.data.pictures.colour_names import named_colours
from sav_core.data.pictures.levels import Levels, Spread, range_for, scaled, spread_of
from sav_core.data.pictures.no_data import missing_in
from sav_core.data.pictures.raster import Raster, png_raster, tiff_raster, tiff_tags
from sav_core.errors import ImageError

__all__ = ["MAX_ASPECT", "MAX_PIXELS", "Decoded", "decode", "decode_whole", "raster_rgb", "to_rgb", "whole_rgb"]

MAX_PIXELS = 1 << 26
"""The largest picture, 8192 x 8192: what a 64-megapixel camera takes; decoded it needs 256 MiB."""

MAX_ASPECT = 200
"""The longest side over the shortest: beyond it the image processors of Qwen-VL refuse too."""


_MOST_TILES, _FREE_TILE = 4, 1 << 22
"""Pixels of all tiles over those of the picture, which they reach beyond; and so many may be of any picture."""


class _Jpeg(JpegImageFile):
    """A JPEG whose EXIF is not asked for dots an inch: where it is garbled, Pillow would refuse sound pixels for that."""

    def _read_dpi_from_exif(self) -> None:
        pass


_PLUGINS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "PNG": PngImageFile,
    "JPEG": _Jpeg,
    "WebP": WebPImageFile,
    "GIF": GifImageFile,
    "TIFF": TiffImageFile,
    "AVIF": AvifImageFile,
    "HEIC": HeifImageFile,
    "JPEG 2000": Jpeg2KImageFile,
    "BMP": BmpImageFile,
    "PNM": PpmImageFile,
}

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


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A picture as it was decoded.

    Attributes:
        rgb: the upright pixels.
        spread: how its values lie, where they have more than eight bits.
        remarks: what was converted or guessed, ``(kind, sentence without its full stop)``.
    """

    rgb: Image.Image
    spread: Spread | None = None
    remarks: tuple[tuple[str, str], ...] = ()


def decode(encoded: bytes, name: str) -> Image.Image:
    """Decode the bytes of a picture file, its first frame if there are several.

    Raises:
        ImageError: they are empty, not a picture of a known format, too large, truncated or damaged.
    """
    return decode_whole(encoded, name).rgb


def decode_whole(encoded: bytes, name: str, levels: Levels | None = None) -> Decoded:
    """Decode the bytes of a picture file, and say what had to be converted.

    Args:
        encoded: the file.
        name: what to call it in messages; a RAW file that looks like a TIFF is also known by its ending.
        levels: black and white of values of more than eight bits, see ``sav_core.data.pictures.levels.range_for``.

    Raises:
        ImageError: they are empty, not a picture of a known format, too large, truncated or damaged.
    """
    if not encoded:
        raise ImageError(f"{name!r} is empty: an image file was expected, so copy or download it again.")
    seen = look(encoded[:HEAD_BYTES], name)
    if seen is None or not seen.read:
        # An ending says what a file should be, and its bytes what it is.
        known = look(encoded[:HEAD_BYTES], "")
        raise ImageError(refusal(name, seen.kind if seen and (known or seen.kind == RAW) else "", encoded[:HEAD_BYTES]))
    kind = seen.kind
    # The filters of warnings belong to the process, so only those decoders wait for one another that use them.
    talkative = kind in _TALKATIVE or b"acTL" in encoded[:4096]
    with _in_one_sentence(f"{name!r} begins like {kind} but"), _heard(talkative) as heard:
        found = _decoded(encoded, kind, name, levels)
    found.rgb.info = {}  # among it the orientation: whoever opens these pixels again must not turn them once more
    complaints = tuple(("warning", f"Pillow says: {' '.join(text.split())[:120].rstrip('.')}") for text in heard)
    return Decoded(found.rgb, found.spread, (*found.remarks, *dict.fromkeys(complaints)))


def to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Convert an image of any mode: transparent parts over white, 16-bit scaled, the EXIF rotation applied.

    What is upright RGB already comes back as it is.

    Raises:
        ImageError: it is too large, or its file turns out damaged when Pillow reads the pixels.
    """
    return whole_rgb(image, name).rgb


def whole_rgb(image: Image.Image, name: str) -> Decoded:
    """Convert an image as ``to_rgb`` does, and say what had to be converted."""
    _check_size(image.size, name)
    with _in_one_sentence(f"{name!r}"):
        image.load()
        return _converted(image, None)


def raster_rgb(raster: Raster, name: str) -> Decoded:
    """Scale values of more than eight bits by their own range, as ``decode_whole`` does without levels.

    Raises:
        ImageError: there are too many or none.
    """
    height, width = raster.values.shape[:2]
    _check_size((width, height), name)
    return _of_raster(raster, None, 1, None)


def _decoded(encoded: bytes, kind: str, name: str, levels: Levels | None) -> Decoded:
    raster, pages = None, 1
    if kind == "TIFF":
        tags = tiff_tags(encoded)
        if tags.raw:
            raise ImageError(refusal(name, RAW))
        if not {256, 257} <= tags.first.keys():
            raise ValueError("it has no width or no height")
        size = _number(tags.first[256]), _number(tags.first[257])
        _check_size(size, name)
        _check_tiles(size, _number(tags.first.get(322)), _number(tags.first.get(323)), name)
        raster, pages = tiff_raster(encoded, tags, name), tags.pages
        if raster is not None:
            exif = int(_number(tags.first.get(ExifTags.Base.Orientation)) or 1)
            found = _of_raster(raster, levels, exif, tags.first.get(34675))
            return _with_pages(found, pages)
    image = _PLUGINS[kind](io.BytesIO(encoded))
    _check_size(image.size, name)
    for box in _HEIC_SIZE.findall(encoded) if kind == "HEIC" else ():
        _check_size(struct.unpack(">II", box), name)
    said: tuple[tuple[str, str], ...] = ()
    if not image.info.get("icc_profile"):
        image.info["icc_profile"], said = named_colours(encoded, kind, image.info)
    if kind == "PNG" and (raster := png_raster(encoded)) is not None:
        found = _of_raster(raster, levels, _orientation(image.info.get("exif") or b""), image.info.get("icc_profile"))
        return _with_pages(_remarked(found, said), getattr(image, "n_frames", 1))
    packed = "I;12" in str(getattr(image, "tile", ""))
    image.load()
    if kind == "PNM" and image.mode == "I":  # which Pillow has scaled to 16 bits by what the file says
        image = Image.fromarray(scaled(np.asarray(image), 0.0, 65535.0))
    found = _converted(image, levels, "uint12" if packed else "")
    if kind in ("PNG", "WebP", "GIF"):
        with suppress(EOFError, SyntaxError, OSError, struct.error):  # a damaged frame that nobody asked for
            pages = getattr(image, "n_frames", 1)
    return _with_pages(_remarked(found, said), pages)


def _remarked(found: Decoded, remarks: tuple[tuple[str, str], ...]) -> Decoded:
    return Decoded(found.rgb, found.spread, (*found.remarks, *remarks)) if remarks else found


def _with_pages(found: Decoded, pages: int) -> Decoded:
    if pages < 2:
        return found
    return _remarked(found, (("frames", "Only the first frame or page is read"),))


def _number(value: Any) -> int:
    value = value[0] if isinstance(value, tuple) and value else value
    return int(value) if isinstance(value, (int, float)) else 0


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    shown = f"{name!r} has {width:,} x {height:,} pixels"
    if min(size) < 1:
        raise ImageError(f"{shown}, but an image needs at least one: save it again.")
    if width * height > MAX_PIXELS:
        raise ImageError(f"{shown}, more than the {MAX_PIXELS:,} that are read: make it smaller.")
    if max(size) > MAX_ASPECT * min(size):
        raise ImageError(f"{shown}, a side more than {MAX_ASPECT} times the other: crop it.")


def _check_tiles(size: tuple[int, int], width: int, height: int, name: str) -> None:
    """Refuse a TIFF of tiles that take far more than the picture, as only one made to do harm has them."""
    across, down = (-(-whole // max(1, tile)) * tile for whole, tile in zip(size, (width, height), strict=True))
    if across * down > max(_FREE_TILE, _MOST_TILES * size[0] * size[1]):
        raise ImageError(
            f"{name!r} has {size[0]:,} x {size[1]:,} pixels in tiles of {width:,} x {height:,}, far more: save it again."
        )


def _converted(image: Image.Image, levels: Levels | None, kind: str = "") -> Decoded:
    """Make loaded pixels of any mode upright RGB."""
    info = image.info
    orientation, profile = _orientation(info.get("exif") or b""), info.get("icc_profile")
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        values = np.asarray(image)
        values = values.astype(values.dtype.newbyteorder("="))[..., None]
        clear = info.get("transparency")  # of a grey PNG, the one value that is seen through
        alpha = (values[..., 0] != clear).astype(np.uint8) * np.uint8(255) if isinstance(clear, int) else None
        return _of_raster(Raster(values, kind or values.dtype.name, alpha), levels, orientation, profile)
    if image.mode == "LA":
        grey, remarks = to_srgb(image.getchannel("L"), profile)
        rgb = _over_white(grey, image.getchannel("A"))
    elif image.has_transparency_data:
        layer, remarks = to_srgb(image.convert("RGBA"), None if image.mode in ("L", "1") else profile)
        rgb = _over_white(layer, layer)
    else:
        rgb, remarks = to_srgb(image if image.mode != "P" else image.convert("RGB"), profile)
    return Decoded(_turned(rgb, orientation), None, remarks)


def _of_raster(raster: Raster, levels: Levels | None, orientation: int, profile: Any) -> Decoded:
    """Scale a picture's values to eight bits, by the levels of its set or by its own."""
    values, spread, black, white = raster.values, None, 0.0, 255.0
    remarks: tuple[tuple[str, str], ...] = ()
    if raster.kind != "uint8":
        missing = missing_in(values, raster.nodata)
        spread = spread_of(values, raster.kind, None if missing is None else missing.value)
        guessed = levels is None and missing is not None and not missing.told
        # Files that know no levels are of a time when no such value was guessed.
        black, white = range_for(spread_of(values, raster.kind) if guessed else spread, levels)
        if missing is not None:
            remarks = (missing.remark,)
            if missing.value is not None:
                values = np.where(values == missing.value, np.array(black).astype(values.dtype), values)
    eight = scaled(values, black, white)
    if raster.inverted:
        eight = 255 - eight
    image = Image.fromarray(eight[..., 0] if eight.shape[-1] == 1 else eight)
    rgb, converted = to_srgb(image, profile)
    remarks = (*remarks, *converted)
    if raster.alpha is not None:
        rgb = _over_white(rgb, Image.fromarray(raster.alpha))
    if raster.bands:
        remarks = (*remarks, ("bands", raster.bands))
    return Decoded(_turned(rgb, orientation), spread, remarks)


def _over_white(layer: Image.Image, mask: Image.Image) -> Image.Image:
    rgb = Image.new("RGB", layer.size, "white")
    rgb.paste(layer, mask=mask)
    return rgb


def _turned(rgb: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
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


_RARE = re.compile(r"cannot handle|unsupported|not supported|not implemented|no support", re.IGNORECASE)


@contextmanager
def _in_one_sentence(what: str) -> Iterator[None]:
    """Turn whatever a decoder throws at damaged bytes, MemoryError and struct.error included, into one ImageError."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        early = "unpack_from requires" in str(error)
        cause = "it ends too early" if early else " ".join(str(error).split())[:100].rstrip(".") or type(error).__name__
        advice = (
            "it is of a rare kind, so save it anew" if _RARE.search(cause) else "it is damaged or incomplete, so replace it"
        )
        raise ImageError(f"{what} cannot be decoded ({cause}): {advice}.") from error


@contextmanager
def _heard(talkative: bool) -> Iterator[list[str]]:
    """Take down the warnings of a talkative decoder instead of showing them, one thread at a time."""
    told: list[str] = []
    if not talkative:
        yield told
        return
    with _FILTERS, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
        told += [str(each.message) for each in caught if "PIL" in each.filename]
