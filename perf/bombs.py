"""Small files that take much to read, each made once."""

from __future__ import annotations

import struct
import zipfile
import zlib
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

__all__ = ["archive_of_many", "flat_webp", "scans", "tiled_tiff"]


@cache
def archive_of_many(count: int = 3500) -> bytes:
    """A ZIP of so many pictures of one colour, each another."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        flat = Image.new("RGB", (640, 480))
        for number in range(count):
            flat.putpixel((0, 0), (number % 256, number // 256, 0))
            file.writestr(f"{'ab'[number % 2]}/{number}.png", _encoded(flat, "PNG", compress_level=1))
    return buffer.getvalue()


@cache
def flat_webp(edge: int = 8192) -> bytes:
    """A few hundred bytes that are 64 megapixels."""
    return _encoded(Image.new("RGB", (edge, edge)), "WEBP", lossless=True, method=0)


@cache
def scans(count: int, edge: int = 4000) -> bytes:
    """A progressive JPEG of which the last scan comes again and again; each goes over the whole picture."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    data = _encoded(Image.fromarray(noise).resize((edge, edge)), "JPEG", progressive=True, quality=5)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + data[-2:]


@cache
def tiled_tiff(tile: int) -> bytes:
    """A TIFF of 64 x 64 pixels in one tile of that edge, deflated to little."""
    packer = zlib.compressobj(1)
    row = bytes(tile)
    body = b"".join([*(packer.compress(row) for _ in range(tile)), packer.flush()])
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile, 324: 8, 325: len(body)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + struct.pack("<H", len(tags)) + entries + bytes(4)


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
