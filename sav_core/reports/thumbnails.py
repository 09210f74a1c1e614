"""Pictures small enough that a page of many of them stays small."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np

from sav_core.data.pictures.picture import Picture

__all__ = ["MOST_LETTERS", "thumbnail", "thumbnails"]

MOST_LETTERS = 450_000
"""Of all thumbnails of a page together."""

_EDGE, _QUALITY = 56, 72  # pixels
_MOST = 240


def thumbnail(picture: Picture, edge: int = 64, quality: int = 80) -> str:
    """A picture as the address of an image that is in the page."""
    buffer = io.BytesIO()
    picture.thumbnail(edge).save(buffer, "WEBP", quality=quality)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def thumbnails(pictures: Sequence[Picture | None], most_letters: int = MOST_LETTERS) -> list[str]:
    """One for each picture; of more than fit, evenly chosen ones have theirs, and the others are empty.

    Args:
        pictures: ``None`` for what has none.
        most_letters: of all of them together.

    Raises:
        ImageError: a picture cannot be read.
    """
    made = [""] * len(pictures)
    there = [place for place, picture in enumerate(pictures) if picture is not None]
    chosen = _evenly(there, _MOST)
    for place in chosen:
        picture = pictures[place]
        assert picture is not None
        made[place] = thumbnail(picture, _EDGE, _QUALITY)
    while chosen and sum(map(len, made)) > most_letters:
        chosen = _evenly(chosen, len(chosen) * 4 // 5)
        kept = set(chosen)
        made = [text if place in kept else "" for place, text in enumerate(made)]
    return made


def _evenly(places: Sequence[int], most: int) -> list[int]:
    if len(places) <= most:
        return list(places)
    return [places[n] for n in np.linspace(0, len(places) - 1, most).round().astype(int)]
