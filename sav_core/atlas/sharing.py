"""Heads that serve one task alone and heads that serve all: by how many tasks each is kept, beside what chance gives.

Did each task choose its heads at random, a head would be kept by a number of tasks that is a sum of coin tosses, one a
task, each with the share of heads that the task keeps: a Poisson binomial. Its distribution times the number of heads is
how many heads chance has kept by 0, 1, ..., all tasks. How many heads all tasks keep has an exact distribution too: what
the first two share is hypergeometric, what the third shares with that again, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import hypergeom

from sav_core.atlas.rows import Atlas
from sav_core.types import Head

__all__ = ["Sharing", "share_heads"]


@dataclass(frozen=True, eq=False)
class Sharing:
    """By how many tasks heads are kept.

    Attributes:
        tasks: how many tasks there are.
        kept_by: ``int (layer, head)``, how many tasks keep each head.
        observed: ``int (tasks + 1,)``, how many heads are kept by 0, 1, ... tasks.
        expected: ``float (tasks + 1,)``, how many chance has kept by as many.
        alone: for each task, in order, the heads that it alone keeps, layer by layer.
        every: the heads that every task keeps, layer by layer.
        every_p: how likely chance has so many or more kept by every task.
    """

    tasks: int
    kept_by: npt.NDArray[np.int64]
    observed: npt.NDArray[np.int64]
    expected: npt.NDArray[np.float64]
    alone: tuple[tuple[Head, ...], ...]
    every: tuple[Head, ...]
    every_p: float

    def __repr__(self) -> str:
        return f"Sharing({sum(map(len, self.alone))} heads serve one of {self.tasks} tasks, {len(self.every)} serve all)"

    @property
    def most_shared(self) -> tuple[Head, ...]:
        """Heads that more than one task keeps, those of most tasks first."""
        order = np.argsort(-self.kept_by, axis=None, kind="stable")
        heads = [Head(*divmod(int(place), self.kept_by.shape[1])) for place in order]
        return tuple(head for head in heads if self.kept_by[head.layer, head.index] > 1)


def share_heads(atlas: Atlas) -> Sharing:
    """Count by how many tasks each head is kept."""
    kept_by, tasks = atlas.kept.sum(0), len(atlas.rows)
    return Sharing(
        tasks=tasks,
        kept_by=kept_by,
        observed=np.bincount(kept_by.ravel(), minlength=tasks + 1),
        expected=_expected(atlas),
        alone=tuple(_heads(own & (kept_by == 1)) for own in atlas.kept),
        every=_heads(kept_by == tasks),
        every_p=_every_p(atlas, int((kept_by == tasks).sum())),
    )


def _heads(where: npt.NDArray[np.bool_]) -> tuple[Head, ...]:
    return tuple(Head(int(layer), int(index)) for layer, index in np.argwhere(where))


def _expected(atlas: Atlas) -> npt.NDArray[np.float64]:
    """How many heads chance has kept by 0, 1, ... tasks; a task keeps none of the layers that it was not read to."""
    layers, width = atlas.shape
    expected = np.zeros(len(atlas.rows) + 1)
    for layer in range(layers):
        distribution = np.ones(1)
        for row in atlas.rows:
            share = len(row.kept) / row.correct.size if layer < len(row.correct) else 0.0
            distribution = np.convolve(distribution, [1 - share, share])
        expected += width * distribution
    return expected


def _every_p(atlas: Atlas, every: int) -> float:
    """How likely so many or more are kept by all, of the heads that all could keep."""
    kept = atlas.kept[:, : atlas.shared_layers]
    heads, numbers = kept[0].size, kept.sum((1, 2)).tolist()
    chances = np.zeros(heads + 1)  # of each number of heads that all tasks so far share
    chances[numbers[0]] = 1.0
    for number in numbers[1:]:
        shared = np.arange(heads + 1)
        step = [hypergeom.pmf(shared, heads, before, number) for before in np.flatnonzero(chances)]
        chances = np.einsum("b,bs->s", chances[chances > 0], np.array(step))
    return float(min(1.0, chances[every:].sum()))
