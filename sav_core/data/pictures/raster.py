"""TIFFs and PNGs of which Pillow reads only a part -> all their values: signed, 32 and 64 bits, floats, up to 13 bands.

Pillow takes the upper half of a 16-bit colour, signed bytes for unsigned ones, and no picture of five bands. The
decompression is still its own: it is told that a row of values is a row of bytes, and the values are put together here.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from sav_core.errors import ImageError

__all__ = ["MAX_BANDS", "Raster", "TiffTags", "array_raster", "png_raster", "raster_file", "tiff_raster", "tiff_tags"]

MAX_BANDS = 13
"""As many as Sentinel-2 has."""

_MAX_BYTES = 1 << 30  # of values, before they are scaled
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
_BYTEWISE = {1, 5, 8, 32773, 32946, 34925, 50000}  # compressions of bytes, whatever the bytes mean
_CFA = {32803, 34892}  # photometric interpretations of what a sensor saw
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 65535}
_LOOKED_AT = 8  # pages of a TIFF, which may lead round in a circle
_UNASSOCIATED = 2  # transparency that the colours are not multiplied by
_SENTINEL = (12, 13)  # bands of Sentinel-2, with B10 and without


@dataclass(frozen=True, slots=True)
class TiffTags:
    """The tags of a TIFF's first page.

    Attributes:
        first: by number.
        big_endian: the order of the bytes in a value.
        pages: how many pages there are, two for any more.
        raw: whether it is a camera's RAW file, of which the first page is but a thumbnail.
    """

    first: dict[int, Any]
    big_endian: bool
    pages: int
    raw: bool


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A picture's values as they are in the file.

    Attributes:
        values: ``(row, column, band)`` with one band or three.
        kind: of number, such as ``"int16"``.
        alpha: ``uint8 (row, column)``, where there is one.
        inverted: whether the largest value is black.
        nodata: what stands for no value.
        bands: which bands were taken for which colours, where that is not plain.
    """

    values: npt.NDArray[Any]
    kind: str
    alpha: npt.NDArray[np.uint8] | None = None
    inverted: bool = False
    nodata: float | None = None
    bands: str = ""


def array_raster(array: npt.NDArray[Any]) -> Raster:
    """An array's values ``(row, column)`` or ``(row, column, band)`` of one band, three, or three and transparency."""
    native = np.atleast_3d(array.astype(array.dtype.newbyteorder("=")))
    alpha = _top_bytes(native[..., 3]) if native.shape[2] == 4 else None
    return Raster(native[..., :3], native.dtype.name, alpha)


def raster_file(array: npt.NDArray[Any]) -> bytes:
    """A TIFF of an array's values, from which the same raster is read."""
    values = np.atleast_3d(array)
    values = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
    height, width, bands = values.shape
    code = next(code for code, kind in _KINDS.items() if kind == values.dtype.kind)
    tags: dict[int, Sequence[int]] = {
        **{256: [width], 257: [height], 258: [8 * values.dtype.itemsize] * bands, 259: [1], 262: [1 if bands == 1 else 2]},
        **{273: [8], 277: [bands], 278: [height], 279: [values.nbytes], 339: [code] * bands},
        **({338: [_UNASSOCIATED]} if bands == 4 else {}),
    }
    return _as_rows_of_bytes(bytes(8) + values.tobytes(), tags)


def tiff_tags(encoded: bytes) -> TiffTags:
    """Read the tags of a TIFF's first page, and whether it is a RAW file by those of the others."""
    head = encoded[: 16 if 43 in encoded[2:4] else 8]  # a big TIFF has 64-bit offsets
    stream = io.BytesIO(encoded)
    first, following = _page(head, stream, None)
    subs = first.get(330, ())
    below = [_page(head, stream, offset)[0] for offset in (subs if isinstance(subs, tuple) else (subs,))[:_LOOKED_AT]]
    others: list[dict[int, Any]] = []
    place = following
    while place and len(others) < _LOOKED_AT:  # a camera's own picture may come after several small ones
        page, place = _page(head, stream, place)
        others.append(page)
    raw = 50706 in first or (bool(below) and _whole(first.get(254, 0)) & 1 == 1)
    for page in (first, *below, *others):
        raw |= page.get(262) in _CFA or page.get(259) in _RAW_COMPRESSIONS
    return TiffTags(first, head.startswith(b"MM"), 2 if following else 1, raw)


