"""How well each attention head alone tells the labels apart: per-head nearest class mean, scored on the support.

Sparse Attention Vectors (arXiv 2412.00142, section 3): a head's centroid of a label is the plain mean of its vectors over
that label's support examples; the head predicts the label whose centroid has the highest cosine similarity; its score is
how many support examples it predicts correctly.

All heads are scored at once, in double precision, a few heads at a time so that the working set stays in the processor's
cache whatever the size of the model. Cosines are rounded before they are compared, as ``sav_core.heads.ties`` says: what is
equal up to the model's precision is then equal here, and a tie goes to the label that sorts first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError, SettingError
from sav_core.heads.chunks import Points, map_chunks
from sav_core.heads.ties import EXACT, Ties, ties_of
from sav_core.types import HeadScores, HeadVectors

__all__ = [
    "SCORINGS",
    "HeadFit",
    "HeadSums",
    "LeftOutCounts",
    "Scoring",
    "cosines",
    "fit_heads",
    "judged_examples",
    "left_out_cosines",
    "square_without",
]

Scoring: TypeAlias = Literal["resubstitution", "leave_one_out"]
SCORINGS: tuple[str, ...] = get_args(Scoring)
"""The paper's score, where every example sits in its own centroid; and the honest one, where it does not."""

_ROUNDING = 1e-13  # of the squares that a difference was taken of: below it nothing is left


@dataclass(frozen=True)
class LeftOutCounts:
    """How many examples each head alone gives their own label by the nearest mean, each example out of its label's mean.

    No head is chosen by it here, so the count is honest whatever ranks the heads.

    Attributes:
        correct: ``int (layer, head)``.
        n: of how many examples: those whose label has another one.
    """

    correct: npt.NDArray[np.int64]
    n: int

    def __repr__(self) -> str:
        return f"LeftOutCounts(best {int(self.correct.max())} of {self.n} right)"


@dataclass(frozen=True)
class HeadFit:
    """What one pass over the support says of every head.

    Attributes:
        scores: the score of each head.
        centroids: ``float64 (layer, head, label, dim)``.
        predicted: ``int (example, layer, head)``, the label's number that each head gives each support example under the
            scoring asked for. An example left out with no other of its label is still given one of the other labels.
        margins: ``float64 (example, layer, head)``, own-label cosine minus best other-label cosine; 0 where not judged.
        distances: ``float64 (example, label)``, one minus the mean of every head's cosines to the label's centroid, each
            example taken out of its own label's; infinite where it is alone there.
        left_out: each head's count of right answers, every example left out; ``None`` where every label has one example.
    """

    scores: HeadScores
    centroids: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.int32]
    margins: npt.NDArray[np.float64]
    distances: npt.NDArray[np.float64]
    left_out: LeftOutCounts | None


@dataclass(frozen=True)
class _Block:
    """The part of a ``HeadFit`` that a few neighbouring heads have, head axis first."""

    centroids: npt.NDArray[np.float64]  # (head, label, dim)
    predicted: npt.NDArray[np.int32]  # (head, example)
    margins: npt.NDArray[np.float64]  # (head, example)
    left_out: npt.NDArray[np.float64]  # (label, example), the sum of the heads' cosines, each example left out
    right: npt.NDArray[np.int64]  # (head,), how many examples are right when left out


