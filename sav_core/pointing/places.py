"""Where some heads point: their looks summed and smoothed, what is above the mean of that, and the box of its main patch.

As Kang et al. make a box of attention (CVPR 2025, arXiv 2503.06287): the maps of the few chosen heads are smoothed by a
Gaussian and summed, the sum is binarised at its mean, and the box of the largest patch (that of its convex hull) is the
answer. Their grids have 24 cells a side and their Gaussian a deviation of one cell, so here it is a 24th of the picture on
every grid: a coarser one is hardly smoothed, for its cells do that already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import find_objects, gaussian_filter, label, sum_labels

from sav_core.errors import InputError
from sav_core.pointing.boxes import Box
from sav_core.pointing.ranking import Look, share_inside
from sav_core.types import Head, at_heads

__all__ = ["Place", "placed", "point", "point_on", "smoothed"]

_CELLS = 24  # a side of the paper's grids: LLaVA-1.5's
_EVERY_SIDE = np.ones((3, 3))


@dataclass(frozen=True)
class Place:
    """Where heads point on one picture.

    Attributes:
        box: what they point at.
        peak: where they look hardest, x and y in fractions of the picture.
        inside: the share of their look at the picture that lies in the box; an even look would have ``box.area``.
        agree: how many of the heads look hardest within the box.
        heads: which they are.
        grid: ``float64 (row, column)``, their looks summed, in the picture's own cells.
    """

    box: Box
    peak: tuple[float, float]
    inside: float
    agree: int
    heads: tuple[Head, ...]
    grid: npt.NDArray[np.float64] = field(repr=False)


def point(look: Look, heads: Sequence[Head]) -> tuple[Place, ...]:
    """Say for every picture of an example where some heads point.

    Args:
        look: what all heads look at.
        heads: the few that point.

    Raises:
        InputError: there are no heads.
    """
    if not heads:
        raise InputError("Pointing needs one head or more, and there are none: choose the heads that point.")
    layers, indices = at_heads(heads)
    return tuple(point_on(grids[layers, indices], heads) for grids in look.pictures)


def point_on(grids: npt.NDArray[np.floating], heads: Sequence[Head]) -> Place:
    """Say where the looks of some heads ``(head, row, column)`` at one picture point."""
    return placed(grids, smoothed(grids), heads)


def placed(grids: npt.NDArray[np.floating], smooth: npt.NDArray[np.float64], heads: Sequence[Head]) -> Place:
    """Say where heads point whose looks ``(head, row, column)`` were smoothed before: many at once is quick."""
    summed, together = grids.sum(0, dtype=np.float64), smooth.sum(0)
    box = _main_patch(together)
    return Place(
        box=box,
        peak=_peak(together),
        inside=float(share_inside(summed, box)),
        agree=sum(box.holds(*_peak(own)) for own in smooth),
        heads=tuple(heads),
        grid=summed,
    )


def smoothed(grids: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Maps ``(..., row, column)`` blurred by a Gaussian whose deviation is a 24th of their longer side."""
    deviation = max(grids.shape[-2:]) / _CELLS
    blurred = gaussian_filter(grids.astype(np.float64), deviation, mode="nearest", axes=(-2, -1))
    return np.asarray(blurred, dtype=np.float64)


def _main_patch(smooth: npt.NDArray[np.float64]) -> Box:
    """The box of the connected patch above the mean that holds most; the whole picture where nothing stands out."""
    patches, count = label(smooth > smooth.mean(), structure=_EVERY_SIDE)
    if not count:
        return Box(0.0, 0.0, 1.0, 1.0)
    most = int(np.argmax(sum_labels(smooth, patches, np.arange(1, count + 1))))
    down, across = find_objects(patches)[most]
    rows, columns = smooth.shape
    return Box(across.start / columns, down.start / rows, across.stop / columns, down.stop / rows)


def _peak(smooth: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The middle of the cell of the largest value, x and y; of equal ones the first."""
    row, column = divmod(int(smooth.argmax()), smooth.shape[1])
    return (column + 0.5) / smooth.shape[1], (row + 0.5) / smooth.shape[0]
