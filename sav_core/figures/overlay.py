"""A head's attention laid over the picture it looks at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from sav_core.data.pictures.picture import PictureLike, as_picture

__all__ = ["PALETTE", "overlay"]

PALETTE = ("#1d2457", "#1c4d80", "#22789b", "#4fb0a5", "#a0cf78", "#ffe96b")
"""From unseen to seen: night blue to yellow. Lightness rises evenly, so that it reads in grey and to any eye."""

_FAINT, _STRONG = 0.45, 0.75  # how much colour covers the picture where attention is least and most


def overlay(
    picture: PictureLike, grid: npt.NDArray[np.floating], *, peak: float | None = None, edge: int = 768
) -> Image.Image:
    """Draw attention over a picture, which stays readable: dim and blue where it is unseen, yellow where it is seen.

    Args:
        picture: what the head looked at.
        grid: ``float (row, column)`` over the whole picture, not negative.
        peak: the attention that is drawn brightest, the largest of ``grid`` unless given. Give the same to overlays that
            are to be compared. Brightness goes with the square root, so that weak attention shows beside strong.
        edge: the longer side of the result is at most this many pixels.

    Returns:
        An RGB image in the proportions of the picture.
    """
    image = as_picture(picture).thumbnail(edge)
    peak = float(grid.max()) if peak is None else peak
    shares = np.asarray(grid, dtype=np.float32) / peak if peak > 0 else np.zeros(grid.shape, np.float32)
    smooth = Image.fromarray(np.sqrt(shares)).resize(image.size, Image.Resampling.BICUBIC)
    seen = np.clip(np.asarray(smooth), 0.0, 1.0)  # (row, column) of the image
    grey = np.asarray(image.convert("L"), dtype=np.float32)[..., None]
    muted = (np.asarray(image, dtype=np.float32) + grey) / 2  # a picture's own colours are not to be read as attention
    cover = (_FAINT + (_STRONG - _FAINT) * seen)[..., None]
    mixed = muted * (1 - cover) + _colours(seen) * cover
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def _colours(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Palette colours ``(..., 3)``, 0 to 255, of values from 0 to 1."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in PALETTE], dtype=np.float32)
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(values, places, channel) for channel in stops.T], axis=-1).astype(np.float32)
