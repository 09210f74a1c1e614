"""Pictures as small data URIs, so that a page never needs an address under which somebody else could find them."""

from __future__ import annotations

import base64
import io
from threading import Lock

from cachetools import LRUCache, cached
from PIL import Image

from sav_core.data.images import Picture

__all__ = ["data_uri", "thumb"]

_MAX_BYTES = 96 << 20  # some 30,000 of the small ones


def thumb(picture: Picture, edge: int = 112) -> str:
    """Return a picture as a data URI whose longer side has at most ``edge`` pixels."""
    return _made(picture, edge)


# By content, so equal pictures of two visitors are one entry.
@cached(LRUCache(_MAX_BYTES, getsizeof=len), key=lambda picture, edge: (picture.digest, edge), lock=Lock())
def _made(picture: Picture, edge: int) -> str:
    return data_uri(picture.thumbnail(edge))


def data_uri(image: Image.Image) -> str:
    """Return an image as a WebP data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
