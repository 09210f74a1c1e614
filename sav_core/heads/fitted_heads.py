"""What a fit finds of a model's heads, and what these heads then say of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError
from sav_core.heads.rejection import Reach, closeness
from sav_core.heads.rules import FittedRule
from sav_core.heads.scoring import LeftOutCounts, cosines
from sav_core.heads.ties import EXACT, Ties
from sav_core.types import Geometry, Head, HeadScores, HeadVectors, at_heads

__all__ = ["FittedHeads"]

_QUERY_BYTES = 64 << 20  # of double-precision vectors of queries at a time


@dataclass(frozen=True)
class FittedHeads:
    """All that classifying needs: what a ``.sav`` file holds.

    Attributes:
        labels: sorted.
        centroids: ``float64 (layer, head, label, dim)``, of every head, so that another number of heads can be kept.
        scores: of every head.
        examples: how many support examples each label had, in the order of ``labels``.
        rule: the voting rule as it was fitted.
        ties: when two cosines or shares count as equal; to ten decimals in files of an earlier version.
        left_out: each head's right answers on examples left out; ``None`` where none can be, and in files of an earlier
            version.
    """

    labels: tuple[str, ...]
    centroids: npt.NDArray[np.float64]
    scores: HeadScores
    examples: tuple[int, ...]
    rule: FittedRule
    ties: Ties = EXACT
    left_out: LeftOutCounts | None = None

    @property
    def geometry(self) -> Geometry:
        """The model's layers, heads and dim."""
        layers, heads, _, dim = self.centroids.shape
        return Geometry(layers, heads, dim)

    def opinions(
        self, vectors: HeadVectors, heads: tuple[Head, ...], rows: Sequence[int] | None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return cosines and opinions ``float64 (example, head, label)`` of some heads, a part of the queries at a time.

        Args:
            vectors: of the queries.
            heads: which.
            rows: which of the queries to judge, in this order; all where it is ``None``.

        Raises:
            InputError: the vectors come from a model of another geometry, or do not reach these heads.
        """
        self.check(vectors, 1 + max(head.layer for head in heads))
        layer, index = at_heads(heads)
        used = np.arange(len(vectors)) if rows is None else np.asarray(rows, dtype=np.intp)
        step = self._queries_at_once(len(heads))
        centroids = self.centroids[layer, index]
        similarities = np.zeros((len(used), len(heads), len(self.labels)))
        opinions = np.zeros_like(similarities)
        for start in range(0, len(used), step):
            part = slice(start, start + step)
            points = vectors.values[used[part, None], layer, index]
            similarities[part] = cosines(points, centroids, self.ties)
            opinions[part] = self.rule.opinions(points, similarities[part], heads)
        return similarities, opinions

    def check(self, vectors: HeadVectors, depth: int) -> None:
        """Refuse vectors of another geometry, or that do not reach so many layers.

        Raises:
            InputError: they are.
        """
        geometry = self.geometry
        if not vectors.serve(geometry, depth):
            raise InputError(
                f"The classifier was fitted on {geometry}, but these vectors have {vectors.geometry}: "
                "use the model it was fitted with."
            )

    def closeness(self, vectors: HeadVectors, kept: npt.NDArray[np.float64], reach: Reach) -> npt.NDArray[np.float64]:
        """Return how close each query is to the examples of each label, ``float64 (example, label)``.

        Args:
            vectors: of the queries.
            kept: ``float64 (example, head, label)``, cosines of the kept heads, which count where the reach is theirs; else
                every head's are measured.
            reach: of the labels' examples.
        """
        if reach.every_head:
            layers, heads, labels, dim = self.centroids.shape
            centroids = self.centroids.reshape(layers * heads, labels, dim)
            points = vectors.values.reshape(len(vectors), layers * heads, dim)
            step = self._queries_at_once(layers * heads)
            parts = [cosines(points[start : start + step], centroids, self.ties) for start in range(0, len(points), step)]
            mean = np.concatenate([part.mean(1) for part in parts]) if parts else np.zeros((0, labels))
        else:
            mean = kept.mean(1)
        return closeness(1.0 - mean, np.array(reach.radii))

    def _queries_at_once(self, heads: int) -> int:
        return max(1, _QUERY_BYTES // (8 * max(1, heads) * self.geometry.dim))
