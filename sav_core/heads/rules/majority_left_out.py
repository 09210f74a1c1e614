"""Majority voting without each support example: what refitting n times finds, from one Gram matrix a head.

Taking example i out of the support changes one sum, that of i's own label, so every cosine that a refit would compare is
one of two kinds: a cosine of the whole support, or one to the label of i without it,

    cos(x_j, s - x_i)   from   x_j.s - x_j.x_i   and   |s - x_i|^2 = |s|^2 - 2 s.x_i + |x_i|^2

and under leave-one-out scoring, for j of the same label, ``s - x_i - x_j`` likewise. So each head costs one product
``(example, example)`` and a few passes over arrays of that shape, and gives at once, for every i, its score without i and
its vote on i. Ranked without i, the votes on i answer for every number of kept heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError
from sav_core.heads.chunks import Points, map_chunks
from sav_core.heads.scoring import HeadSums, judged_examples, square_without
from sav_core.heads.ties import Ties, ties_of
from sav_core.types import HeadVectors

__all__ = ["majority_left_out", "majority_work"]

Array = npt.NDArray[np.float64]

_NUMBERS = 1 << 17  # in one array of a block: it stays in the processor's cache


def majority_work(vectors: HeadVectors) -> int:
    """How many numbers are handled to leave every example out: what a bound on the work is compared with."""
    layers, heads, dim = vectors.geometry.shape
    return len(vectors) ** 2 * layers * heads * (dim + 64)  # the products, and the passes over them


def majority_left_out(
    vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int, out: npt.NDArray[np.intp], *, scoring: str
) -> npt.NDArray[np.int16]:
    """Every head's vote on each left-out example, the heads ranked without it.

    Args:
        vectors: of the support.
        codes: ``int (example,)``, each example's label's number.
        n_labels: how many labels there are.
        out: ``int (judged,)``, rows to leave out one by one; the label of each has another example.
        scoring: what ranks the heads, one of ``heads.SCORINGS``.

    Returns:
        ``int (judged, head)``, labels' numbers, best-ranked head first.

    Raises:
        SettingError: the scoring is unknown, or without an example no head can be scored by it.
        InputError: a vector is not finite.
    """
    judged_examples(codes, n_labels, scoring)
    support, ties = _Support(codes, n_labels, out, scoring == "leave_one_out"), ties_of(vectors.dtype)
    scored = np.array([support.scored_without(label).sum() - support.scores_itself(label) for label in codes[out]])
    if not scored.all():
        raise SettingError(
            "leave_one_out scoring still needs a label with two examples when one is left out, and here none would have "
            "them: add examples or use scoring='resubstitution'."
        )

    def work(points: Points) -> tuple[Array, Array, Array]:
        return _Block(points, support, ties).without_each()

    correct, margin, votes = map(np.concatenate, zip(*map_chunks(vectors, work), strict=True))  # (head, judged)
    mean = ties.mean(margin, scored)
    order = np.lexsort((-mean, -correct), axis=0)  # stable: equal heads stay in the order of layer, then head
    return np.take_along_axis(votes, order, axis=0).T.astype(np.int16)


@dataclass(frozen=True)
class _Support:
    """What all heads share: the examples' labels, who is left out, and what scores a head."""

    codes: npt.NDArray[np.intp]
    n_labels: int
    out: npt.NDArray[np.intp]
    leave_one_out: bool

    def scored_without(self, label: int) -> npt.NDArray[np.bool_]:
        """``bool (example,)``, who can score heads when an example of that label is out; it itself still counts."""
        left = np.bincount(self.codes, minlength=self.n_labels)
        left[label] -= 1
        scored: npt.NDArray[np.bool_] = (left > (1 if self.leave_one_out else 0))[self.codes]
        return scored

    def scores_itself(self, label: int) -> bool:
        """Whether ``scored_without`` counts the very example of that label that is out."""
        return bool(self.scored_without(label)[self.codes == label].any())


