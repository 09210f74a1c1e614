"""One picture's head vectors put into another's run: does the answer follow them?

Each query takes at the last token what some heads say of a query with another label. If the model reads its answer off
those heads, it now gives that other label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.activations.extraction import extract_head_vectors
from sav_core.causes.ablation import truth_codes
from sav_core.causes.head_sets import KEPT, NOTHING, RANDOM, HeadSets
from sav_core.causes.label_scores import Scores, label_scores
from sav_core.causes.stand_ins import StandIns
from sav_core.data.examples import Example
from sav_core.errors import SettingError
from sav_core.evaluation.intervals import MeanDifference, bootstrap_interval, compare_means, drawn_interval
from sav_core.models.backbones import Backbone
from sav_core.types import Cancel, HeadVectors, ProgressCallback

__all__ = ["EVERY", "Followed", "Patching", "patch_pictures"]

EVERY = "every"
"""The condition that patches all heads: as much as patching at the last token can do."""


@dataclass(frozen=True)
class Followed:
    """How the answers follow the patched heads under one condition.

    Attributes:
        follows: share of the queries that are given the other picture's label.
        follows_interval: Wilson's at 95 %; of random heads over queries and draws.
        stays: share that keep their own label.
        shift: how much the other label gains on the query's own, in nats of log-odds; mean over the queries.
        shift_interval: bootstrap over queries at 95 %.
        heads: how many are patched.
    """

    follows: float
    follows_interval: tuple[float, float]
    stays: float
    shift: float
    shift_interval: tuple[float, float]
    heads: int


@dataclass(frozen=True)
class Patching:
    """The model's own answers while sets of heads say what they say of another picture.

    Attributes:
        labels: the possible answers.
        truth: ``int (query,)``, which label is right.
        other: ``int (query,)``, the label of the picture whose vectors are patched in.
        donors: ``int (query,)``, which query that picture is of.
        heads: the sets; beside the conditions there, ``every`` head.
        scores: ``float64 (set, query, label)``, log-likelihoods, sets in the order of ``heads``.
    """

    labels: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    donors: npt.NDArray[np.int64]
    heads: HeadSets
    scores: Scores = field(repr=False)

    @property
    def n(self) -> int:
        """How many queries."""
        return len(self.truth)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those of ``heads``."""
        return tuple(self.heads.sets)

    def outcome(self, condition: str) -> Followed:
        """Return how the answers follow under one of the ``conditions``."""
        said = self.scores[self.heads.rows[condition]].argmax(-1)  # (draw, query)
        follows, shift = said == self.other, self.shift(condition).mean(0)
        return Followed(
            follows=float(follows.mean()),
            follows_interval=drawn_interval(follows),
            stays=float((said == self.truth).mean()),
            shift=float(shift.mean()),
            shift_interval=bootstrap_interval(shift),
            heads=len(self.heads.sets[condition][0]),
        )

    def shift(self, condition: str) -> Scores:
        """``float64 (draw, query)``, how far the log-odds of the other label against the own one move."""
        odds = self._odds(condition) - self._odds(NOTHING)
        return np.asarray(odds)

    @cached_property
    def against_random(self) -> MeanDifference:
        """How much farther the kept heads move the log-odds than random ones of the same layers."""
        return compare_means(self.shift(KEPT).mean(0), self.shift(RANDOM).mean(0))

    def _odds(self, condition: str) -> Scores:
        of, rows = self.scores[self.heads.rows[condition]], np.arange(self.n)
        return np.asarray(of[:, rows, self.other] - of[:, rows, self.truth])


def patch_pictures(
    backbone: Backbone,
    heads: HeadSets,
    queries: Sequence[Example],
    labels: Sequence[str],
    *,
    vectors: HeadVectors | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Patching:
    """Let the model answer every query while sets of its heads say what they say of a query with another label.

    Args:
        backbone: the model.
        heads: from ``choose_heads``.
        queries: labelled, each with its question; of two labels or more.
        labels: the possible answers.
        vectors: of the queries, where they are known already.
        seed: of who is patched into whom.
        progress: told of queries times sets.
        cancel: asked between forwards; true stops the work.

    Raises:
        InputError: a query has no label, or another than ``labels``.
        SettingError: all queries have one label.
        CancelledError: ``cancel`` said so.
    """
    labels = tuple(dict.fromkeys(labels))
    truth = truth_codes(queries, labels)
    if len(set(truth.tolist())) < 2:
        raise SettingError(
            f"Patching takes pictures of another label, but all {len(queries)} queries have one: give queries of two."
        )
    rng = np.random.default_rng(seed)
    donors = np.array([rng.choice(np.flatnonzero(truth != own)) for own in truth], dtype=np.int64)
    if vectors is None or vectors.geometry != backbone.geometry or len(vectors) != len(queries):
        vectors = extract_head_vectors(backbone, queries, cancel=cancel)
    tried = replace(heads, sets={**heads.sets, EVERY: (backbone.geometry.every_head(),)})
    instead = StandIns(vectors.values[donors])
    scores = label_scores(backbone, queries, labels, tried.off(), instead, progress=progress, cancel=cancel)
    return Patching(labels, truth, truth[donors], donors, tried, scores)
