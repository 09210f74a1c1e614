"""Do two tasks keep the same heads? Every overlap beside what chance would put there, exactly.

Of N heads one task keeps a and another b. Were the second task's heads drawn at random, the number s that both keep would
be hypergeometric (Fisher's exact test, 1935): s is a b / N on average, and

    P(s >= k) = sum over s >= k of C(a, s) C(N - a, b - s) / C(N, b)

Tasks may share heads merely because both prefer the same layers. So a second test draws in each layer as many heads as the
task keeps there: the sum of independent hypergeometric counts, whose distribution is their convolution. An overlap that the
first test finds and the second does not is one of layers, not of heads.

There are many pairs, so ``q`` is each p-value adjusted over all of them (Benjamini and Hochberg 1995): of pairs with q
below 0.05 one in twenty is expected to be luck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control, hypergeom

from sav_core.atlas.rows import Atlas
from sav_core.types import Head

__all__ = ["Overlap", "overlaps"]


@dataclass(frozen=True)
class Overlap:
    """The kept heads of two tasks.

    Attributes:
        first: the number of one task's row.
        second: of the other's, which is larger.
        shared: the heads that both keep, layer by layer.
        kept: how many each keeps of the heads that both could.
        heads: how many heads both could keep.
        expected: how many of the shared ones chance would give.
        p: how likely chance gives so many or more.
        expected_by_layer: as ``expected``, were each task's heads drawn within the layers that it keeps heads in.
        p_by_layer: as ``p``, likewise.
        q: ``p``, adjusted over all pairs of the atlas.
        q_by_layer: ``p_by_layer``, adjusted likewise.
    """

    first: int
    second: int
    shared: tuple[Head, ...]
    kept: tuple[int, int]
    heads: int
    expected: float
    p: float
    expected_by_layer: float
    p_by_layer: float
    q: float = 1.0
    q_by_layer: float = 1.0

    def __repr__(self) -> str:
        return f"Overlap({len(self.shared)} shared, {self.expected:.1f} by chance, p {self.p:.2g})"


def overlaps(atlas: Atlas) -> tuple[Overlap, ...]:
    """Compare every two tasks: rows 0 and 1, 0 and 2, ...; none where there is one task."""
    found = [_overlap(atlas, first, second) for first, second in combinations(range(len(atlas.rows)), 2)]
    if not found:
        return ()
    q, by_layer = (false_discovery_control([getattr(each, name) for each in found]) for name in ("p", "p_by_layer"))
    return tuple(
        replace(each, q=float(one), q_by_layer=float(other)) for each, one, other in zip(found, q, by_layer, strict=True)
    )


def _overlap(atlas: Atlas, first: int, second: int) -> Overlap:
    layers = min(len(atlas.rows[row].correct) for row in (first, second))  # that both were read to
    one, other = atlas.kept[first, :layers], atlas.kept[second, :layers]
    shared = tuple(Head(int(layer), int(index)) for layer, index in np.argwhere(one & other))
    a, b, heads = int(one.sum()), int(other.sum()), one.size
    in_layers = one.sum(1), other.sum(1)
    return Overlap(
        first=first,
        second=second,
        shared=shared,
        kept=(a, b),
        heads=heads,
        expected=a * b / heads,
        p=float(hypergeom.sf(len(shared) - 1, heads, a, b)),
        expected_by_layer=float((in_layers[0] * in_layers[1]).sum() / one.shape[1]),
        p_by_layer=_tail(len(shared), in_layers[0], in_layers[1], one.shape[1]),
    )


def _tail(shared: int, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], width: int) -> float:
    """How likely so many or more are shared when each layer of ``width`` heads draws its own."""
    distribution = np.ones(1)
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        if a and b:
            distribution = np.convolve(distribution, hypergeom.pmf(np.arange(min(a, b) + 1), width, a, b))
    return float(min(1.0, distribution[shared:].sum()))