def tiff_raster(encoded: bytes, tags: TiffTags, name: str) -> Raster | None:
    """Read a TIFF's values; ``None`` where Pillow reads them as they are.

    Raises:
        ImageError: it has more bands, or another kind of number, than can be read.
    """
    first = tags.first
    bands, photometric = _whole(first.get(277, 1)), _whole(first.get(262, 1))
    bits, formats = _all(first.get(258, 1)), _all(first.get(339, 1))
    extra = _all(first.get(338, ()))
    odd_bands = bands > 4 or (photometric in (0, 1) and bands > 1 and not (bands == 2 and extra[:1] in ((1,), (2,))))
    odd_bands |= bands == 4 and extra == (0,)  # of which Pillow drops the fourth without a word
    if photometric not in (0, 1, 2) or not (odd_bands or max(bits) > 8 or max(formats) > 1):
        return None
    if bits == (12,) and formats == (1,):
        return None  # packed, which Pillow unpacks
    shown = f"{name!r} is a TIFF of {bands} band{'s' * (bands != 1)} of {'/'.join(map(str, sorted(set(bits))))} bits"
    if bands > MAX_BANDS:
        raise ImageError(f"{shown}, and up to {MAX_BANDS} bands are read: keep those that make red, green and blue.")
    dtype = _dtype(bits, formats, big_endian=tags.big_endian)
    if dtype is None or _whole(first.get(259, 1)) not in _BYTEWISE or _whole(first.get(266, 1)) != 1:
        raise ImageError(f"{shown} in a form that is not read: save it with 8, 16 or 32 bits and plain compression.")
    width, height = _whole(first.get(256, 0)), _whole(first.get(257, 0))
    if width * height * bands * dtype.itemsize > _MAX_BYTES:
        raise ImageError(f"{shown}, {width:,} x {height:,} of them, more than {_MAX_BYTES >> 30} GiB: make it smaller.")
    alpha_at = bands - 1 if extra[-1:] in ((1,), (2,)) and bands in (2, 4) else None
    chosen, words = _chosen(bands - (alpha_at is not None), photometric, str(first.get(42112, "")))
    wanted = [*chosen, *([] if alpha_at is None else [alpha_at])]
    values = _tiff_values(encoded, first, dtype, bands, wanted)
    alpha = None
    if alpha_at is not None:
        alpha = _top_bytes(values[..., -1])
        values = values[..., :-1]
    kind = values.dtype.name
    nodata = re.match(r"\s*([-+\d.eE]+|nan)", str(first.get(42113, "")))
    try:
        missing = float(nodata[1]) if nodata else None
    except ValueError:
        missing = None
    return Raster(values, kind, alpha, photometric == 0, missing, words)


def png_raster(encoded: bytes) -> Raster | None:
    """Read a PNG's values where it has a 16-bit colour, or a grey with transparency; ``None`` where Pillow reads all."""
    if len(encoded) < 29 or encoded[24] != 16 or encoded[25] not in (2, 4, 6):
        return None
    if encoded[25] == 4:  # grey and alpha: to a filter of rows the same as four bytes
        as_bytes = encoded[:24] + b"\x08\x06" + encoded[26:]
        whole = np.asarray(_png(_with_checksum(as_bytes), None)).astype(np.uint16)
        upper, lower = whole[..., ::2], whole[..., 1::2]
    else:
        form = "RGB" if encoded[25] == 2 else "RGBA"
        upper, lower = (np.asarray(_png(encoded, f"{form};16{order}")).astype(np.uint16) for order in "BL")
    values = upper << 8 | lower
    if encoded[25] == 2:
        return Raster(values, "uint16", _all_but(values, encoded))
    return Raster(values[..., :-1], "uint16", _top_bytes(values[..., -1]))


