"""A box on a picture, in fractions of its width and height: how two overlap, and which cells of a grid one covers."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from itertools import product
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError

__all__ = ["Box", "covered", "on_cell_edges"]


@dataclass(frozen=True, slots=True)
class Box:
    """A box within a picture.

    Attributes:
        left, top, right, bottom: from 0 to 1, x to the right and y down.

    Raises:
        InputError: it is empty, turned round, or not within the picture.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise InputError(
                "A box is left, top, right and bottom in fractions of the picture, left before right, top before bottom, "
                f"but came as {self.left:g}, {self.top:g}, {self.right:g}, {self.bottom:g}: give one within the picture."
            )

    @property
    def area(self) -> float:
        """The part of the picture that it takes."""
        return (self.right - self.left) * (self.bottom - self.top)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre, x and y."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union: 1 for the same box, 0 for boxes that share nothing."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(0.0, width) * max(0.0, height)
        return shared / (self.area + other.area - shared)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom on a picture of ``(width, height)`` pixels."""
        width, height = size
        return round(self.left * width), round(self.top * height), round(self.right * width), round(self.bottom * height)

    def fractions(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        left, top, right, bottom = astuple(self)
        return left, top, right, bottom


def covered(box: Box, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """``float64 (row, column)``, how much of each cell of a grid over the whole picture lies in the box, 0 to 1."""
    rows, columns = shape
    down = _within(box.top, box.bottom, rows)
    across = _within(box.left, box.right, columns)
    return np.outer(down, across)


def on_cell_edges(box: Box, shape: tuple[int, int]) -> Box:
    """Return the box along the edges of a grid's cells that has the most in common with this one, by IoU.

    Nearer to an edge of the box is always better while the others stay, so that only the two cell edges around each count.
    """
    rows, columns = shape
    edges = (box.left * columns, box.top * rows, box.right * columns, box.bottom * rows)
    boxes = [
        Box(left / columns, top / rows, right / columns, bottom / rows)
        for left, top, right, bottom in product(*({floor(edge), ceil(edge)} for edge in edges))
        if left < right and top < bottom
    ]
    return max(boxes, key=box.iou)


def _within(start: float, stop: float, cells: int) -> npt.NDArray[np.float64]:
    edges = np.linspace(0, 1, cells + 1)
    return np.asarray(np.diff(np.clip(edges, start, stop)) * cells, dtype=np.float64)