class _Block:
    """Some neighbouring heads, head axis first; cosines are in whole steps of the grid."""

    def __init__(self, points: Points, support: _Support, ties: Ties) -> None:
        self.support, self.steps = support, 10.0**ties.decimals
        codes, labels, each = support.codes, support.n_labels, np.arange(len(support.codes))
        self.points = np.ascontiguousarray(points.transpose(1, 0, 2))  # (head, example, dim)
        sums = HeadSums(points, codes, labels)
        self.dots, self.own_dots = sums.dots, sums.own_dots
        self.squares = sums.squares
        self.own_squares = sums.own_squares_without  # (head, example), |s - x_j|^2
        self.inverse = _inverse(self.squares)
        similarity = np.rint(sums.cosines(leave_one_out=support.leave_one_out) * self.steps)  # (head, label, example)
        self.own = similarity[:, codes, each].copy()
        # As one number to compare: the cosine, and of equal ones the label that sorts first.
        rivals = similarity * labels - np.arange(labels)[:, None]
        rivals[:, codes, each] = -np.inf
        order = np.argpartition(-rivals, min(1, labels - 1), axis=1)[:, :2]
        self.best = order[:, 0]  # the nearest other label; how near it and the next are
        self.first, self.second = np.moveaxis(np.take_along_axis(rivals, order, axis=1), 1, 0)

    def without_each(self) -> tuple[Array, Array, Array]:
        """For each left-out example how many others are right, the sum of their margins, and the vote on it."""
        out, heads = self.support.out, len(self.points)
        correct, margin, votes = (np.zeros((heads, len(out))) for _ in range(3))
        step = max(1, _NUMBERS // (heads * len(self.support.codes)))
        for label in np.unique(self.support.codes[out]):
            places = np.flatnonzero(self.support.codes[out] == label)
            for start in range(0, len(places), step):
                part = places[start : start + step]
                correct[:, part], margin[:, part], votes[:, part] = self._without(out[part], int(label))
        return correct, margin, votes

    def _without(self, out: npt.NDArray[np.intp], label: int) -> tuple[Array, Array, Array]:
        """The same for left-out examples of one label; the arrays here are ``(head, example, left out)``."""
        codes, labels = self.support.codes, self.support.n_labels
        cross = np.matmul(self.points, self.points[:, out].transpose(0, 2, 1))
        changed = self.dots[:, label, :, None] - cross  # to the label's sum without the one left out
        changed *= self.inverse[:, :, None]
        changed *= (self.steps * _inverse(self.own_squares[:, out]))[:, None]
        np.rint(changed, out=changed)
        scored = self.support.scored_without(label)
        correct, margin = self._others(changed, label, np.flatnonzero(scored & (codes != label)))
        if self.support.scores_itself(label):
            more = self._same(changed, cross, out, label)
            correct, margin = correct + more[0], margin + more[1]
        nearer = changed[:, out, np.arange(len(out))] * labels - label > self.first[:, out]
        return correct, margin, np.where(nearer, label, self.best[:, out])

    def _others(self, changed: Array, label: int, rows: npt.NDArray[np.intp]) -> tuple[Array, Array]:
        """Of examples of other labels: one of their rivals has changed."""
        codes, labels = self.support.codes[rows], self.support.n_labels
        changed, own = changed[:, rows], self.own[:, rows]
        rest = np.where(self.best[:, rows] == label, self.second[:, rows], self.first[:, rows])
        # Right where it beats the rest, and the changed label too, which an equal cosine beats if it sorts first.
        limit = np.where(own * labels - codes > rest, own + (label > codes), -np.inf)
        correct = np.count_nonzero(changed < limit[:, :, None], axis=1)
        np.maximum(changed, np.ceil(rest / labels)[:, :, None], out=changed)
        return correct.astype(np.float64), own.sum(1)[:, None] - changed.sum(1)

    def _same(self, changed: Array, cross: Array, out: npt.NDArray[np.intp], label: int) -> tuple[Array, Array]:
        """Of the other examples of the same label: their own centroid has changed."""
        rows = np.flatnonzero(self.support.codes == label)
        own = changed[:, rows]
        if self.support.leave_one_out:  # x_j.(s - x_i - x_j), over the lengths of both
            moved = self.own_dots[:, rows, None] - cross[:, rows]
            squares = self.squares[:, rows, None]
            left = square_without(self.own_squares[:, None, out], moved, squares)
            own = np.rint((moved - squares) * self.inverse[:, rows, None] * (self.steps * _inverse(left)))
        first, there = self.first[:, rows, None], rows[:, None] != out
        right = (own * self.support.n_labels - label > first) & there
        margin = np.where(there, own - np.ceil(first / self.support.n_labels), 0.0)
        return right.sum(1).astype(np.float64), margin.sum(1)


def _inverse(squares: Array) -> Array:
    """One over the length; what has none is similar to nothing."""
    length = np.sqrt(squares)
    return np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
