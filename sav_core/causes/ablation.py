"""What the model's own answer loses without some of its heads: accuracy, and log-likelihood of the right label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.causes.head_sets import KEPT, NOTHING, RANDOM, HeadSets
from sav_core.causes.label_scores import Scores, label_scores
from sav_core.causes.stand_ins import stand_ins
from sav_core.causes.ways import KnockOut
from sav_core.data.examples import Example
from sav_core.evaluation.intervals import MeanDifference, bootstrap_interval, compare_means, drawn_interval
from sav_core.evaluation.metrics import check_truth
from sav_core.models.backbones import Backbone
from sav_core.types import Cancel, HeadVectors, ProgressCallback

__all__ = ["Ablation", "Loss", "Outcome", "ablate", "truth_codes"]

_SURE = 0.05  # what a test must fall below before a difference is called one


@dataclass(frozen=True)
class Outcome:
    """How the model itself answers under one condition.

    Attributes:
        accuracy: share of the queries whose likeliest label is their own; of random heads the mean over the draws.
        interval: of the accuracy at 95 %: Wilson's; of random heads over queries and draws.
        log_likelihood: mean over the queries of the log-probability of the right label's tokens, in nats.
        log_likelihood_interval: bootstrap over queries at 95 %.
        probability: mean probability of the right label among the labels.
        heads: how many are switched off.
    """

    accuracy: float
    interval: tuple[float, float]
    log_likelihood: float
    log_likelihood_interval: tuple[float, float]
    probability: float
    heads: int


@dataclass(frozen=True)
class Loss:
    """What is lost under one condition compared with another; positive is a loss.

    Attributes:
        accuracy: in accuracy.
        log_likelihood: in log-likelihood of the right label, in nats.
    """

    accuracy: MeanDifference
    log_likelihood: MeanDifference


@dataclass(frozen=True)
class Ablation:
    """The model's own answers with sets of heads switched off.

    Attributes:
        labels: the possible answers.
        truth: ``int (query,)``, which label is right.
        heads: the sets; conditions are called as there.
        how: they were switched off.
        scores: ``float64 (set, query, label)``, log-likelihoods, sets in the order of ``heads``.
    """

    labels: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    heads: HeadSets
    how: KnockOut
    scores: Scores = field(repr=False)

    @property
    def n(self) -> int:
        """How many queries."""
        return len(self.truth)

    @property
    def conditions(self) -> tuple[str, ...]:
        """``nothing``, ``kept``, ``random``, and of ``worst`` and ``all_but_kept`` those that there are."""
        return tuple(self.heads.sets)

    def right(self, condition: str) -> npt.NDArray[np.bool_]:
        """``bool (draw, query)``, whether the right label is the likeliest; of equally likely ones the first is said."""
        return np.asarray(self._of(condition).argmax(-1) == self.truth)

    def log_likelihood(self, condition: str) -> Scores:
        """``float64 (draw, query)``, of the right label."""
        return np.asarray(self._of(condition)[:, np.arange(self.n), self.truth])

    def outcome(self, condition: str) -> Outcome:
        """Return how the model answers under one of the ``conditions``."""
        right, likely = self.right(condition), self.log_likelihood(condition)
        among = likely - np.logaddexp.reduce(self._of(condition), axis=-1)
        return Outcome(
            accuracy=float(right.mean()),
            interval=drawn_interval(right),
            log_likelihood=float(likely.mean()),
            log_likelihood_interval=bootstrap_interval(likely.mean(0)),
            probability=float(np.exp(among).mean()),
            heads=len(self.heads.sets[condition][0]),
        )

    def lost(self, condition: str) -> Loss:
        """Return what is lost under a condition compared with the whole model; of random heads the mean over the draws."""
        return self._loss(NOTHING, condition)

    @cached_property
    def against_random(self) -> Loss:
        """What is lost without the kept heads more than without random ones of the same layers."""
        return self._loss(RANDOM, KEPT)

    @property
    def random_as_harmful(self) -> float:
        """The share of draws of random heads that lose at least as much log-likelihood as the kept heads do."""
        mean = self.log_likelihood(RANDOM).mean(1)
        return float((mean <= self.log_likelihood(KEPT).mean()).mean())

    @property
    def chance(self) -> float:
        """The accuracy of the best answer that looks at nothing: the share of the most frequent label."""
        return float(np.bincount(self.truth).max() / self.n)

    @property
    def finding(self) -> str:
        """``used``, ``not told apart`` from random heads, ``used less`` than those, or ``nothing to lose``.

        ``used`` is said where the right label loses more log-likelihood without the kept heads than without others, by a
        paired test at 5 %, and more than in all but one in twenty draws of these; ``nothing to lose`` where the model's
        own answers are no better than chance.
        """
        if self.outcome(NOTHING).interval[0] <= self.chance:
            return "nothing to lose"
        more = self.against_random.log_likelihood
        if more.p >= _SURE:
            return "not told apart"
        if more.difference < 0:
            return "used less"
        return "used" if self.random_as_harmful <= _SURE else "not told apart"

    def _loss(self, before: str, after: str) -> Loss:
        return Loss(
            compare_means(self.right(before).mean(0), self.right(after).mean(0)),
            compare_means(self.log_likelihood(before).mean(0), self.log_likelihood(after).mean(0)),
        )

    def _of(self, condition: str) -> Scores:
        """``float64 (draw, query, label)``; one draw of all but random heads."""
        return self.scores[self.heads.rows[condition]]


def ablate(
    backbone: Backbone,
    heads: HeadSets,
    queries: Sequence[Example],
    labels: Sequence[str],
    *,
    support: Sequence[Example] = (),
    vectors: HeadVectors | None = None,
    how: KnockOut | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Ablation:
    """Switch sets of heads off in the model, and let it answer every query by itself.

    Args:
        backbone: the model.
        heads: from ``choose_heads``.
        queries: labelled, each with its question.
        labels: the possible answers.
        support: examples whose vectors take the heads' place; none is needed by zero.
        vectors: of the support, where they are known already.
        how: the heads are switched off; by their mean at the last token by default.
        progress: told of queries times sets.
        cancel: asked between forwards; true stops the work.

    Raises:
        InputError: a query has no label, or another than ``labels``.
        SettingError: there are no queries, or too little support.
        CancelledError: ``cancel`` said so.
    """
    how, labels = how or KnockOut(), tuple(dict.fromkeys(labels))
    truth = truth_codes(queries, labels)
    instead = stand_ins(backbone, queries, how, support, vectors)
    scores = label_scores(backbone, queries, labels, heads.off(), instead, how.tokens, progress=progress, cancel=cancel)
    return Ablation(labels, truth, heads, how, scores)


def truth_codes(queries: Sequence[Example], labels: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return ``int (query,)``, which of the labels each query has.

    Raises:
        InputError: a query has no label, or none of these.
    """
    known = check_truth([query.label for query in queries], labels)
    return np.array([list(labels).index(label) for label in known], dtype=np.int64)
