"""The outcome of a vote: for one number of heads a ballot, for every number a tally. Who votes how is the rules' matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.heads.ties import EXACT, Ties

__all__ = ["Ballot", "Tally", "pooled", "winners"]


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


@dataclass(frozen=True, eq=False)
class Tally:
    """The outcomes of a vote on a number of queries, for every number of kept heads.

    Attributes:
        votes: ``int (example, head)``, the label that each head of the model votes for, best-ranked first.
        since: ``int (example, head)``, from which number of kept heads on each votes; by rank where ``None``.
        scores: ``float64 (example, number of heads, label)``, what the labels score up to a factor; where ``None``, as many
            as heads vote for them.
        ties: on whose grid shares are compared.
        n_labels: how many labels there are, where votes are counted.
    """

    votes: npt.NDArray[np.integer]
    since: npt.NDArray[np.integer] | None
    scores: npt.NDArray[np.float64] | None
    ties: Ties = EXACT
    n_labels: int = 0

    @classmethod
    def of_votes(cls, votes: npt.NDArray[np.integer], n_labels: int) -> Tally:
        """The tally of a rule by which one head has one vote."""
        return cls(votes, None, None, n_labels=n_labels)

    def among(self, present: npt.NDArray[np.intp], n_labels: int) -> Tally:
        """Return the same with the labels numbered among more: ``present`` are the numbers that they have there."""
        scores = self.scores
        if scores is not None:
            scores = np.zeros((*scores.shape[:2], n_labels))
            scores[:, :, present] = self.scores
        return replace(self, votes=present[self.votes], scores=scores, n_labels=n_labels)

    @classmethod
    def joined(cls, parts: Sequence[Tally]) -> Tally:
        """Return one tally of the queries of several, which are of one rule."""
        since = [part.since for part in parts if part.since is not None]
        scores = [part.scores for part in parts if part.scores is not None]
        return replace(
            parts[0],
            votes=np.concatenate([part.votes for part in parts]),
            since=np.concatenate(since) if since else None,
            scores=np.concatenate(scores) if scores else None,
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Tally:
        """Return the tally of some of the queries, in the order given."""
        return replace(
            self,
            votes=self.votes[rows],
            since=None if self.since is None else self.since[rows],
            scores=None if self.scores is None else self.scores[rows],
        )

    @cached_property
    def winners(self) -> npt.NDArray[np.intp]:
        """``int (example, number of heads)``, the winning label's number."""
        if self.scores is not None:
            return winners(self.scores, self.ties)
        return _winners_by_number(self.votes, self.n_labels)

    def voting(self, n_kept: int) -> npt.NDArray[np.bool_]:
        """``bool (example, head)``, which heads vote when so many are kept."""
        since = np.arange(1, self.votes.shape[1] + 1) if self.since is None else self.since
        return np.broadcast_to(since <= n_kept, self.votes.shape)

    def counts(self, n_kept: int) -> npt.NDArray[np.int64]:
        """``int (example, label)``, how many of the voting heads name each label."""
        labels = self.n_labels if self.scores is None else self.scores.shape[-1]
        named = (self.votes[:, :, None] == np.arange(labels)) & self.voting(n_kept)[:, :, None]
        counts: npt.NDArray[np.int64] = named.sum(1)
        return counts

    def shares(self, n_kept: int) -> npt.NDArray[np.float64]:
        """``float64 (example, label)``, rows sum to 1."""
        if self.scores is None:
            return np.asarray(self.counts(n_kept) / min(n_kept, self.votes.shape[1]), dtype=np.float64)
        scores = self.scores[:, min(n_kept, self.scores.shape[1]) - 1]
        shares: npt.NDArray[np.float64] = scores / scores.sum(-1, keepdims=True)
        return shares


def _winners_by_number(votes: npt.NDArray[np.integer], n_labels: int) -> npt.NDArray[np.intp]:
    """Who wins a majority when the best 1, 2, ... heads vote: ``int (example, number of heads)``."""
    examples, heads = votes.shape
    each = np.arange(examples)
    # A label's standing: its votes, and among equals the rank of its first voter, as one number to compare.
    standing = np.zeros((examples, n_labels), dtype=np.int64)
    winner = np.empty((examples, heads), dtype=np.intp)
    for rank in range(heads):
        chosen = votes[:, rank]
        fresh = standing[each, chosen] == 0
        standing[each, chosen] += (heads + 1) + np.where(fresh, heads - rank, 0)
        winner[:, rank] = standing.argmax(1)
    return winner


def pooled(opinions: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None = None, ties: Ties = EXACT) -> Ballot:
    """Average what the heads make of each label; a head's own vote is its likeliest label.

    Args:
        opinions: ``float64 (example, head, label)``, rows sum to 1, heads best first.
        weights: ``float64 (head, label)``, how much a head counts for a label, columns sum to 1; equal by default.
        ties: on whose grid shares and opinions are compared.
    """
    scores = opinions.mean(1) if weights is None else np.einsum("ehc,hc->ec", opinions, weights)
    shares = scores / scores.sum(-1, keepdims=True)
    return Ballot(winner=winners(scores, ties), shares=shares, votes=ties.round(opinions).argmax(-1))


def winners(scores: npt.NDArray[np.float64], ties: Ties = EXACT) -> npt.NDArray[np.intp]:
    """``int (...)``, whose share of the scores ``(..., label)`` is largest; of equal ones, the first."""
    shares = scores / scores.sum(-1, keepdims=True)
    winner: npt.NDArray[np.intp] = ties.round(shares).argmax(-1)
    return winner
