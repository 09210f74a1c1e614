"""How good answers are: accuracy with an interval, macro F1, each label, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError

__all__ = [
    "MOST_IN_A_TABLE",
    "Evaluation",
    "check_truth",
    "evaluate_labels",
    "skill",
    "wilson_interval",
    "worst_confusions",
]

MOST_IN_A_TABLE = 20
"""Labels whose confusion is shown whole; of more, the worst confusions are."""


@dataclass(frozen=True)
class Evaluation:
    """Counts of right and wrong answers.

    Attributes:
        labels: in the order of ``confusion``.
        confusion: ``int (label, label)``, rows the truth, columns the answer.
    """

    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        low, high = self.interval
        return f"Evaluation({self.accuracy:.1%} [{low:.1%}, {high:.1%}] of {self.n})"

    @property
    def n(self) -> int:
        """How many examples were judged."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of the examples answered with their own label."""
        return float(np.trace(self.confusion) / self.n)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson score interval of the accuracy at 95 %."""
        return wilson_interval(int(np.trace(self.confusion)), self.n)

    @property
    def macro_f1(self) -> float:
        """Mean over labels of F1, the harmonic mean of precision and recall.

        Labels that no query has and no answer gives do not count (scikit-learn's ``f1_score`` does the same).
        """
        right, meant, given = np.diag(self.confusion), self.confusion.sum(1), self.confusion.sum(0)
        occurs = meant + given > 0
        return float((2 * right[occurs] / (meant + given)[occurs]).mean())

    @property
    def per_label(self) -> dict[str, float]:
        """Accuracy on each label's own examples; labels without a test example are left out."""
        totals = self.confusion.sum(1)
        return {
            label: float(self.confusion[row, row] / totals[row]) for row, label in enumerate(self.labels) if totals[row]
        }


def worst_confusions(
    labels: Sequence[str], confusion: npt.ArrayLike, most: int = MOST_IN_A_TABLE
) -> list[tuple[str, str, int, int]]:
    """Return what is taken most often for what: ``(label, taken for, how often, of how many)``, the most frequent first.

    Args:
        labels: in the order of ``confusion``.
        confusion: ``int (label, label)``, rows the truth, columns the answer.
        most: how many to return.
    """
    counts = np.asarray(confusion)
    wrong = counts - np.diag(np.diag(counts))
    totals = counts.sum(1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(labels)) for place in order if wrong.flat[place]]
    return [(labels[row], labels[column], int(wrong[row, column]), int(totals[row])) for row, column in pairs]


def evaluate_labels(truth: Sequence[str | None], answers: Sequence[str], labels: Sequence[str]) -> Evaluation:
    """Count answers against the truth.

    Args:
        truth: each example's label.
        answers: what was answered, one for each; an answer that is none of the labels counts as wrong and is in no
            column, so give ``labels`` a name for it where such answers occur.
        labels: every label there is.

    Raises:
        InputError: nothing to evaluate, an example without label, or a label that is none of ``labels``.
    """
    known = check_truth(truth, labels)
    row_of = {label: row for row, label in enumerate(labels)}
    confusion = np.zeros((len(row_of), len(row_of)), dtype=np.int64)
    for label, answer in zip(known, answers, strict=True):
        confusion[row_of[label], row_of[answer]] += 1
    return Evaluation(tuple(labels), confusion)


def check_truth(truth: Sequence[str | None], labels: Sequence[str]) -> list[str]:
    """Return the labels of a test set that can be judged by: ask before a model runs.

    Raises:
        InputError: as ``evaluate_labels`` does.
    """
    if not truth:
        raise InputError("There is nothing to evaluate: give at least one labelled test example.")
    known = []
    for label in truth:
        if label is None:
            raise InputError("Every test example needs a label to be judged by, and one has none.")
        if label not in labels:
            raise InputError(
                f"The test set has the label {label!r}, which the classifier was not taught: it knows {', '.join(labels)}."
            )
        known.append(label)
    return known


def skill(share: npt.ArrayLike, chance: float) -> npt.NDArray[np.float64]:
    """Return how far shares have come from guessing, 0, to all right, 1, as Cohen's kappa (1960) has it.

    Args:
        share: of right answers, one or many.
        chance: the share that guessing gets right, less than 1.
    """
    return np.asarray((np.asarray(share, dtype=np.float64) - chance) / (1 - chance))


def wilson_interval(right: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927): honest near 0 and 1 and for few examples.

    Args:
        right: how many were right; a mean of several counts need not be whole.
        n: of how many, at least one.
        z: normal quantile; 95 % by default.
    """
    share = right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding alone can put the bound beyond the share itself at none right or all right.
    return (max(0.0, min(share, float(centre - half))), min(1.0, max(share, float(centre + half))))
