"""Pictures as small data URIs, so that a page never needs an address under which somebody else could find them."""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from threading import Lock

from PIL import Image

from sav_core.data.images import Picture

__all__ = ["data_uri", "thumb"]

_LIMIT = 20_000
_made: OrderedDict[tuple[str, int], str] = OrderedDict()  # by content, so equal pictures of two visitors are one entry
_lock = Lock()


def thumb(picture: Picture, edge: int = 112) -> str:
    """Return a picture as a data URI whose longer side has at most ``edge`` pixels."""
    key = (picture.digest, edge)
    with _lock:
        if key in _made:
            _made.move_to_end(key)
            return _made[key]
    uri = data_uri(picture.thumbnail(edge))
    with _lock:
        _made[key] = uri
        while len(_made) > _LIMIT:
            _made.popitem(last=False)
    return uri


def data_uri(image: Image.Image) -> str:
    """Return an image as a WebP data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
