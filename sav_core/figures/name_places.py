"""Where the names of points stand in a figure, so that none lies on another."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width

import numpy as np
import numpy.typing as npt

__all__ = ["name_places"]

_SIDES = (("top", "center"), ("bottom", "center"), ("middle", "right"), ("middle", "left"))
_CORNERS = (("top", "right"), ("top", "left"), ("bottom", "right"), ("bottom", "left"))
_PLACES = (*_SIDES, *_CORNERS)  # as Plotly calls them, the one that is read most easily first
_ACROSS, _UP = {"left": -1, "center": 0, "right": 1}, {"top": 1, "middle": 0, "bottom": -1}
_LETTER, _WIDE_LETTER, _LINE = 0.56, 1.0, 1.15  # of the size of the letters; of Chinese and the like each is a square
_CLEAR = 10.4  # pixels from a point to its name: what Plotly leaves beside a mark of 15 pixels
_MARK = 8.0  # pixels from a point to the edge of its mark
_TOUCH = 1.0  # pixels by which two names may reach into each other's lines, where there is nothing of a letter
_ROUNDS = 6

_Boxes = npt.NDArray[np.float64]


def name_places(
    points: npt.NDArray[np.float64], names: Sequence[str], *, size: float, scales: Sequence[float], edge: float
) -> list[str | None]:
    """Choose for each name a side of its point on which it lies on no other name and no other point, if there is one.

    The first names are placed first; then each looks again where it lies best beside the others, until none moves.

    Args:
        points: ``float (point, 2)``, across and upwards.
        names: one for each.
        size: of the letters, in pixels.
        scales: pixels that a unit of the points may have, where the figure is narrow and where it is wide.
        edge: how far the figure reaches from its middle, in units of the points.

    Returns:
        A ``textposition`` of Plotly's for each name, or ``None`` for one that would lie on another wherever it stands.
    """
    if not len(points):
        return []
    boxes = np.stack([_boxes(points * scale, names, size) for scale in scales])  # (scale, point, place, 4)
    marks = np.stack([_around(points * scale) for scale in scales])  # (scale, point, 4)
    fixed = np.arange(len(_PLACES)) * 0.1 + np.zeros((len(points), 1))
    for box, mark, scale in zip(boxes, marks, scales, strict=True):
        others = ~np.eye(len(points), dtype=bool)[:, None, :]
        fixed = fixed + (_shared(box[:, :, None], mark[None, None]) * others).sum(2) + _outside(box, edge * scale)
    chosen = _settled(boxes, fixed)
    kept = _apart(boxes[-1, np.arange(len(points)), chosen])
    return [" ".join(_PLACES[place]) if there else None for place, there in zip(chosen, kept, strict=True)]


def _settled(boxes: _Boxes, fixed: _Boxes) -> npt.NDArray[np.intp]:
    """For each name the place where least of it lies on what else is there."""
    count = len(fixed)
    chosen = np.zeros(count, dtype=np.intp)
    known = np.zeros(count, dtype=bool)
    for _ in range(_ROUNDS):
        before = chosen.copy()
        for one in range(count):
            known[one] = False
            there = boxes[:, np.flatnonzero(known), chosen[known]]
            met = _shared(boxes[:, one, :, None], there[:, None]).sum((0, 2))
            chosen[one] = int((fixed[one] + met).argmin())
            known[one] = True
        if (chosen == before).all():
            break
    return chosen


def _apart(boxes: _Boxes) -> npt.NDArray[np.bool_]:
    """Which names are shown: of those that lie on each other, the one that lies on most is left out first."""
    inner = boxes + np.array([1, 1, -1, -1]) * _TOUCH / 2
    meets = _shared(inner[:, None], inner[None]) > 0
    np.fill_diagonal(meets, False)
    kept = np.ones(len(boxes), dtype=bool)
    while meets.any():
        worst = len(boxes) - 1 - int(meets.sum(0)[::-1].argmax())  # of several, the last
        kept[worst] = False
        meets[worst] = meets[:, worst] = False
    return kept


def _boxes(points: _Boxes, names: Sequence[str], size: float) -> _Boxes:
    """``float (point, place, 4)``: left, lower, right and upper edge of each name in each of its places."""
    width = size * np.array(
        [sum(_WIDE_LETTER if east_asian_width(sign) in "WF" else _LETTER for sign in name) for name in names]
    )
    height = size * _LINE
    found = np.empty((len(points), len(_PLACES), 4))
    for place, (up, across) in enumerate(_PLACES):
        x = points[:, 0] + _ACROSS[across] * (_CLEAR + width / 2)
        y = points[:, 1] + _UP[up] * (_CLEAR + height / 2)
        found[:, place] = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    return found


def _around(points: _Boxes) -> _Boxes:
    return np.concatenate([points - _MARK, points + _MARK], axis=1)


def _shared(one: _Boxes, other: _Boxes) -> _Boxes:
    """How many square pixels lie in both boxes."""
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    area: _Boxes = np.maximum(sides, 0).prod(-1)
    return area


def _outside(boxes: _Boxes, edge: float) -> _Boxes:
    """How many square pixels of each box lie beyond the figure's edge."""
    whole = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    rest: _Boxes = whole - _shared(boxes, np.array([-edge, -edge, edge, edge]))
    return rest
