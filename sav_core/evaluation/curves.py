"""Curves of confidence: whether it is true, what withholding doubtful answers gains, and what tells taught labels apart.

    curve = selective_accuracy(probability.max(1), right)
    threshold = curve.threshold_for(0.95)                    # answer from here on: 95 % of what is answered is right

Whether a calibration does its work well is the *expected calibration error*, and the diagram behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_curve

from sav_core.errors import InputError, SettingError

__all__ = ["ReliabilityDiagram", "Roc", "SelectiveCurve", "reliability_diagram", "roc", "selective_accuracy"]


@dataclass(frozen=True)
class ReliabilityDiagram:
    """Confidence beside accuracy, in bins of equal width over [0, 1] (DeGroot and Fienberg 1983).

    Attributes:
        edges: ``float64 (bin + 1,)``.
        count: ``int (bin,)``, how many answers each bin has.
        right: ``int (bin,)``, how many of them are right.
        confidence: ``float64 (bin,)``, their mean confidence; not a number in an empty bin.
    """

    edges: npt.NDArray[np.float64]
    count: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]

    def __repr__(self) -> str:
        return f"ReliabilityDiagram(ECE {self.expected_error:.1%} of {self.count.sum()} answers)"

    @property
    def accuracy(self) -> npt.NDArray[np.float64]:
        """``float64 (bin,)``, share of right answers; not a number in an empty bin."""
        share: npt.NDArray[np.float64] = np.divide(
            self.right, self.count, out=np.full(len(self.count), np.nan), where=self.count > 0
        )
        return share

    @property
    def expected_error(self) -> float:
        """Expected calibration error (Naeini et al. 2015): mean gap of confidence and accuracy, bins weighted by count."""
        used = self.count > 0
        gaps = np.abs(self.accuracy - self.confidence)[used]
        return float((gaps * self.count[used]).sum() / self.count.sum())


def reliability_diagram(
    confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_], bins: int = 10
) -> ReliabilityDiagram:
    """Sort answers into bins by their confidence.

    Args:
        confidence: ``float (example,)``, from 0 to 1.
        right: ``bool (example,)``.
        bins: how many; a confidence on an edge belongs to the bin above it, 1 to the last.

    Raises:
        InputError: there are no answers.
        SettingError: no bins.
    """
    _check(confidence, right)
    if bins < 1:
        raise SettingError(f"bins must be 1 or more, but is {bins}.")
    own_bin = np.minimum((confidence * bins).astype(np.intp), bins - 1)
    count = np.bincount(own_bin, minlength=bins)
    total = np.bincount(own_bin, weights=confidence, minlength=bins)
    return ReliabilityDiagram(
        edges=np.linspace(0.0, 1.0, bins + 1),
        count=count,
        right=np.bincount(own_bin[right], minlength=bins),
        confidence=np.divide(total, count, out=np.full(bins, np.nan), where=count > 0),
    )


@dataclass(frozen=True)
class SelectiveCurve:
    """Accuracy of what is answered when doubtful answers are withheld (El-Yaniv and Wiener 2010).

    Attributes:
        threshold: ``float64 (point,)``, falling; an answer at least so confident is given.
        coverage: ``float64 (point,)``, rising share of answers given.
        accuracy: ``float64 (point,)``, share of the given answers that are right.
    """

    threshold: npt.NDArray[np.float64]
    coverage: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def area(self) -> float:
        """Mean accuracy over all coverages: 1 is perfect, the accuracy itself is what random withholding gives."""
        steps = np.diff(self.coverage, prepend=0.0)
        return float((self.accuracy * steps).sum())

    def threshold_for(self, accuracy: float) -> float | None:
        """Return the lowest threshold whose given answers are right that often; ``None`` if none is."""
        enough = np.flatnonzero(self.accuracy >= accuracy)
        return float(self.threshold[enough[-1]]) if len(enough) else None


def selective_accuracy(confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_]) -> SelectiveCurve:
    """Withhold answers below every threshold there is; equally confident answers are given together.

    Args:
        confidence: ``float (example,)``.
        right: ``bool (example,)``.

    Raises:
        InputError: there are no answers.
    """
    _check(confidence, right)
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each group of equals
    given = last + 1
    return SelectiveCurve(
        threshold=ranked[last].astype(np.float64),
        coverage=given / len(right),
        accuracy=np.cumsum(right[order])[last] / given,
    )


@dataclass(frozen=True)
class Roc:
    """How well a score tells queries of the taught labels from queries of none of them.

    Attributes:
        threshold: ``float64 (point,)``, falling from infinity; a query scoring at least so much counts as taught.
        false_rate: ``float64 (point,)``, share of the queries of no label that count as taught.
        true_rate: ``float64 (point,)``, share of the queries of a taught label that do.
    """

    threshold: npt.NDArray[np.float64]
    false_rate: npt.NDArray[np.float64]
    true_rate: npt.NDArray[np.float64]

    def __repr__(self) -> str:
        return f"Roc(area {self.area:.3f})"

    @property
    def area(self) -> float:
        """Chance that a random taught query scores above a random unknown one, equals counting half."""
        return float(np.trapezoid(self.true_rate, self.false_rate))


def roc(score: npt.NDArray[np.floating], taught: npt.NDArray[np.bool_]) -> Roc:
    """Let the threshold of a score fall from infinity past every query.

    Args:
        score: ``float (example,)``, larger for queries that look taught.
        taught: ``bool (example,)``, whether the query's label is one of the classifier's.

    Raises:
        InputError: there are not queries of both kinds.
    """
    if taught.all() or not taught.any():
        raise InputError(
            f"Telling taught labels from others needs queries of both, but of {len(taught)} queries {int(taught.sum())} "
            "have a taught label: add some of the other kind."
        )
    false_rate, true_rate, threshold = roc_curve(taught, score, drop_intermediate=False)
    return Roc(threshold=threshold, false_rate=false_rate, true_rate=true_rate)


def _check(confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_]) -> None:
    if not len(right):
        raise InputError("There are no answers to judge: give at least one labelled query.")
    if len(confidence) != len(right):
        raise InputError(f"{len(right)} answers need as many confidences, but {len(confidence)} came.")