def fit_heads(
    vectors: HeadVectors,
    codes: npt.NDArray[np.intp],
    n_labels: int,
    *,
    scoring: str = "resubstitution",
    rows: npt.NDArray[np.intp] | None = None,
) -> HeadFit:
    """Give every head its centroids and its score.

    Args:
        vectors: the support's head vectors.
        codes: ``int (example,)``, each used example's label as a number from 0; every number occurs.
        n_labels: how many labels there are, two or more.
        scoring: one of ``SCORINGS``. ``leave_one_out`` takes each example out of its own centroid by a closed-form
            update; an example that is the only one of its label cannot be judged so and does not count.
        rows: which of the vectors to use, in the order of ``codes``; all by default. Leaving an example out this way
            copies nothing.

    Raises:
        SettingError: the scoring is unknown, or ``leave_one_out`` has no label with two examples.
        InputError: a vector is not finite.
    """
    judged = judged_examples(codes, n_labels, scoring)
    examples, (layers, heads, dim) = len(codes), vectors.geometry.shape

    ties = ties_of(vectors.dtype)

    def work(points: Points) -> _Block:
        return _fit_block(points, codes, n_labels, ties, leave_one_out=scoring == "leave_one_out")

    blocks = map_chunks(vectors, work, rows)
    right, left = np.concatenate([part.right for part in blocks]), int(_has_another(codes, n_labels).sum())
    predicted = np.concatenate([part.predicted for part in blocks])
    margins = np.where(judged, np.concatenate([part.margins for part in blocks]), 0.0)
    scores = HeadScores(
        correct=((predicted == codes) & judged).sum(1).reshape(layers, heads),
        margin=ties.mean(ties.units(margins).sum(1), judged.sum()).reshape(layers, heads),
        scored=int(judged.sum()),
        scoring=scoring,
    )
    return HeadFit(
        scores=scores,
        centroids=np.concatenate([part.centroids for part in blocks]).reshape(layers, heads, n_labels, dim),
        predicted=predicted.T.reshape(examples, layers, heads),
        margins=margins.T.reshape(examples, layers, heads),
        distances=1.0 - np.sum([part.left_out for part in blocks], axis=0).T / (layers * heads),
        left_out=LeftOutCounts(right.reshape(layers, heads), left) if left else None,
    )


def judged_examples(codes: npt.NDArray[np.intp], n_labels: int, scoring: str) -> npt.NDArray[np.bool_]:
    """``bool (example,)``: whom a scoring can judge. Left out, the only example of its label cannot be.

    Raises:
        SettingError: the scoring is unknown, or ``leave_one_out`` has no label with two examples.
    """
    if scoring not in SCORINGS:
        raise SettingError(f"scoring must be one of {', '.join(SCORINGS)}, but is {scoring!r}.")
    if scoring == "resubstitution":
        return np.ones(len(codes), dtype=bool)
    judged = _has_another(codes, n_labels)
    if not judged.any():
        raise SettingError(
            "leave_one_out scoring needs a label with at least two examples, but every label has one: "
            "add examples or use scoring='resubstitution'."
        )
    return judged


def _has_another(codes: npt.NDArray[np.intp], n_labels: int) -> npt.NDArray[np.bool_]:
    """``bool (example,)``: whose label has another example."""
    several: npt.NDArray[np.bool_] = np.bincount(codes, minlength=n_labels)[codes] > 1
    return several


def left_out_cosines(points: Points, codes: npt.NDArray[np.intp], n_labels: int, ties: Ties) -> npt.NDArray[np.float64]:
    """Cosine of every example to every label's centroid, its own label's being that of the others.

    Args:
        points: ``float64 (example, head, dim)``.
        codes: ``int (example,)``, each example's label's number.
        n_labels: how many labels there are.
        ties: on whose grid the cosines are.

    Returns:
        ``float64 (head, label, example)``; minus infinity for the own label of an example that is its only one.

    Raises:
        InputError: a vector is not finite.
    """
    return ties.round(HeadSums(points, codes, n_labels).cosines(leave_one_out=True))


def cosines(
    points: npt.NDArray[np.floating], centroids: npt.NDArray[np.floating], ties: Ties = EXACT
) -> npt.NDArray[np.float64]:
    """Cosine of every point to every centroid of the same head, ready to be compared.

    Args:
        points: ``float (example, head, dim)``.
        centroids: ``float (head, label, dim)``.
        ties: on whose grid; by default to ten decimals.

    Returns:
        ``float64 (example, head, label)``; 0 where a vector has no length.
    """
    by_head = np.asarray(points, dtype=np.float64).transpose(1, 0, 2)
    dots = np.matmul(by_head, np.asarray(centroids, dtype=np.float64).transpose(0, 2, 1))
    return ties.round(cosine(dots, square(by_head)[:, :, None], square(centroids)[:, None, :])).transpose(1, 0, 2)


