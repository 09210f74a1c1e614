"""What a test set says of a fitted classifier beyond its accuracy: other rules, fewer examples, trust, unknown labels.

judge_rules(classifier, support, test)        # every voting rule on the same vectors
judge_confidence(classifier, support, test)   # is a probability of 80 % right 80 % of the time?
sweep_support(classifier, support, test)      # more or fewer heads, fewer examples a label
unknown_roc(classifier, test, unknown)        # are queries of no taught label recognised as such?

Head vectors in, figures out: no model runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.errors import SettingError
from sav_core.evaluation.baselines import Baseline, answer_baseline
from sav_core.evaluation.curves import (
    ReliabilityDiagram,
    Roc,
    SelectiveCurve,
    reliability_diagram,
    roc,
    selective_accuracy,
)
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.evaluation.metrics import wilson_interval
from sav_core.evaluation.sweeps import SweepPoint, shot_numbers, sweep_draws, sweep_heads
from sav_core.heads.calibration import fit_temperature
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_core.types import Cancel, HeadVectors

__all__ = ["Confidence", "judge_confidence", "judge_rules", "left_out_in_words", "sweep_support", "unknown_roc"]

_DRAWS = 5  # of the support, for each number of examples a label


@dataclass(frozen=True)
class Confidence:
    """How far a classifier's probabilities can be trusted on a test set.

    Attributes:
        temperature: fitted on the support, each example left out.
        left_out_accuracy: of the support, each example judged by a fit without it.
        left_out_n: how many examples could be: those whose label has another.
        left_out_groups: in how many groups they left; as many as examples where each left alone.
        probability: ``float64 (example,)``, the calibrated probability of each test example's answer.
        diagram: of the calibrated probabilities.
        raw: of the shares as they are.
        selective: accuracy against coverage, by calibrated probability.
    """

    temperature: float
    left_out_accuracy: float
    left_out_n: int
    left_out_groups: int
    probability: npt.NDArray[np.float64] = field(repr=False)
    diagram: ReliabilityDiagram
    raw: ReliabilityDiagram
    selective: SelectiveCurve

    @property
    def left_out_interval(self) -> tuple[float, float]:
        """Wilson score interval of the accuracy on left-out examples at 95 %."""
        return wilson_interval(round(self.left_out_accuracy * self.left_out_n), self.left_out_n)

    @property
    def left_out_how(self) -> str:
        """How they were left out, in words."""
        return left_out_in_words(self.left_out_groups, self.left_out_n)


def left_out_in_words(groups: int, n: int) -> str:
    """How ``n`` examples were left out: each in turn, or where they are too many for that, in groups."""
    return "each left out in turn" if groups >= n else f"left out in {groups} groups"


def judge_confidence(classifier: HeadClassifier, support: HeadVectors, test: HeadVectors) -> Confidence:
    """Calibrate a fitted classifier on its support and say how true its probabilities are on a test set.

    Raises:
        SettingError: no label has two examples to calibrate on.
    """
    left_out = judge_left_out(classifier, support)
    ballot = classifier.vote(test)
    right = classifier.classes_[ballot.winner] == np.array(test.labels)
    calibration = fit_temperature(left_out.shares, left_out.codes)
    probability = calibration.probabilities(ballot.shares)[np.arange(len(right)), ballot.winner]
    return Confidence(
        temperature=calibration.temperature,
        left_out_accuracy=left_out.accuracy,
        left_out_n=left_out.n,
        left_out_groups=left_out.groups,
        probability=probability,
        diagram=reliability_diagram(probability, right),
        raw=reliability_diagram(ballot.confidence, right),
        selective=selective_accuracy(probability, right),
    )


def unknown_roc(classifier: HeadClassifier, test: HeadVectors, unknown: HeadVectors) -> Roc:
    """How well a threshold tells queries of the taught labels from queries of none of them (out of distribution).

    The score is ``Prediction.acceptance``, the winner's share times how near the query is to the winner's examples: the
    very number that ``Prediction.is_rejected``, ``classify --none-below`` and the Classify page compare with a threshold.

    Args:
        classifier: fitted.
        test: queries of the taught labels.
        unknown: queries of other things.

    Raises:
        InputError: one of the two is empty.
    """
    scores = [prediction.acceptance for queries in (test, unknown) for prediction in classifier.predict(queries)]
    taught = np.arange(len(test) + len(unknown)) < len(test)
    return roc(np.array(scores), taught)


def judge_rules(
    classifier: HeadClassifier, support: HeadVectors, test: HeadVectors
) -> tuple[tuple[Baseline, ...], Mapping[str, str]]:
    """Judge every voting rule with the classifier's other settings.

    Returns:
        One way to answer named after each rule, and for each that cannot be fitted on this support the reason.
    """
    judged, refused = [], {}
    for rule in VOTING_RULES:
        other: HeadClassifier = clone(classifier).set_params(voting=rule)
        try:
            other.fit(support)
        except SettingError as error:
            refused[rule] = str(error)
            continue
        judged.append(answer_baseline(rule, other.classes_[other.vote(test).winner].tolist(), test.labels))
    return tuple(judged), refused


def sweep_support(
    classifier: HeadClassifier, support: HeadVectors, test: HeadVectors, *, seed: int = 0, cancel: Cancel | None = None
) -> dict[str, tuple[SweepPoint, ...]]:
    """Judge other numbers of heads, and fewer examples a label, each drawn five times from the support.

    Returns:
        ``heads`` and ``shots``; the latter ends at the number of examples that every label has. The intervals of both are
        of the accuracy on such queries.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    names = np.array(support.labels, dtype=np.str_)
    rows = {label: np.flatnonzero(names == label) for label in sorted(set(names.tolist()))}
    most = min(len(own) for own in rows.values())
    rng = np.random.default_rng(seed)
    draws = [np.stack([rng.permutation(own)[:most] for own in rows.values()], axis=1).ravel() for _ in range(_DRAWS)]
    return {
        "heads": sweep_heads(classifier, test),
        "shots": sweep_draws(classifier, support, test, draws, shot_numbers(classifier, most), cancel=cancel),
    }
