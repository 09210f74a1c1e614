"""Picture files made in memory, sound and damaged."""

import io
import struct
import zlib

import numpy as np
from PIL import Image
from pillow_heif import encode

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def corners(width=24, height=16):
    """White with a red corner top left and a blue one top right: shows which way up it is."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 3, height // 2))
    image.paste(BLUE, (width - width // 3, 0, width, height // 2))
    return image


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    if kind == "HEIC":
        encode("RGB", image.size, image.tobytes(), buffer, quality=-1, chroma=444, **options)
    else:
        image.save(buffer, kind, **options)
    return buffer.getvalue()


def solid(colour=RED, kind="PNG", size=(8, 8), **options):
    return encoded(Image.new("RGB", size, colour), kind, **options)


def noise(width=8, height=8, seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def png_header(width, height):
    """The start of a PNG that claims a size; nothing of it is there."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", body), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    )