def _all_but(values: npt.NDArray[Any], encoded: bytes) -> npt.NDArray[np.uint8] | None:
    """The transparency of a PNG that names one colour to be seen through."""
    found = re.search(rb"\0\0\0\x06tRNS(.{6})", encoded[: max(0, encoded.find(b"IDAT"))], re.DOTALL)
    if found is None:
        return None
    seen: npt.NDArray[np.uint8] = (values != np.frombuffer(found[1], ">u2")).any(axis=-1).astype(np.uint8) * np.uint8(255)
    return seen


def _png(encoded: bytes, form: str | None) -> Any:
    image = PngImageFile(io.BytesIO(encoded))
    if form is not None:
        image.tile = [tile._replace(args=form) for tile in image.tile]
    image.load()
    return image


def _with_checksum(encoded: bytes) -> bytes:
    import zlib

    return encoded[:29] + struct.pack(">I", zlib.crc32(encoded[12:29])) + encoded[33:]


def _page(head: bytes, stream: io.BytesIO, offset: int | None) -> tuple[dict[int, Any], int]:
    """The tags of the page at an offset, by default the first, and where the next one is."""
    ifd = ImageFileDirectory_v2(head)
    stream.seek(ifd.next if offset is None else int(offset))
    ifd.load(stream)
    return dict(ifd), int(ifd.next or 0)


def _whole(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple) else value)


def _all(value: Any) -> tuple[int, ...]:
    return tuple(int(each) for each in (value if isinstance(value, tuple) else (value,)))


def _dtype(bits: Sequence[int], formats: Sequence[int], *, big_endian: bool) -> np.dtype[Any] | None:
    """The kind of number all bands have; ``None`` where they differ or there is no such kind."""
    if len(set(bits)) != 1 or len(set(formats)) != 1 or formats[0] not in _KINDS:
        return None
    kind = _KINDS[formats[0]]
    if bits[0] not in ((16, 32, 64) if kind == "f" else (8, 16, 32, 64)):
        return None
    return np.dtype(f"{'>' if big_endian else '<'}{kind}{bits[0] // 8}")


def _chosen(bands: int, photometric: int, metadata: str) -> tuple[list[int], str]:
    """Which bands are red, green and blue, or the one that is grey; and a sentence where that is a choice."""
    if bands < 3:
        words = "Of two bands the first is read as grey" if bands == 2 else ""
        return [0], words
    described = dict(re.findall(r'<Item name="DESCRIPTION" sample="(\d+)"[^>]*>([^<]*)<', metadata))
    called = {name.strip().lower().replace("b0", "b"): int(place) for place, name in described.items()}
    for names in (("red", "green", "blue"), ("b4", "b3", "b2")):
        if all(name in called and called[name] < bands for name in names):
            chosen = [called[name] for name in names]
            break
    else:
        chosen = [3, 2, 1] if bands in _SENTINEL else [0, 1, 2]
    if bands == 3 and photometric == 2:
        return chosen, ""
    why = " as in Sentinel-2" if chosen == [3, 2, 1] and bands in _SENTINEL else ""
    named = ", ".join(str(band + 1) for band in chosen)
    return chosen, f"Of {bands} bands {named} are read as red, green and blue{why}"


def _top_bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if values.dtype.kind == "i":
        values = values.astype(np.float64) / np.iinfo(values.dtype).max
    if values.dtype.kind == "f":
        shares: npt.NDArray[np.float64] = np.clip(np.nan_to_num(values.astype(np.float64)), 0, 1)
        return np.rint(shares * 255).astype(np.uint8)
    top: npt.NDArray[np.uint8] = (values >> (8 * (values.dtype.itemsize - 1))).astype(np.uint8)
    return top


