"""The ``reliability`` voting rule: each label rests on the heads that have proved right about that label.

Class-Conditional SAV, CALM (arXiv 2602.07077). A head's *soft vote* is the softmax over labels of its cosines divided by
a temperature, 0.07. Its *reliability* for a label is a mean over examples of that label that were no part of the
centroids. A label's score is the sum over heads of weight times soft vote, the weights being the softmax over heads of
their reliabilities for that label. Of a soft vote p on an example of label c, reliability takes the mean of one of three:

===============  ==================================================================================
``margin``       p_c less the largest other share, nothing if negative: the default
``probability``  p_c
``brier``        1 - (squared distance of p to certainty of c) / 2, after Brier (1950): 1 if certain
                 and right, 0 if certain and wrong
===============  ==================================================================================

The paper holds out examples of their own; with a few examples a label there are none to spare, so here every support
example is judged by centroids that it was taken out of (``leave_one_out``), whatever scoring the accuracies shown have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from sav_core.errors import SettingError
from sav_core.heads.chunks import Points, map_chunks
from sav_core.heads.rules.rule import FittedRule, KeptHeads, VotingRule, needed
from sav_core.heads.scoring import left_out_cosines
from sav_core.heads.ties import Ties, ties_of
from sav_core.heads.voting import Tally
from sav_core.types import Head, HeadScores, HeadVectors, at_heads

__all__ = [
    "BELIEFS",
    "Belief",
    "HeadReliability",
    "Reliability",
    "check_belief",
    "fit_reliability",
    "heads_by_label",
    "numbers_by_head",
    "scores_by_number",
    "soft_votes",
    "vote_weights",
]

Belief: TypeAlias = Literal["margin", "probability", "brier"]
BELIEFS: tuple[str, ...] = get_args(Belief)
"""What of a left-out soft vote counts towards a head's reliability."""

LABEL_TEMPERATURE = 0.07
WEIGHT_TEMPERATURE = 1.0
SHRINKAGE = 1.0
"""How many examples at the head's mean reliability each label is taken to have had besides its own."""


@dataclass(frozen=True)
class HeadReliability(FittedRule):
    """How far each head can be believed about each label.

    Attributes:
        reliability: ``float64 (layer, head, label)``, from 0 to 1.
    """

    name: ClassVar[str] = "reliability"
    reliability: npt.NDArray[np.float64]

    def keep(self, scores: HeadScores, n_kept: int) -> KeptHeads:
        """Keep each label's most reliable heads, so many for each, and weigh them by their reliability for it."""
        heads, chosen = heads_by_label(self.reliability, scores, n_kept)
        return KeptHeads(heads, vote_weights(self.reliability, heads, chosen))

    def keep_all(self, heads: tuple[Head, ...]) -> KeptHeads:
        """Weigh these heads, every label resting on all of them."""
        return KeptHeads(heads, vote_weights(self.reliability, heads))

    def opinions(
        self, points: npt.NDArray[np.floating], similarities: npt.NDArray[np.float64], heads: tuple[Head, ...]
    ) -> npt.NDArray[np.float64]:
        """The soft votes."""
        return soft_votes(similarities)

    def tally(self, opinions: npt.NDArray[np.float64], ranking: tuple[Head, ...], ties: Ties) -> Tally:
        """Every label rests on its 1, 2, ... most reliable heads."""
        votes = ties.round(opinions).argmax(-1)
        ranked = self.reliability[at_heads(ranking)]
        since = np.tile(numbers_by_head(ranked), (len(votes), 1))
        return Tally(votes, since, scores_by_number(opinions, ranked), ties)

    def arrays(self) -> dict[str, npt.NDArray[np.float64]]:
        """The reliabilities."""
        return {"reliability": self.reliability}


@dataclass(frozen=True)
class Reliability(VotingRule):
    """Each label rests on the heads that have proved right about it.

    Attributes:
        measure: what of a left-out soft vote counts, one of ``BELIEFS``.
    """

    name: ClassVar[str] = "reliability"
    summary: ClassVar[str] = "each head's vote weighs what it was worth for that label on left-out examples"
    explanation: ClassVar[str] = (
        "Each label rests on the heads that proved right about it, and the more reliable count more."
    )
    needs: ClassVar[str] = "Reliability is measured on examples left out, so some label needs two of them: add one."
    measure: str = "margin"

    def measuring(self, belief: str) -> VotingRule:
        """Return the rule with this measure."""
        return replace(self, measure=belief)

    def fit(
        self,
        vectors: HeadVectors,
        codes: npt.NDArray[np.intp],
        n_labels: int,
        nearest: HeadScores,
        *,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> tuple[FittedRule, HeadScores]:
        """Measure every head on left-out examples, and rank the heads by their mean reliability."""
        found = fit_reliability(vectors, codes, n_labels, belief=self.measure, rows=rows)
        return HeadReliability(found), replace(nearest, ranking_score=found.mean(-1))

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], shape: tuple[int, int, int, int]) -> FittedRule:
        """Take the reliabilities from a file."""
        return HeadReliability(*needed(arrays, self.name, {"reliability": shape[:3]}))


def soft_votes(similarities: npt.NDArray[np.float64], axis: int = -1) -> npt.NDArray[np.float64]:
    """Return the softmax of cosines over the label axis, divided by the temperature; the shape stays."""
    shares: npt.NDArray[np.float64] = softmax(similarities / LABEL_TEMPERATURE, axis=axis)
    return shares


