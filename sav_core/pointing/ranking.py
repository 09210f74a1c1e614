"""Which heads point: ranked by how much of their look falls into the right box, or, without boxes, by how compact it is.

With boxes, a head's score is the share of its attention to the picture that lies in the box, the mean over pictures.
Without, heads are chosen by the two criteria of Kang et al. (CVPR 2025, arXiv 2503.06287): the attention sum, how much a
head looks at pictures at all, from the elbow of all heads' sums on; and the spatial entropy of what is above a map's mean,
low where that is one connected patch. In every picture the ten heads of lowest entropy are selected, and heads rank by how
often they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from sav_core.errors import InputError
from sav_core.pointing.boxes import Box, covered
from sav_core.pointing.drawn import Pointed
from sav_core.pointing.ways import ChosenBy
from sav_core.types import Head

__all__ = ["Look", "PointingHeads", "rank_by_boxes", "rank_by_entropy", "share_inside", "spatial_entropy"]

FloatArray: TypeAlias = npt.NDArray[np.float64]

_SELECTED = 10  # in every picture, as in the paper
_EVERY_SIDE = np.ones((3, 3))  # neighbours of a cell: those at its corners too


@dataclass(frozen=True)
class Look:
    """What every head looks at in one example.

    Attributes:
        pictures: for each picture ``float32 (layer, head, row, column)``, the attention to each part of it.
        on_pictures: ``float32 (layer, head)``, how much of a head's attention is on pictures at all.
    """

    pictures: tuple[npt.NDArray[np.float32], ...]
    on_pictures: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PointingHeads:
    """Every head of a model, best first, with what was found of it; numbers are ``float64 (layer, head)``.

    Attributes:
        by: ``"boxes"`` or ``"entropy"``.
        ranking: best first; by entropy without those that look at pictures too little.
        n: how many pictures they were ranked on.
        on_pictures: the share of a head's attention that is on pictures, the mean.
        inside: the share of its look at the picture that lies in the right box, the mean; NaN without boxes.
        even: what a look spread evenly over the picture has there: the mean size of the boxes.
        elsewhere: the share that lies in the box of another thing, for each such thing; NaN where none is known.
        entropy: spatial entropy in nats, the mean; infinite where there was none in some picture.
        selected: in what share of the pictures a head was among the ten of lowest entropy.
        size: mean width and height of the boxes, in fractions of the picture; nothing without boxes.
    """

    by: ChosenBy
    ranking: tuple[Head, ...]
    n: int
    on_pictures: FloatArray
    inside: FloatArray = field(repr=False)
    even: float
    elsewhere: FloatArray = field(repr=False)
    entropy: FloatArray = field(repr=False)
    selected: FloatArray = field(repr=False)
    size: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return f"PointingHeads(by {self.by} on {self.n} pictures, best {', '.join(map(str, self.best(3)))})"

    def best(self, count: int) -> tuple[Head, ...]:
        """The best heads, as many as asked for or as there are.

        Raises:
            InputError: none was asked for.
        """
        if count < 1:
            raise InputError(f"heads must be 1 or more, but is {count}.")
        return self.ranking[:count]

    def points(self, head: Head) -> bool:
        """Whether a head looks at the right thing more than an even look, and twice as much as at another or more.

        Another thing of the same picture is what a head has in the same measure that looks at whatever stands out. Where
        none is known, the look is to be twice an even one.
        """
        own, other = self.inside[head.layer, head.index], self.elsewhere[head.layer, head.index]
        return bool(own > self.even and own >= 2 * (self.even if np.isnan(other) else other))

    def of(self, head: Head) -> dict[str, Any]:
        """What was found of one head, as JSON values; ``None`` where it was not."""
        values = {
            name: float(getattr(self, name)[head.layer, head.index])
            for name in ("inside", "elsewhere", "on_pictures", "entropy", "selected")
        }
        return {"head": str(head), **{name: value if np.isfinite(value) else None for name, value in values.items()}}


def rank_by_boxes(looks: Sequence[Look], pointed: Sequence[Pointed]) -> PointingHeads:
    """Rank heads by how much of their look at the picture falls into the right box.

    Args:
        looks: of each example, which has one picture.
        pointed: the same examples with their boxes.

    Raises:
        InputError: there are none, or not as many of one as of the other.
    """
    if not looks or len(looks) != len(pointed):
        raise InputError(f"Ranking needs a box for each look, but there are {len(looks)} looks and {len(pointed)} boxes.")
    inside = np.mean([share_inside(look.pictures[0], one.box) for look, one in zip(looks, pointed, strict=True)], axis=0)
    elsewhere = [
        np.mean([share_inside(look.pictures[0], other) for other in one.others], axis=0)
        for look, one in zip(looks, pointed, strict=True)
        if one.others
    ]
    entropy, selected = _compactness(looks, np.ones(inside.shape, dtype=np.bool_))
    order = np.argsort(-inside, axis=None, kind="stable")
    boxes = [one.box for one in pointed]
    return PointingHeads(
        by="boxes",
        ranking=_heads(order, inside.shape[1]),
        n=len(looks),
        on_pictures=_on_pictures(looks),
        inside=inside,
        even=float(np.mean([box.area for box in boxes])),
        elsewhere=np.mean(elsewhere, axis=0) if elsewhere else np.full(inside.shape, np.nan),
        entropy=entropy,
        selected=selected,
        size=(
            float(np.mean([box.right - box.left for box in boxes])),
            float(np.mean([box.bottom - box.top for box in boxes])),
        ),
    )


def rank_by_entropy(looks: Sequence[Look]) -> PointingHeads:
    """Choose heads without any box: those that look at pictures enough, by how often their look is among the most compact.

    Of heads selected equally often the one of lower mean entropy is first, then the one that looks at pictures more.

    Raises:
        InputError: there are no looks.
    """
    if not looks:
        raise InputError("Choosing heads needs pictures that they looked at, and there are none: give one or more.")
    on_pictures = _on_pictures(looks)
    enough = on_pictures >= _elbow(np.sort(on_pictures, axis=None))
    entropy, selected = _compactness(looks, enough)
    order = np.lexsort((-on_pictures.ravel(), entropy.ravel(), -selected.ravel()))
    nothing = np.full(on_pictures.shape, np.nan)
    return PointingHeads(
        by="entropy",
        ranking=_heads(order[enough.ravel()[order]], on_pictures.shape[1]),
        n=len(looks),
        on_pictures=on_pictures,
        inside=nothing,
        even=float("nan"),
        elsewhere=nothing,
        entropy=entropy,
        selected=selected,
    )


def share_inside(grids: npt.NDArray[np.floating], box: Box) -> FloatArray:
    """``float64 (...)``, of each map ``(..., row, column)`` the share in a box; of an empty map what an even one has."""
    cells = covered(box, (grids.shape[-2], grids.shape[-1]))
    whole = grids.sum((-2, -1), dtype=np.float64)
    own = (grids * cells).sum((-2, -1))
    shares: FloatArray = np.divide(own, whole, out=np.full(whole.shape, box.area), where=whole > 0)
    return shares


def spatial_entropy(grid: npt.NDArray[np.floating]) -> float:
    """Entropy in nats of how what is above a map's mean ``(row, column)`` is parted into connected patches.

    A patch weighs as many cells as it has, and cells that touch at a corner are connected. 0 where there is one patch;
    infinite where nothing is above the mean, for such a head looks at no place in particular.
    """
    patches, count = label(grid > grid.mean(), structure=_EVERY_SIDE)
    if not count:
        return float("inf")
    sizes = np.bincount(patches.ravel())[1:]
    shares = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum()) + 0.0


def _compactness(looks: Sequence[Look], enough: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Each head's mean entropy, and how often it is among the ten of lowest entropy of those that look enough."""
    entropy = np.array([_entropies(look.pictures) for look in looks])
    selected = np.zeros(enough.shape)
    for look, own in zip(looks, entropy, strict=True):
        order = np.lexsort((-look.on_pictures.ravel(), np.where(enough, own, np.inf).ravel()))
        for place in order[: min(_SELECTED, int(enough.sum()))]:
            selected[divmod(int(place), enough.shape[1])] += 1 / len(looks)
    return entropy.mean(0), selected


def _entropies(pictures: Sequence[npt.NDArray[np.float32]]) -> FloatArray:
    """``float64 (layer, head)``, the mean over an example's pictures."""
    layers, heads = pictures[0].shape[:2]
    entropies: FloatArray = np.mean(
        [[[spatial_entropy(grid[layer, head]) for head in range(heads)] for layer in range(layers)] for grid in pictures],
        axis=0,
    )
    return entropies


def _elbow(ascending: FloatArray) -> float:
    """The value at which a rising curve bends most: farthest from the straight line between its ends."""
    line = np.linspace(ascending[0], ascending[-1], len(ascending))
    return float(ascending[int(np.abs(line - ascending).argmax())])


def _on_pictures(looks: Sequence[Look]) -> FloatArray:
    shares: FloatArray = np.mean([look.on_pictures for look in looks], axis=0, dtype=np.float64)
    return shares


def _heads(order: npt.NDArray[np.intp], heads: int) -> tuple[Head, ...]:
    return tuple(Head(*divmod(int(place), heads)) for place in order)
