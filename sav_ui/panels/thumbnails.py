"""Pictures as small data URIs, so that a page never needs an address under which somebody else could find them."""

from __future__ import annotations

import base64
import io
from threading import Lock

from cachetools import LRUCache, cached
from PIL import Image

from sav_core.data.clips.clip import Clip
from sav_core.data.pictures.picture import Picture

__all__ = ["data_uri", "strip", "thumb"]

_MAX_BYTES = 96 << 20  # some 30,000 of the small ones
_MAX_STRIP_BYTES = 64 << 20
_SMALL = 112


def thumb(picture: Picture, edge: int = _SMALL) -> str:
    """Return a picture, or the middle frame of a clip, as a data URI whose longer side has at most ``edge`` pixels."""
    if isinstance(picture, Clip) and edge <= _SMALL:
        return strip(picture)[len(picture.times) // 2]
    return _made(picture, edge)


def strip(clip: Clip, edge: int = _SMALL) -> tuple[str, ...]:
    """Return its sampled frames likewise; what was made is kept, so that they are not decoded again for it."""
    return _frames_of(clip, edge)


@cached(
    LRUCache(_MAX_STRIP_BYTES, getsizeof=lambda uris: sum(map(len, uris))),
    key=lambda clip, edge: (clip.digest, edge),
    lock=Lock(),
)
def _frames_of(clip: Clip, edge: int) -> tuple[str, ...]:
    return tuple(data_uri(frame.thumbnail(edge)) for frame in clip.frames())


# By content, so equal pictures of two visitors are one entry.
@cached(LRUCache(_MAX_BYTES, getsizeof=len), key=lambda picture, edge: (picture.digest, edge), lock=Lock())
def _made(picture: Picture, edge: int) -> str:
    return data_uri(picture.thumbnail(edge))


def data_uri(image: Image.Image) -> str:
    """Return an image as a WebP data URI."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