def _tiff_values(
    encoded: bytes, first: dict[int, Any], dtype: np.dtype[Any], bands: int, wanted: Sequence[int]
) -> npt.NDArray[Any]:
    """The wanted bands as ``(row, column, band)`` in the byte order of this machine."""
    separate = _whole(first.get(284, 1)) == 2 and bands > 1
    if not separate:
        together = _plane(encoded, first, dtype, bands, 0, 1)[..., wanted]
    else:
        planes = [_plane(encoded, first, dtype, 1, band, bands) for band in wanted]
        together = np.concatenate(planes, axis=2)
    native: npt.NDArray[Any] = np.ascontiguousarray(together.astype(dtype.newbyteorder("=")))
    return native


def _plane(
    encoded: bytes, first: dict[int, Any], dtype: np.dtype[Any], bands: int, plane: int, planes: int
) -> npt.NDArray[Any]:
    """One plane ``(row, column, band)``: decompressed as rows of bytes, then put together, differences undone."""
    width, height = _whole(first[256]), _whole(first[257])
    tiled = 322 in first
    tile = _whole(first[322]) if tiled else width
    across = -(-width // tile)
    offsets, counts = _all(first[324 if tiled else 273]), _all(first.get(325 if tiled else 279, ()))
    share = len(offsets) // planes
    offsets, counts = offsets[plane * share : (plane + 1) * share], counts[plane * share : (plane + 1) * share]
    step = bands * dtype.itemsize
    tags = {256: [across * tile * step], 257: [height], 258: [8], 259: [_whole(first.get(259, 1))], 262: [1], 277: [1]}
    rows = _whole(first[323]) if tiled else min(_whole(first.get(278, height)), height)
    if not counts:
        counts = (rows * tile * step,) * len(offsets)
    places = (
        {322: [tile * step], 323: [rows], 324: offsets, 325: counts} if tiled else {273: offsets, 278: [rows], 279: counts}
    )
    image = TiffImageFile(io.BytesIO(_as_rows_of_bytes(encoded, tags | places)))
    image.load()
    data = np.frombuffer(image.tobytes(), np.uint8).reshape(height, across, tile * step)
    values = _undone(data, dtype, bands, _whole(first.get(317, 1)))
    return values.reshape(height, across * tile, bands)[:, :width]


def _undone(data: npt.NDArray[np.uint8], dtype: np.dtype[Any], bands: int, predictor: int) -> npt.NDArray[Any]:
    """Bytes ``(row, tile, byte)`` as values ``(row, tile, column, band)``, with the predictor's differences summed up."""
    height, across, length = data.shape
    columns = length // (bands * dtype.itemsize)
    if predictor == 3:  # of floats: differences of bytes, the uppermost of all values first
        summed = data.reshape(height, across, -1, bands).cumsum(axis=2, dtype=np.uint8)
        planes = summed.reshape(height, across, dtype.itemsize, columns * bands)
        joined = np.ascontiguousarray(np.moveaxis(planes, 2, 3)).view(dtype.newbyteorder(">"))
        return joined.reshape(height, across, columns, bands)
    values = data.view(dtype).reshape(height, across, columns, bands)
    if predictor != 2:
        return values
    whole = np.dtype(f"u{dtype.itemsize}")
    native = values.view(whole.newbyteorder(dtype.byteorder)).astype(whole)
    return native.cumsum(axis=2, dtype=whole).view(dtype.newbyteorder("="))


def _as_rows_of_bytes(encoded: bytes, tags: dict[int, Sequence[int]]) -> bytes:
    """The file with another table of contents at its end, so that no offset in it changes."""
    start = len(encoded) + len(encoded) % 2
    body = b""
    table = b""
    after = start + 2 + 12 * len(tags) + 4
    for tag, numbers in sorted(tags.items()):
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            table += struct.pack("<HHII", tag, 4, len(numbers), after + len(body))
            body += packed
        else:
            table += struct.pack("<HHI", tag, 4, 1) + packed
    header = b"II*\0" + struct.pack("<I", start)
    return header + encoded[8:].ljust(start - 8, b"\0") + struct.pack("<H", len(tags)) + table + b"\0" * 4 + body