class HeadSums:
    """The labels' sums of some heads and the examples' products with them, head axis first: what cosines are made of.

    A sum points where its mean does, and taking an example out of it is one subtraction.

    Args:
        points: ``float64 (example, head, dim)``.
        codes: ``int (example,)``, each example's label's number.
        n_labels: how many labels there are.

    Attributes:
        sums: ``float64 (head, label, dim)``.
        dots: ``float64 (head, label, example)``, of the examples with the sums.
        squares: ``float64 (head, example)``, squared lengths of the examples.
        own_dots: ``float64 (head, example)``, of each example with its own label's sum.
        own_squares_without: ``float64 (head, example)``, squared length of that sum without the example.

    Raises:
        InputError: a vector is not finite.
    """

    def __init__(self, points: Points, codes: npt.NDArray[np.intp], n_labels: int) -> None:
        each = np.arange(len(codes))
        self.codes, self.counts = codes, np.bincount(codes, minlength=n_labels)
        membership = (codes == np.arange(n_labels)[:, None]).astype(np.float64)
        with np.errstate(invalid="ignore"):  # an infinite vector is told below
            # One small product a head: BLAS starts no threads for it.
            self.sums = np.matmul(membership, points.transpose(1, 0, 2))
        if not np.isfinite(self.sums).all():
            raise InputError("A head vector is not a finite number: the model overflowed; load it with dtype='float32'.")
        self.dots = np.matmul(self.sums, points.transpose(1, 2, 0))
        self.squares, self._sum_squares = square(points).T, square(self.sums)
        self.own_dots = self.dots[:, codes, each]
        self.own_squares_without = square_without(self._sum_squares[:, codes], self.own_dots, self.squares)

    def cosines(self, *, leave_one_out: bool) -> npt.NDArray[np.float64]:
        """Cosines ``float64 (head, label, example)``, not yet rounded.

        Args:
            leave_one_out: whether each example is out of its own label's sum; minus infinity where it was alone there.
        """
        found = cosine(self.dots, self._sum_squares[:, :, None], self.squares[:, None, :])
        if leave_one_out:
            own = cosine(self.own_dots - self.squares, self.squares, self.own_squares_without)
            found[:, self.codes, np.arange(len(self.codes))] = np.where(self.counts[self.codes] > 1, own, -np.inf)
        return found


def _fit_block(points: Points, codes: npt.NDArray[np.intp], n_labels: int, ties: Ties, *, leave_one_out: bool) -> _Block:
    """Score some heads; ``points`` is ``(example, head, dim)``."""
    each = np.arange(len(codes))
    found = HeadSums(points, codes, n_labels)
    left_out = ties.round(found.cosines(leave_one_out=True))
    similarity = left_out.copy() if leave_one_out else ties.round(found.cosines(leave_one_out=False))
    predicted = similarity.argmax(1).astype(np.int32)
    without = predicted if leave_one_out else left_out.argmax(1)  # an only example's own cosine there is minus infinity
    own = similarity[:, codes, each]
    similarity[:, codes, each] = -np.inf
    return _Block(
        centroids=found.sums / found.counts[:, None],
        predicted=predicted,
        margins=np.where(np.isneginf(own), 0.0, own - similarity.max(1)),
        left_out=left_out.sum(0),
        right=np.count_nonzero(without == codes, axis=1),
    )


def square(vectors: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The squared length of each vector, the last axis being dim."""
    squares: npt.NDArray[np.float64] = np.einsum("...d,...d->...", vectors, vectors, dtype=np.float64)
    return squares


def square_without(
    whole: npt.NDArray[np.float64], dot: npt.NDArray[np.float64], part: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """``|s - x|^2`` from ``|s|^2``, ``s.x`` and ``|x|^2``; nothing where no more than rounding is left."""
    left = whole - 2 * dot + part
    return np.asarray(np.where(left > _ROUNDING * (whole + part), left, 0.0), dtype=np.float64)


def cosine(
    dots: npt.NDArray[np.float64], square_a: npt.NDArray[np.float64], square_b: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Cosines from products and squared lengths, not yet rounded; what has no length is similar to nothing."""
    length = np.sqrt(square_a) * np.sqrt(square_b)
    length[length == 0] = np.inf
    found: npt.NDArray[np.float64] = dots / length
    return found
