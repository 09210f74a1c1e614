"""How the kept heads' opinions become one answer. A voting rule is chosen by name.

``majority`` (arXiv 2412.00142, section 3): each kept head votes for its nearest label; the label with most votes wins; a
tie goes to the tied label that the best-ranked head votes for.

``gaussian`` (arXiv 2603.24181): each kept head gives every label a probability, see ``sav_core.gaussian``; the labels'
means over heads are the shares.

``reliability`` (arXiv 2602.07077): each label's share is a weighted mean of the heads' soft votes, with weights of its own,
see ``sav_core.reliability``.

Under the last two the largest share wins, and of equal ones, to ten decimals, the label that sorts first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError

__all__ = ["VOTING_RULES", "Ballot", "VotingName", "check_voting", "majority", "pooled", "winners"]

VotingName: TypeAlias = Literal["majority", "gaussian", "reliability"]
VOTING_RULES: tuple[str, ...] = get_args(VotingName)

_DECIMALS = 10  # of a share, before shares are compared


@dataclass(frozen=True)
class Ballot:
    """The outcome of a vote on a number of queries.

    Attributes:
        winner: ``int (example,)``, the winning label's number.
        shares: ``float64 (example, label)``, rows sum to 1.
        votes: ``int (example, head)``, the label that each head votes for; heads best first.
    """

    winner: npt.NDArray[np.intp]
    shares: npt.NDArray[np.float64]
    votes: npt.NDArray[np.intp]

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        """``float64 (example,)``, the winner's share."""
        shares: npt.NDArray[np.float64] = self.shares[np.arange(len(self.winner)), self.winner]
        return shares

    @property
    def margin(self) -> npt.NDArray[np.float64]:
        """``float64 (example,)``, the winner's share minus the largest other share."""
        others = self.shares.copy()
        others[np.arange(len(self.winner)), self.winner] = -np.inf
        margin: npt.NDArray[np.float64] = self.confidence - others.max(-1)
        return margin


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


def pooled(opinions: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None = None) -> Ballot:
    """Average what the heads make of each label; a head's own vote is its likeliest label.

    Args:
        opinions: ``float64 (example, head, label)``, rows sum to 1, heads best first.
        weights: ``float64 (head, label)``, how much a head counts for a label, columns sum to 1; equal by default.
    """
    scores = opinions.mean(1) if weights is None else np.einsum("ehc,hc->ec", opinions, weights)
    shares = scores / scores.sum(-1, keepdims=True)
    return Ballot(winner=winners(scores), shares=shares, votes=np.round(opinions, _DECIMALS).argmax(-1))


def winners(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """``int (...)``, whose score ``(..., label)`` is largest; of equal ones, to ten decimals of a share, the first."""
    shares = scores / scores.sum(-1, keepdims=True)
    winner: npt.NDArray[np.intp] = np.round(shares, _DECIMALS).argmax(-1)
    return winner


def check_voting(name: str) -> None:
    """Refuse a name that is no rule's.

    Raises:
        SettingError: there is no such rule.
    """
    if name not in VOTING_RULES:
        raise SettingError(f"voting must be one of {', '.join(VOTING_RULES)}, but is {name!r}.")
