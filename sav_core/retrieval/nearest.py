"""Which examples are nearest to a query, by the vectors of some heads.

    found = nearest(support, queries, kept_heads, k=5)       # by the kept heads together
    found = nearest(support, support, [head], k=5, exclude_self=True)    # in one head's space
    found.positions[0], found.similarity[0]

The similarity is the cosine of what the heads say together: each head's vector is brought to length one, so that no head
speaks louder than another, and all are laid side by side. That is the mean of the heads' cosines. A vector of no length is
similar to nothing. Any other features can stand in for a comparison, as ``HeadVectors`` of one layer and one head.

Cosines are rounded to ten decimals before they are compared, so that what is equal on paper is equal on every machine; of
equally near examples the lower row comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError, SettingError
from sav_core.heads.ties import FINEST
from sav_core.types import Head, HeadVectors, at_heads

__all__ = ["Neighbours", "laid_side_by_side", "nearest", "recall_at"]

_BLOCK_BYTES = 16 << 20  # of double-precision vectors of the index, and again of the queries


@dataclass(frozen=True)
class Neighbours:
    """The nearest examples of each query, nearest first.

    Attributes:
        positions: ``int (query, k)``, rows of the index.
        similarity: ``float64 (query, k)``, from -1 to 1.
    """

    positions: npt.NDArray[np.intp]
    similarity: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.positions.ndim != 2 or self.positions.shape != self.similarity.shape:
            raise ValueError(
                "Positions and similarities both have axes (query, k), but their shapes are "
                f"{self.positions.shape} and {self.similarity.shape}."
            )

    def __repr__(self) -> str:
        queries, k = self.positions.shape
        return f"Neighbours({k} of each of {queries} queries)"


def nearest(
    index: HeadVectors, queries: HeadVectors, heads: Sequence[Head], k: int = 5, *, exclude_self: bool = False
) -> Neighbours:
    """Find the examples of an index that are nearest to each query.

    Args:
        index: the examples to search in.
        queries: what to search for; head vectors of the same model.
        heads: whose vectors decide: the kept heads, or one head to see its own space.
        k: how many to find for each query; fewer when the index has fewer.
        exclude_self: the queries are the rows of the index, and no row is to find itself.

    Raises:
        SettingError: ``k`` is not positive, there are no heads, a head is named twice or does not exist, or
            ``exclude_self`` with queries that are not as many as the index.
        InputError: the index has nothing to find, the two come from different models, or a vector is not finite.
    """
    _check(index, queries, heads, k, exclude_self=exclude_self)
    k = min(k, len(index) - exclude_self)
    step = max(1, _BLOCK_BYTES // (8 * len(heads) * index.geometry.dim))
    positions = np.zeros((len(queries), k), dtype=np.intp)
    similarity = np.zeros((len(queries), k))
    for rows, block in _blocks(queries, heads, step):
        best = np.zeros((len(block), 0)), np.zeros((len(block), 0), dtype=np.intp)
        for candidates, others in _blocks(index, heads, step):
            found = np.round(block @ others.T, FINEST)
            if exclude_self:
                found[rows[:, None] == candidates] = -np.inf
            best = _merge(best, found, candidates, k)
        similarity[rows], positions[rows] = best
    return Neighbours(positions, similarity)


def recall_at(k: int, found: Neighbours, index_labels: Sequence[str | None], query_labels: Sequence[str | None]) -> float:
    """Share of the queries that have an example of their own label among their ``k`` nearest.

    Args:
        k: how many of the neighbours to look at.
        found: the neighbours of the queries.
        index_labels: one for each row of the index; rows without a label match nothing.
        query_labels: one for each query; queries without a label do not count.

    Raises:
        SettingError: fewer than ``k`` neighbours were found.
        InputError: no query has a label, or the labels are not as many as the queries.
    """
    queries, depth = found.positions.shape
    if not 1 <= k <= depth:
        raise SettingError(f"k must be from 1 to {depth}, the neighbours that were found, but is {k}.")
    if len(query_labels) != queries:
        raise InputError(f"{queries} queries need as many labels, but {len(query_labels)} came.")
    labels = np.array(index_labels, dtype=object)[found.positions[:, :k]]  # (query, k)
    hits = [label in row for label, row in zip(query_labels, labels, strict=True) if label is not None]
    if not hits:
        raise InputError("Recall is judged on queries with a label, and none has one: label the queries.")
    return float(np.mean(hits))


def _check(index: HeadVectors, queries: HeadVectors, heads: Sequence[Head], k: int, *, exclude_self: bool) -> None:
    geometry = index.geometry
    if not queries.serve(geometry, 1 + max((head.layer for head in heads), default=0)) or (
        index.model and queries.model and index.model != queries.model
    ):
        raise InputError(
            f"Index and queries must be head vectors of one model, but the index has {geometry} and the queries have "
            f"{queries.geometry}{' of another model' * (geometry == queries.geometry)}: extract both with the same model."
        )
    if k < 1:
        raise SettingError(f"k must be 1 or more, but is {k}.")
    if not heads or len(set(heads)) != len(heads):
        raise SettingError(f"heads must name one head or more, each once, but are {list(heads)}.")
    geometry.check(heads)
    if exclude_self and len(index) != len(queries):
        raise SettingError(
            "exclude_self needs the index itself as queries, row for row, but the index has "
            f"{len(index)} rows and there are {len(queries)} queries."
        )
    if len(index) <= exclude_self:
        raise InputError(f"The index has {len(index)} examples, so there is nothing to find: add examples.")


def laid_side_by_side(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """What some heads say together: each head's vector at length one, and the heads side by side.

    Args:
        points: ``float (example, head, dim)``.

    Returns:
        ``float64 (example, head * dim)``, of length one, whose products are the means of the heads' cosines; a head's
        vector of no length stays one.

    Raises:
        InputError: a vector is not finite.
    """
    exact = np.asarray(points, dtype=np.float64)
    length = np.linalg.norm(exact, axis=-1, keepdims=True)
    if not np.isfinite(length).all():
        raise InputError("A head vector is not a finite number: the model overflowed; load it with dtype='float32'.")
    unit = np.divide(exact, length, out=np.zeros_like(exact), where=length > 0)
    together: npt.NDArray[np.float64] = unit.reshape(len(exact), -1) / np.sqrt(exact.shape[1])
    return together


def _blocks(
    vectors: HeadVectors, heads: Sequence[Head], step: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
    """Part examples into rows and what the heads say of them, see ``laid_side_by_side``."""
    layers, indices = at_heads(heads)
    for start in range(0, len(vectors), step):
        points = vectors.values[start : start + step, layers, indices]
        yield np.arange(start, start + len(points), dtype=np.intp), laid_side_by_side(points)


def _merge(
    best: tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]],
    found: npt.NDArray[np.float64],
    candidates: npt.NDArray[np.intp],
    k: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Keep the ``k`` nearest of the best so far and of a later block; equal ones stay in the order of their rows."""
    similarity = np.concatenate([best[0], found], axis=1)
    rows = np.concatenate([best[1], np.broadcast_to(candidates, found.shape)], axis=1)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(similarity, order, 1), np.take_along_axis(rows, order, 1)
