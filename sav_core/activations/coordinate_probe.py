"""What a processor does to a picture, measured: a picture whose colours are its coordinates goes through it.

Red grows from left to right and green from top to bottom. Blue is bright, in two shades by turns, so that padding shows
and the tiles of one picture are told from those of the next.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.models.backbones import Backbone

__all__ = ["Region", "extent", "tile_regions"]

Region: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom as fractions of the picture's width and height; beyond 0 and 1 where it was padded."""

_SHADES = (255, 190)  # of blue, for pictures by turns
_CONTENT = 0.65  # bluer than this is picture; padding is black, grey or a mean colour
_TRIM = 0.1  # at each edge, where resizing smears coordinates
_SNAP = 0.02  # a region that ends this near the picture's edge ends there


def tile_regions(backbone: Backbone, example: Example) -> list[list[Region]]:
    """Return for every picture of an example the region that each of its tiles shows, in the order of the tiles.

    Args:
        backbone: a model that reads colours as tiles, ``(..., channel, row, column)``.
        example: with one picture or more.
    """
    probes = [_coordinates(picture.size, _SHADES[place % 2]) for place, picture in enumerate(example.images)]
    seen = backbone.encode(Example(probes, example.question, detail=example.detail))
    values = seen.colours.double().numpy()
    tiles = _colours(values.reshape(-1, *values.shape[-3:]), backbone.processor.image_processor)
    shown = [tile for tile in tiles if (tile[2] > _CONTENT).any()]
    return [[_region(tile) for tile in of_one] for _, of_one in groupby(shown, _is_bright)]


def extent(centres: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Start and stop of a row of equal cells from where their centres lie; NaN where that is not known."""
    known = np.isfinite(centres).nonzero()[0]
    trim = int(len(known) * _TRIM)
    inner = known[trim : len(known) - trim]
    if len(inner) < 2:
        return 0.0, 1.0
    slope, offset = np.polyfit(inner, centres[inner], 1)
    if slope * len(centres) < 1e-3:  # a picture one pixel wide has one coordinate
        return 0.0, 1.0
    return _snap(offset - slope / 2, 0.0), _snap(offset + slope * (len(centres) - 0.5), 1.0)


def _snap(value: float, edge: float) -> float:
    return edge if abs(value - edge) < _SNAP else float(value)


def _coordinates(size: tuple[int, int], blue: int) -> Picture:
    """A picture of that size with its coordinates in red and green."""
    width, height = size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = np.rint((np.arange(width) + 0.5) * 255 / width)
    pixels[..., 1] = np.rint((np.arange(height) + 0.5) * 255 / height)[:, None]
    pixels[..., 2] = blue
    return Picture("coordinates", size, f"coordinates {size} {blue}", pixels.tobytes(), None)


def _colours(tiles: npt.NDArray[np.float64], image_processor: Any) -> npt.NDArray[np.float64]:
    """Undo a processor's normalisation: ``(tile, channel, row, column)`` from 0 to 1."""
    if image_processor.do_normalize:
        mean, std = (np.reshape(getattr(image_processor, f"image_{name}"), (-1, 1, 1)) for name in ("mean", "std"))
        tiles = tiles * std + mean
    scale = image_processor.rescale_factor if image_processor.do_rescale else 1.0
    return np.asarray(tiles / (255 * scale))


def _is_bright(tile: npt.NDArray[np.float64]) -> bool:
    """Whether a tile ``(channel, row, column)`` has the first of the two shades."""
    return bool(np.median(tile[2][tile[2] > _CONTENT]) > sum(_SHADES) / 2 / 255)


def _region(tile: npt.NDArray[np.float64]) -> Region:
    """What a tile ``(channel, row, column)`` shows of its picture."""
    x, y, blue = tile
    content = blue > _CONTENT
    columns, rows = content.any(0), content.any(1)
    by_column = np.where(columns, np.median(_some(x[rows]), axis=0), np.nan)
    by_row = np.where(rows, np.median(_some(y.T[columns]), axis=0), np.nan)
    (left, right), (top, bottom) = extent(by_column), extent(by_row)
    return left, top, right, bottom


def _some(lines: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A few of many lines that are all alike but for resizing: their median does not need all."""
    return lines[:: max(1, len(lines) // 16)]
