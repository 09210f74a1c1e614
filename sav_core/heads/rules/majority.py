"""The ``majority`` voting rule (arXiv 2412.00142, section 3): each kept head votes for its nearest label.

The label with most votes wins; a tie goes to the tied label that the best-ranked head votes for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from sav_core.heads.rules.majority_left_out import majority_left_out, majority_work
from sav_core.heads.rules.rule import FittedRule, VotingRule
from sav_core.heads.ties import Ties
from sav_core.heads.voting import Ballot, Tally
from sav_core.types import Head, HeadScores, HeadVectors

__all__ = ["FittedMajority", "Majority", "majority"]

_CLOSED_FORM = 20_000_000_000  # of the closed form's numbers: about ten seconds


@dataclass(frozen=True)
class FittedMajority(FittedRule):
    """Counts votes; there is nothing to learn but the centroids that every fit has."""

    name: ClassVar[str] = "majority"
    probabilistic: ClassVar[bool] = False

    def opinions(
        self, points: npt.NDArray[np.floating], similarities: npt.NDArray[np.float64], heads: tuple[Head, ...]
    ) -> npt.NDArray[np.float64]:
        """The cosines themselves: only which is largest counts."""
        return similarities

    def count(self, opinions: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None, ties: Ties) -> Ballot:
        """One head, one vote."""
        return majority(opinions)

    def tally(self, opinions: npt.NDArray[np.float64], ranking: tuple[Head, ...], ties: Ties) -> Tally:
        """The votes, best-ranked head first."""
        return Tally.of_votes(opinions.argmax(-1), opinions.shape[-1])


@dataclass(frozen=True)
class Majority(VotingRule):
    """The paper's rule."""

    name: ClassVar[str] = "majority"
    summary: ClassVar[str] = "each head has one vote, for the label whose mean is nearest"
    explanation: ClassVar[str] = "One head, one vote: for the label it finds nearest. The paper’s rule."

    def fit(
        self,
        vectors: HeadVectors,
        codes: npt.NDArray[np.intp],
        n_labels: int,
        nearest: HeadScores,
        *,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> tuple[FittedRule, HeadScores]:
        """Rank the heads by how often their nearest class mean is right."""
        return FittedMajority(), nearest

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], shape: tuple[int, int, int, int]) -> FittedRule:
        """Every fit serves: its centroids are enough."""
        return FittedMajority()

    def left_out(
        self, vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int, out: npt.NDArray[np.intp], *, scoring: str
    ) -> Tally | None:
        """By the closed forms of ``sav_core.heads.rules.majority_left_out``, as long as they are quick."""
        if majority_work(vectors) > _CLOSED_FORM:
            return None
        return Tally.of_votes(majority_left_out(vectors, codes, n_labels, out, scoring=scoring), n_labels)


def majority(similarities: npt.NDArray[np.float64]) -> Ballot:
    """One head, one vote; shares are votes divided by the number of heads.

    Args:
        similarities: ``float64 (example, head, label)``, cosines, heads best first.
    """
    examples, heads, labels = similarities.shape
    votes = similarities.argmax(-1)
    counts = (votes[:, :, None] == np.arange(labels)).sum(1)
    leading = counts == counts.max(-1, keepdims=True)
    # Of the leading labels, the one that the best-ranked of their voters chose.
    votes_for_leader = np.take_along_axis(leading, votes, axis=1)
    winner = votes[np.arange(examples), votes_for_leader.argmax(-1)]
    return Ballot(winner=winner, shares=counts / heads, votes=votes)
