"""How the kept heads' opinions become one answer. A voting rule is chosen by name.

``majority`` (arXiv 2412.00142, section 3): each kept head votes for its nearest label; the label with most votes wins; a
tie goes to the tied label that the best-ranked head votes for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError

__all__ = ["VOTING_RULES", "Ballot", "VotingName", "VotingRule", "majority", "voting_rule"]


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


VotingRule: TypeAlias = Callable[[npt.NDArray[np.float64]], Ballot]
"""From ``float64 (example, head, label)`` cosines, heads best first, to a Ballot."""


def majority(similarities: npt.NDArray[np.float64]) -> Ballot:
    """One head, one vote; shares are votes divided by the number of heads."""
    examples, heads, labels = similarities.shape
    votes = similarities.argmax(-1)
    counts = (votes[:, :, None] == np.arange(labels)).sum(1)
    leading = counts == counts.max(-1, keepdims=True)
    # Of the leading labels, the one that the best-ranked of their voters chose.
    votes_for_leader = np.take_along_axis(leading, votes, axis=1)
    winner = votes[np.arange(examples), votes_for_leader.argmax(-1)]
    return Ballot(winner=winner, shares=counts / heads, votes=votes)


VotingName: TypeAlias = Literal["majority"]
VOTING_RULES: dict[str, VotingRule] = {"majority": majority}


def voting_rule(name: str) -> VotingRule:
    """Return the rule of that name.

    Raises:
        SettingError: there is none.
    """
    if name not in VOTING_RULES:
        raise SettingError(f"voting must be one of {', '.join(VOTING_RULES)}, but is {name!r}.")
    return VOTING_RULES[name]
