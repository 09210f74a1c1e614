"""How near a query is to the examples of the label it was given: what lets a classifier say "none of these".

A vote always has a winner, also for a thing that no label is about. But such a thing lies farther from the winner than the
winner's own examples do:

    reach = Reach(label_radii(fit_heads(...).distances, codes))
    closeness(distance, reach.radii[winner])       # 1 among the examples, 0.5 twice as far out as any

The winner's share times its closeness, ``Prediction.acceptance``, is the one "none of these" score: a threshold is
compared with it on the page and the command line, and the ROC curve of unknown queries judges it. The threshold itself is
learned from the examples by ``sav_core.evaluation.acceptance`` and kept as a ``Rejection``.

A distance is one minus the mean of the heads' cosines to a label's centroid: of *every* head, for those that vote were
chosen for how well they tell the labels apart and say little about what is none of them. Each support example is taken out
of its own centroid before its distance is measured, for a query is in none. Files of an earlier version have the distances
of the voting heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sav_core.heads.chunks import Points, map_chunks
from sav_core.heads.scoring import cosine, square_without
from sav_core.heads.ties import ties_of
from sav_core.types import HeadVectors

__all__ = ["Reach", "Rejection", "closeness", "label_radii", "radii_without_each"]

Array: TypeAlias = npt.NDArray[np.float64]

_PAIRS = 200  # examples of a label up to which each pair is left out together; above, one more or less moves no centroid


@dataclass(frozen=True)
class Reach:
    """How far out each label's farthest example lies.

    Attributes:
        radii: one for each label, in their order.
        every_head: whether distances are of every head; of those that vote where an earlier version saved them.
    """

    radii: tuple[float, ...]
    every_head: bool = True


@dataclass(frozen=True)
class Rejection:
    """From which acceptance on an answer is given, and what that costs on the support.

    Attributes:
        threshold: of ``Prediction.acceptance``, in whole hundredths; below it the answer is "none of these".
        own: how many examples were judged by a fit without them.
        refused: how many of those lie below the threshold.
        strangers: how many examples were judged by a fit without their label.
        passed: how many of those do not lie below it.
    """

    threshold: float
    own: int
    refused: int
    strangers: int
    passed: int


def label_radii(distances: Array, codes: npt.NDArray[np.intp]) -> Array | None:
    """How far from its label's centroid each label's farthest example lies when it is left out.

    Args:
        distances: ``float64 (example, label)``, see ``sav_core.heads.scoring.HeadFit``.
        codes: ``int (example,)``, each example's label's number.

    Returns:
        ``float64 (label,)``. A label with a single example has the mean radius of the others, for none of its own shows how
        much its examples differ; ``None`` where no label has two, for then nothing is known of any.
    """
    own = distances[np.arange(len(codes)), codes]
    radii = np.full(distances.shape[1], -np.inf)
    known = np.isfinite(own)
    if not known.any():
        return None
    np.maximum.at(radii, codes[known], own[known])
    return _lent(radii)


def radii_without_each(vectors: HeadVectors, codes: npt.NDArray[np.intp], distances: Array) -> Array:
    """What ``label_radii`` would be without each example: ``float64 (example, label)``.

    The others of its label are then measured to a centroid that neither is part of, which follows from the label's Gram
    matrix in every head. Infinite where nothing would be known.

    Args:
        vectors: of the support.
        codes: ``int (example,)``, each example's label's number.
        distances: of the same fit.
    """
    own, n_labels = distances[np.arange(len(codes)), codes], distances.shape[1]
    known = np.isfinite(own)
    whole = np.full(n_labels, -np.inf)
    np.maximum.at(whole, codes[known], own[known])
    radii = np.tile(whole, (len(codes), 1))
    for label in range(n_labels):
        rows = np.flatnonzero(codes == label)
        if len(rows) < 3:
            radii[rows, label] = -np.inf  # at most one is left
            continue
        far = _without_pairs(vectors, rows) if len(rows) <= _PAIRS else np.tile(own[rows], (len(rows), 1))
        far[np.arange(len(rows)), np.arange(len(rows))] = -np.inf
        radii[rows, label] = far.max(1)
    return _lent(radii)


def closeness(distance: Array, radius: Array) -> Array:
    """A label's radius divided by a query's distance to it, at most 1.

    Args:
        distance: ``float64 (example,)``, to the label that each query was given; or ``(example, label)``, to each label.
        radius: ``float64 (example,)``, that label's; or ``(label,)``.
    """
    ratio = np.divide(radius, distance, out=np.ones_like(distance), where=distance > radius)
    near: Array = np.clip(ratio, 0.0, 1.0)
    return near


def _lent(radii: Array) -> Array:
    """Give a label of which nothing is known the mean radius of the others; the last axis is label."""
    known = ~np.isneginf(radii)
    count = known.sum(-1, keepdims=True)
    mean = np.divide(radii.sum(-1, keepdims=True, where=known), count, out=np.full(count.shape, np.inf), where=count > 0)
    lent: Array = np.where(known, radii, mean)
    return lent


def _without_pairs(vectors: HeadVectors, rows: npt.NDArray[np.intp]) -> Array:
    """How far each example of a label is from the mean of those that are neither it nor another: ``(other, example)``."""
    layers, heads, _ = vectors.geometry.shape
    ties = ties_of(vectors.dtype)

    def work(points: Points) -> Array:
        by_head = points.transpose(1, 0, 2)
        gram = np.matmul(by_head, by_head.transpose(0, 2, 1))  # (head, example, example)
        dots, squares = gram.sum(-1), np.einsum("hee->he", gram)
        without = square_without(dots.sum(-1, keepdims=True), dots, squares)  # (head, example), |s - x_i|^2
        product = dots[:, None, :] - gram  # of x_j with s - x_i
        left = square_without(without[:, :, None], product, squares[:, None, :])
        return np.asarray(ties.round(cosine(product - squares[:, None, :], squares[:, None, :], left)).sum(0))

    similarity = np.sum(map_chunks(vectors, work, rows), axis=0)
    return np.asarray(1.0 - similarity / (layers * heads), dtype=np.float64)
