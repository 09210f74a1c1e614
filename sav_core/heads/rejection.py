"""How near a query is to the examples of the label it was given: what lets a classifier say "none of these".

A vote always has a winner, also for a thing that no label is about. But such a thing lies farther from the winner than the
winner's own examples do:

    radii = class_radii(support_vectors, codes, n_labels, kept_heads)
    closeness(prediction.similarities, winner, radii)            # 1 among the examples, 0.5 twice as far out as any

The winner's share times its closeness, ``Prediction.acceptance``, is the one "none of these" score: a threshold is
compared with it on the page and the command line, and the ROC curve of unknown queries judges it.

A distance is one minus the mean of the kept heads' cosines to a label's centroid. Each support example is taken out of its
own centroid before its distance is measured, for a query is in none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sav_core.heads.scoring import cosines
from sav_core.heads.ties import ties_of
from sav_core.types import Head, HeadVectors, at_heads

__all__ = ["class_radii", "closeness"]


def class_radii(
    vectors: HeadVectors,
    codes: npt.NDArray[np.intp],
    n_labels: int,
    kept: Sequence[Head],
    *,
    rows: npt.NDArray[np.intp] | None = None,
) -> npt.NDArray[np.float64]:
    """How far from its label's centroid each label's farthest example lies when it is left out.

    Args:
        vectors: of the support.
        codes: ``int (example,)``, each example's label as a number from 0.
        n_labels: how many labels there are.
        kept: the heads that vote.
        rows: which of the vectors to use, in the order of ``codes``; all by default.

    Returns:
        ``float64 (label,)``. A label with a single example has the largest radius of the others; where no label has two,
        radii are infinite, for nothing is known of it.
    """
    used = np.arange(len(vectors)) if rows is None else rows
    layer, index = at_heads(kept)
    points = vectors.values[used[:, None], layer, index].astype(np.float64)
    radii, ties = np.full(n_labels, -np.inf), ties_of(vectors.dtype)
    for code in range(n_labels):
        own = points[codes == code]  # (example of the label, head, dim)
        if len(own) < 2:
            continue
        others = own.sum(0) - own  # each example's centroid of the others, but for its length, which no cosine sees
        pairs = (-1, own.shape[-1])  # one by one: every head of every example has a centroid of its own
        similarity = cosines(own.reshape(pairs)[None], others.reshape(pairs)[:, None], ties).reshape(own.shape[:2])
        radii[code] = 1.0 - similarity.mean(1).min()
    known = np.isfinite(radii)
    radii[~known] = radii[known].max() if known.any() else np.inf
    return radii


def closeness(
    similarities: npt.NDArray[np.float64], winner: npt.NDArray[np.intp], radii: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The winning label's radius divided by a query's distance to it, at most 1.

    Args:
        similarities: ``float (example, head, label)``, the kept heads' cosines to every label's centroid.
        winner: ``int (example,)``, the label's number that each query was given.
        radii: ``float (label,)``, from ``class_radii``.

    Returns:
        ``float64 (example,)``, from 0 to 1.
    """
    mean = similarities.mean(1)  # (example, label)
    distance = 1.0 - mean[np.arange(len(winner)), winner]
    allowed = radii[winner]
    ratio = np.divide(allowed, distance, out=np.ones_like(distance), where=distance > allowed)
    near: npt.NDArray[np.float64] = np.clip(ratio, 0.0, 1.0)
    return near
