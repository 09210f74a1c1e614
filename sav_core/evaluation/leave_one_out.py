"""What a classifier says of its own support when it has not seen the example: the honest figure.

    fits = leave_out(classifier, support_vectors)            # every example, every number of kept heads
    fits.right[19]                                           # how many are right with 20 heads
    left_out = fits.at(20)                                   # the same as judge_left_out(classifier, support_vectors)
    left_out.accuracy, left_out.doubtful

*Left out* means one thing everywhere: heads ranked, centroids made and the rule fitted without the example. Leaving it out
of its centroid alone would still let it choose the heads that judge it, and that figure is too good by up to 32 points.

Where a voting rule has a closed form for it, that is taken; else the rule is fitted again. Where that would take long,
examples leave in groups that never take a label's last one with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.errors import SettingError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.support_checks import check_labels
from sav_core.heads.voting import Tally
from sav_core.types import HeadVectors

__all__ = ["LeftOut", "LeftOutFits", "judge_left_out", "leave_out"]

_NUMBERS = 200_000_000  # of vectors to fit on, all fits together: about ten seconds
_FEWEST_GROUPS = 10
_WIDE = 0.5  # of the voting heads: so many more must name another label before an example's own is called doubtful
_SEVERAL = 5  # heads must vote before they are believed against a label at all: one head is often wrong


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The vote on support examples by a classifier that never saw them.

    Attributes:
        rows: ``int (judged,)``, which examples could be judged: those whose label keeps another one.
        codes: ``int (judged,)``, their own labels' numbers.
        winner: ``int (judged,)``, what they were given.
        shares: ``float64 (judged, label)``, rows sum to 1.
        groups: how many fits it took; as many as examples where each left alone.
        named: ``int (judged, label)``, how many of the voting heads name each label by themselves.
    """

    rows: npt.NDArray[np.intp]
    codes: npt.NDArray[np.intp]
    winner: npt.NDArray[np.intp]
    shares: npt.NDArray[np.float64]
    groups: int
    named: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """How many examples were judged."""
        return len(self.rows)

    @property
    def right(self) -> int:
        """How many of them get their own label."""
        return int((self.winner == self.codes).sum())

    @property
    def accuracy(self) -> float:
        """Share of the judged examples that get their own label."""
        return float((self.winner == self.codes).mean())

    @property
    def agreeing(self) -> npt.NDArray[np.int64]:
        """``int (judged,)``, how many heads by themselves name the winner."""
        return self.named[np.arange(self.n), self.winner]

    @property
    def trailing(self) -> npt.NDArray[np.float64]:
        """``float (judged,)``, what share of the voting heads the winner has more than the example's own label."""
        behind = self.agreeing - self.named[np.arange(self.n), self.codes]
        trailing: npt.NDArray[np.float64] = behind / self.named.sum(1)
        return trailing

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Places in ``rows`` whose own label trails the winner by half of the heads or more, most doubtful first.

        None where fewer than five heads vote.
        """
        trailing = np.where(self.named.sum(1) >= _SEVERAL, self.trailing, 0.0)
        order = np.argsort(-trailing, kind="stable")
        return tuple(int(place) for place in order if trailing[place] >= _WIDE)


@dataclass(frozen=True, eq=False)
class LeftOutFits:
    """The same for every number of kept heads.

    Attributes:
        rows: ``int (judged,)``, as in ``LeftOut``.
        codes: ``int (judged,)``, likewise.
        tally: the votes on them.
        groups: how many fits it took.
        examples: how many examples the support has.
    """

    rows: npt.NDArray[np.intp]
    codes: npt.NDArray[np.intp]
    tally: Tally
    groups: int
    examples: int

    @property
    def alone(self) -> bool:
        """Whether each example was left out alone, not in groups."""
        return self.groups >= self.examples

    @cached_property
    def right(self) -> npt.NDArray[np.int64]:
        """``int (number of heads,)``, how many judged examples get their own label with 1, 2, ... heads."""
        right: npt.NDArray[np.int64] = (self.tally.winners == self.codes[:, None]).sum(0)
        return right

    def at(self, n_kept: int) -> LeftOut:
        """Return the vote when so many heads are kept."""
        number = min(n_kept, self.tally.votes.shape[1])
        winner = self.tally.winners[:, number - 1].astype(np.intp)
        return LeftOut(self.rows, self.codes, winner, self.tally.shares(number), self.groups, self.tally.counts(number))


def leave_out(
    classifier: HeadClassifier, vectors: HeadVectors, labels: Sequence[str] | None = None, *, groups: int | None = None
) -> LeftOutFits:
    """Judge every support example by the same settings fitted without it, for every number of kept heads.

    Args:
        classifier: whose settings are used; it is not changed and need not be fitted.
        vectors: of the support.
        labels: one for each example; ``vectors.labels`` by default.
        groups: into how many parts to leave out one after the other; by default each example alone as long as that is
            quick, else at least ten.

    Raises:
        SettingError: no label has two examples, or what is left can not be fitted.
        InputError: an example has no label.
    """
    classifier.check_settings()
    names = np.array(check_labels(vectors.labels if labels is None else labels, vectors.names))
    classes, codes = np.unique(names, return_inverse=True)
    rows = np.flatnonzero(np.bincount(codes)[codes] > 1)
    if not len(rows):
        raise SettingError("To leave an example out, its label needs another one, but every label has one: add examples.")
    if groups is None:
        tally = classifier.rule.left_out(vectors, codes, len(classes), rows, scoring=classifier.scoring)
        if tally is not None:
            return LeftOutFits(rows, codes[rows], tally, len(codes), len(codes))
        groups = max(_NUMBERS // vectors.values.size, _FEWEST_GROUPS)
    groups = min(groups, len(codes))
    rows, tally = _refit(classifier, vectors, names, codes, len(classes), _deal(codes, groups))
    return LeftOutFits(rows, codes[rows], tally, groups, len(codes))


def judge_left_out(
    classifier: HeadClassifier, vectors: HeadVectors, labels: Sequence[str] | None = None, *, groups: int | None = None
) -> LeftOut:
    """Judge every support example by the same settings fitted without it; arguments and errors as of ``leave_out``."""
    return leave_out(classifier, vectors, labels, groups=groups).at(classifier.n_kept)


def _refit(
    classifier: HeadClassifier,
    vectors: HeadVectors,
    names: npt.NDArray[np.str_],
    codes: npt.NDArray[np.intp],
    n_labels: int,
    group: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], Tally]:
    """Fit once without each group: the rows that could be judged, in order, and the votes on them."""
    found: list[tuple[npt.NDArray[np.intp], Tally]] = []
    for number in range(group.max() + 1):
        out, kept = np.flatnonzero(group == number), np.flatnonzero(group != number)
        present = np.unique(codes[kept])
        out = out[np.isin(codes[out], present)]  # the only example of its label cannot be judged
        if not len(out) or len(present) < 2:
            continue
        tally = clone(classifier).fit(vectors, names.tolist(), rows=kept.tolist()).tally(vectors, out.tolist())
        found.append((out, tally.among(present, n_labels)))
    if not found:
        raise SettingError("To leave an example out, its label needs another one, but every label has one: add examples.")
    rows = np.concatenate([out for out, _ in found])
    order = np.argsort(rows)
    return rows[order], Tally.joined([tally for _, tally in found]).take(order)


def _deal(codes: npt.NDArray[np.intp], groups: int) -> npt.NDArray[np.intp]:
    """``int (example,)``: each label's examples dealt out in turn, so that the groups hold the labels alike."""
    group = np.empty(len(codes), dtype=np.intp)
    group[np.argsort(codes, kind="stable")] = np.arange(len(codes)) % groups
    return group
