"""What a fitted support set says of itself: the vote by number of heads, doubtful labels, one head's confusion.

Everything follows from what each head gave each support example (``HeadFit.predicted``), so a slider over the number of
heads costs milliseconds and no model run. With predictions made under ``leave_one_out`` each example is judged by centroids
that it is no part of; the heads themselves are chosen once, on all examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.records import Head
from sav_core.voting import pooled, winners

__all__ = ["SupportVote", "head_confusion", "pooled_sweep", "pooled_vote", "support_vote", "vote_sweep"]

_WIDE = 0.5  # of the heads: so many more must name another label before an example's own is called doubtful


@dataclass(frozen=True)
class SupportVote:
    """What the kept heads make of the support examples.

    Attributes:
        winner: ``int (example,)``, the label's number that the voting rule gives.
        shares: ``float64 (example, label)``, rows sum to 1.
        judged: ``bool (example,)``, whether the example's label has another example, so that it can be left out.
        right: how many of the judged are given their own label.
        doubtful: rows whose own label trails the winner's by the votes of half of the heads or more, most doubtful first.
        agreeing: ``int (example,)``, how many heads by themselves name the winner.
    """

    winner: npt.NDArray[np.intp]
    shares: npt.NDArray[np.float64]
    judged: npt.NDArray[np.bool_]
    right: int
    doubtful: tuple[int, ...]
    agreeing: npt.NDArray[np.intp]

    @property
    def n(self) -> int:
        """How many examples were judged."""
        return int(self.judged.sum())


def support_vote(
    predicted: npt.NDArray[np.int32], codes: npt.NDArray[np.intp], n_labels: int, kept: Sequence[Head]
) -> SupportVote:
    """Let the kept heads vote on the examples they were chosen on, by majority.

    Args:
        predicted: ``int (example, layer, head)``, as in ``HeadFit``.
        codes: ``int (example,)``, each example's own label's number.
        n_labels: how many labels there are.
        kept: the heads that vote, best first.
    """
    votes = _ranked(predicted, kept)
    counts = (votes[:, :, None] == np.arange(n_labels)).sum(1)
    leading = np.take_along_axis(counts == counts.max(1, keepdims=True), votes, axis=1)
    winner = votes[np.arange(len(votes)), leading.argmax(1)].astype(np.intp)
    return _judged(winner, counts / len(kept), counts, codes)


def pooled_vote(
    opinions: npt.NDArray[np.float64], codes: npt.NDArray[np.intp], weights: npt.NDArray[np.float64] | None = None
) -> SupportVote:
    """Let the kept heads' opinions of the support count, as ``voting.pooled`` counts those of queries.

    Args:
        opinions: ``float64 (example, head, label)``, of the kept heads, each example left out.
        codes: ``int (example,)``, each example's own label's number.
        weights: ``float64 (head, label)``; equal by default.
    """
    ballot = pooled(opinions, weights)
    counts = (ballot.votes[:, :, None] == np.arange(opinions.shape[-1])).sum(1)
    return _judged(ballot.winner, ballot.shares, counts, codes)


def _judged(
    winner: npt.NDArray[np.intp],
    shares: npt.NDArray[np.float64],
    counts: npt.NDArray[np.intp],
    codes: npt.NDArray[np.intp],
) -> SupportVote:
    """Hold a vote against the examples' labels; ``counts`` is ``int (example, label)``, how many heads name each label."""
    judged = np.bincount(codes, minlength=shares.shape[1])[codes] > 1
    each = np.arange(len(codes))
    agreeing = counts[each, winner]
    trailing = np.where(judged, (agreeing - counts[each, codes]) / counts.sum(1), 0.0)
    order = np.argsort(-trailing, kind="stable")
    return SupportVote(
        agreeing=agreeing,
        winner=winner,
        shares=shares,
        judged=judged,
        right=int(((winner == codes) & judged).sum()),
        doubtful=tuple(int(row) for row in order if trailing[row] >= _WIDE),
    )


def vote_sweep(
    predicted: npt.NDArray[np.int32], codes: npt.NDArray[np.intp], n_labels: int, ranking: Sequence[Head]
) -> npt.NDArray[np.int64]:
    """How many of the judged examples are right when the best 1, 2, ... heads vote: ``int (number of heads,)``."""
    votes = _ranked(predicted, ranking)
    examples, heads = votes.shape
    each = np.arange(examples)
    judged = np.bincount(codes, minlength=n_labels)[codes] > 1
    # A label's standing: its votes, and among equals the rank of its first voter, as one number to compare.
    standing = np.zeros((examples, n_labels), dtype=np.int64)
    right = np.empty(heads, dtype=np.int64)
    for place in range(heads):
        chosen = votes[:, place]
        fresh = standing[each, chosen] == 0
        standing[each, chosen] += (heads + 1) + np.where(fresh, heads - place, 0)
        right[place] = ((standing.argmax(1) == codes) & judged).sum()
    return right


def pooled_sweep(scores: npt.NDArray[np.float64], codes: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """How many of the judged examples are right with 1, 2, ... heads, where a rule pools opinions.

    Args:
        scores: ``float64 (example, number of heads, label)``, each label's score, up to a factor for each example.
        codes: ``int (example,)``, each example's own label's number.

    Returns:
        ``int (number of heads,)``.
    """
    judged = np.bincount(codes, minlength=scores.shape[-1])[codes] > 1
    right: npt.NDArray[np.int64] = ((winners(scores) == codes[:, None]) & judged[:, None]).sum(0)
    return right


def head_confusion(
    predicted: npt.NDArray[np.int32], codes: npt.NDArray[np.intp], n_labels: int, head: Head
) -> npt.NDArray[np.int64]:
    """``int (label, label)``: rows the example's own label, columns what this head alone gives it."""
    confusion = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(confusion, (codes, predicted[:, head.layer, head.index]), 1)
    return confusion


def _ranked(predicted: npt.NDArray[np.int32], heads: Sequence[Head]) -> npt.NDArray[np.int32]:
    """``int (example, head)``, the predictions of these heads in their order."""
    return predicted[:, [head.layer for head in heads], [head.index for head in heads]]
