"""What a classifier says of its own support when it has not seen the example: the honest figure, and its calibration.

    left_out = judge_left_out(classifier, support_vectors)   # heads chosen and centroids made without each example
    left_out.accuracy
    calibrate(classifier, support_vectors)                   # from now on predictions carry a probability

Everything is fitted again without the example: leaving it out of its centroid alone would still let it choose the heads
that judge it. Where that would take long, examples leave in groups that never take a label's last one with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.classifier import HeadClassifier
from sav_core.confidence import Calibration, fit_temperature
from sav_core.errors import SettingError
from sav_core.records import HeadVectors

__all__ = ["LeftOut", "calibrate", "judge_left_out"]

_NUMBERS = 200_000_000  # of vectors to fit on, all fits together: about ten seconds
_FEWEST_GROUPS = 10


@dataclass(frozen=True)
class LeftOut:
    """The vote on support examples by a classifier that never saw them.

    Attributes:
        rows: ``int (judged,)``, which examples could be judged: those whose label keeps another one.
        codes: ``int (judged,)``, their own labels' numbers.
        winner: ``int (judged,)``, what they were given.
        shares: ``float64 (judged, label)``, rows sum to 1.
        groups: how many fits it took; as many as examples where each left alone.
    """

    rows: npt.NDArray[np.intp]
    codes: npt.NDArray[np.intp]
    winner: npt.NDArray[np.intp]
    shares: npt.NDArray[np.float64]
    groups: int

    @property
    def accuracy(self) -> float:
        """Share of the judged examples that get their own label."""
        return float((self.winner == self.codes).mean())


def judge_left_out(
    classifier: HeadClassifier, vectors: HeadVectors, labels: Sequence[str] | None = None, *, groups: int | None = None
) -> LeftOut:
    """Judge every support example by the same settings fitted without it.

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
    names = np.array(vectors.labels if labels is None else labels)
    classes, codes = np.unique(names, return_inverse=True)
    if groups is None:
        groups = int(np.clip(_NUMBERS // vectors.values.size, _FEWEST_GROUPS, len(codes)))
    group = _deal(codes, min(groups, len(codes)))
    winner = np.full(len(codes), -1, dtype=np.intp)
    shares = np.zeros((len(codes), len(classes)))
    for number in range(group.max() + 1):
        out = np.flatnonzero(group == number)
        kept = np.flatnonzero(group != number)
        present = np.unique(codes[kept])
        out = out[np.isin(codes[out], present)]  # the only example of its label cannot be judged
        if not len(out) or len(present) < 2:
            continue
        ballot = clone(classifier).fit(vectors, names.tolist(), rows=kept.tolist()).vote(vectors.take(out.tolist()))
        winner[out] = present[ballot.winner]
        shares[np.ix_(out, present)] = ballot.shares
    rows = np.flatnonzero(winner >= 0)
    if not len(rows):
        raise SettingError("To leave an example out, its label needs another one, but every label has one: add examples.")
    return LeftOut(rows, codes[rows], winner[rows], shares[rows], groups)


def calibrate(classifier: HeadClassifier, vectors: HeadVectors, labels: Sequence[str] | None = None) -> Calibration:
    """Fit the temperature of a fitted classifier on its support, each example left out, and let it use it.

    Raises:
        SettingError: no label has two examples.
        InputError: an example has no label.
    """
    left_out = judge_left_out(classifier, vectors, labels)
    classifier.calibration_ = fit_temperature(left_out.shares, left_out.codes)
    return classifier.calibration_


def _deal(codes: npt.NDArray[np.intp], groups: int) -> npt.NDArray[np.intp]:
    """``int (example,)``: each label's examples dealt out in turn, so that the groups hold the labels alike."""
    group = np.empty(len(codes), dtype=np.intp)
    group[np.argsort(codes, kind="stable")] = np.arange(len(codes)) % groups
    return group