def fit_reliability(
    vectors: HeadVectors,
    codes: npt.NDArray[np.intp],
    n_labels: int,
    *,
    belief: str = "margin",
    rows: npt.NDArray[np.intp] | None = None,
) -> npt.NDArray[np.float64]:
    """Measure how far each head can be believed about each label.

    A label's mean is shrunk towards the head's mean over all labels, as if it had had one more example there; a label with
    a single example, which cannot be left out, has that mean.

    Args:
        vectors: the support's head vectors.
        codes: ``int (example,)``, each used example's label as a number from 0; every number occurs.
        n_labels: how many labels there are, two or more.
        belief: one of ``BELIEFS``.
        rows: which of the vectors to use, in the order of ``codes``; all by default.

    Returns:
        ``float64 (layer, head, label)``, from 0 to 1.

    Raises:
        SettingError: no label has two examples, or there is no such belief.
        InputError: a vector is not finite.
    """
    check_belief(belief)
    counts = np.bincount(codes, minlength=n_labels)
    held_out = np.where(counts > 1, counts, 0)
    if not held_out.any():
        raise SettingError(
            "reliability voting measures heads on left-out examples and needs a label with two, but every label has one: "
            "add examples or use voting='majority'."
        )
    judged = counts[codes] > 1
    # (example, label): a column's mean over its judged examples.
    share = (judged[:, None] & (codes[:, None] == np.arange(n_labels))) / np.maximum(held_out, 1)

    ties = ties_of(vectors.dtype)

    def work(points: Points) -> npt.NDArray[np.float64]:
        votes = soft_votes(left_out_cosines(points, codes, n_labels, ties), axis=1)  # (head, label, example)
        by_label: npt.NDArray[np.float64] = _believed(votes, codes, belief) @ share
        return by_label

    by_label = np.concatenate(map_chunks(vectors, work, rows))  # (head of any layer, label)
    overall = by_label[:, held_out > 0].mean(1, keepdims=True)
    shrunk = (held_out * by_label + SHRINKAGE * overall) / (held_out + SHRINKAGE)
    return ties.round(shrunk).reshape(*vectors.geometry.shape[:2], n_labels)


def check_belief(name: str) -> None:
    """Refuse a name that is none of ``BELIEFS``.

    Raises:
        SettingError: it is not.
    """
    if name not in BELIEFS:
        raise SettingError(f"belief must be one of {', '.join(BELIEFS)}, but is {name!r}.")


def _believed(votes: npt.NDArray[np.float64], codes: npt.NDArray[np.intp], belief: str) -> npt.NDArray[np.float64]:
    """How right each soft vote ``(head, label, example)`` is: ``float64 (head, example)``, from 0 to 1. Spoils votes."""
    each = np.arange(len(codes))
    own = votes[:, codes, each]
    if belief == "probability":
        return own
    if belief == "brier":
        # |p - certainty|^2 = |p|^2 - 2 p_c + 1
        score: npt.NDArray[np.float64] = 1 - (np.square(votes).sum(1) - 2 * own + 1) / 2
        return score
    votes[:, codes, each] = -np.inf
    margin: npt.NDArray[np.float64] = np.maximum(own - votes.max(1), 0.0)
    return margin


def heads_by_label(
    reliability: npt.NDArray[np.float64], scores: HeadScores, n_kept: int
) -> tuple[tuple[Head, ...], npt.NDArray[np.bool_]]:
    """Choose each label's most reliable heads.

    Args:
        reliability: ``float (layer, head, label)``.
        scores: of the heads, whose ranking orders equally reliable ones.
        n_kept: how many heads each label rests on.

    Returns:
        The heads that any label rests on, best-ranked first, and ``bool (head, label)``, who rests on whom.
    """
    ranking = scores.ranking
    ranked = reliability[at_heads(ranking)]  # (head, label)
    chosen = np.zeros(ranked.shape, dtype=bool)
    order = np.argsort(-ranked, axis=0, kind="stable")[:n_kept]
    np.put_along_axis(chosen, order, True, axis=0)
    used = np.flatnonzero(chosen.any(1))
    return tuple(ranking[place] for place in used), chosen[used]


def numbers_by_head(reliability: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """From which number of heads a label on each head votes: ``int (head,)``.

    Args:
        reliability: ``float (head, label)``, heads best-ranked first.
    """
    order = np.argsort(-reliability, axis=0, kind="stable")  # (place, label)
    numbers: npt.NDArray[np.intp] = order.argsort(0).min(1) + 1
    return numbers


def scores_by_number(opinions: npt.NDArray[np.float64], reliability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Every label's score when it rests on its 1, 2, ... most reliable heads.

    Args:
        opinions: ``float (example, head, label)``, soft votes, heads best-ranked first.
        reliability: ``float (head, label)``, of the same heads.

    Returns:
        ``float64 (example, number of heads, label)``: what ``heads_by_label`` and ``vote_weights`` come to for each number.
    """
    order = np.argsort(-reliability, axis=0, kind="stable")  # (place, label)
    powers = np.exp(np.take_along_axis(reliability, order, axis=0) / WEIGHT_TEMPERATURE)
    weighted = np.take_along_axis(opinions, order[None], axis=1) * powers
    scores: npt.NDArray[np.float64] = weighted.cumsum(1) / powers.cumsum(0)
    return scores


def vote_weights(
    reliability: npt.NDArray[np.float64], heads: tuple[Head, ...], chosen: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float64]:
    """How much each head counts for each label: ``float64 (head, label)``, every label's column sums to 1.

    Args:
        reliability: ``float (layer, head, label)``.
        heads: that vote.
        chosen: ``bool (head, label)``, which of them a label rests on; all by default.
    """
    trusted = reliability[at_heads(heads)] / WEIGHT_TEMPERATURE
    if chosen is not None:
        trusted = np.where(chosen, trusted, -np.inf)
    weights: npt.NDArray[np.float64] = softmax(trusted, axis=0)
    return weights
