"""All that one test set says of one classifier, as one value: what the page Measure shows and every report file holds.

found = measure(classifier, support_vectors, test_vectors)       # array work; the model does not run
found.evaluation.accuracy, found.comparisons["all_heads"].difference, found.trust.diagram.expected_error
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sav_core.errors import CancelledError, SettingError
from sav_core.evaluation.baselines import Control, answer_control, vector_controls
from sav_core.evaluation.curves import Roc
from sav_core.evaluation.intervals import Comparison, compare
from sav_core.evaluation.metrics import Evaluation, evaluate_labels
from sav_core.evaluation.sweeps import SweepPoint
from sav_core.heads.calibration import Calibration
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.evaluate import Confidence, foreign_roc, judge_confidence, judge_rules, sweep_support
from sav_core.types import Cancel, HeadVectors

__all__ = ["KEPT", "Measurement", "measure"]

KEPT = "kept_heads"
"""The name of the classifier itself among the ways to answer."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """What a test set says of a classifier.

    Attributes:
        names: of the test examples.
        truth: their labels.
        answers: what the kept heads gave them.
        confidence: ``float64 (example,)``, the winner's share of the vote.
        probability: ``float64 (example,)``, the same calibrated; ``None`` where the support cannot calibrate.
        evaluation: of the answers.
        ways: every way to answer on these examples, the kept heads first.
        comparisons: the kept heads against each other way, on the same queries; random heads are many and not compared.
        refused: ways that could not be tried, and why.
        rules: every voting rule with the classifier's other settings, its own first.
        rule_comparisons: the kept heads against each of them.
        rules_refused: rules that cannot be fitted on this support, and why.
        sweeps: ``heads`` and ``shots``: accuracy by the number of heads, and of examples a label.
        trust: calibration and selective accuracy; ``None`` where the support cannot calibrate.
        untrusted: why not; empty where it can.
        doubt: how well doubt tells examples of no taught label apart; ``None`` without any.
        foreign: how many of those there were.
    """

    names: tuple[str, ...]
    truth: tuple[str, ...]
    answers: tuple[str, ...]
    confidence: npt.NDArray[np.float64] = field(repr=False)
    probability: npt.NDArray[np.float64] | None = field(repr=False)
    evaluation: Evaluation
    ways: tuple[Control, ...]
    comparisons: Mapping[str, Comparison]
    refused: Mapping[str, str]
    rules: tuple[Control, ...]
    rule_comparisons: Mapping[str, Comparison]
    rules_refused: Mapping[str, str]
    sweeps: Mapping[str, tuple[SweepPoint, ...]]
    trust: Confidence | None
    untrusted: str
    doubt: Roc | None
    foreign: int

    def __repr__(self) -> str:
        return f"Measurement({self.evaluation!r}, {len(self.ways)} ways to answer)"

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """``bool (example,)``, whether the kept heads' answer is the label."""
        return np.array([answer == label for answer, label in zip(self.answers, self.truth, strict=True)])

    @property
    def chance(self) -> float:
        """The accuracy of always giving the commonest label of the test set."""
        return float(self.evaluation.confusion.sum(1).max() / self.evaluation.n)


def measure(
    classifier: HeadClassifier,
    support: HeadVectors,
    test: HeadVectors,
    *,
    foreign: HeadVectors | None = None,
    others: Sequence[Control] = (),
    refused: Mapping[str, str] | None = None,
    cancel: Cancel | None = None,
) -> Measurement:
    """Judge a fitted classifier in every way that needs no more than vectors.

    Args:
        classifier: fitted on the support.
        support: labelled; with last hidden states also those are compared with.
        test: labelled, of the same model.
        foreign: of examples that belong to none of the labels.
        others: further ways to answer on the same test examples, such as ``model_controls`` gives.
        refused: which of those the model cannot do, and why.
        cancel: asked between the parts; true stops the work.

    Raises:
        InputError: nothing to evaluate, or a label that the classifier was not taught.
        CancelledError: ``cancel`` said so.
    """
    labels = [str(label) for label in classifier.classes_]
    ballot = classifier.vote(test)
    answers = tuple(labels[code] for code in ballot.winner)
    evaluation = evaluate_labels(test.labels, answers, labels)
    kept = answer_control(KEPT, answers, test.labels)
    right = kept.right > 0
    _go_on(cancel)
    ways = (kept, *vector_controls(classifier, support, test), *others)
    _go_on(cancel)
    rules, rules_refused = judge_rules(classifier, support, test)
    _go_on(cancel)
    sweeps = sweep_support(classifier, support, test, cancel=cancel)
    _go_on(cancel)
    trust, probability, untrusted = _trust(classifier, support, test)
    doubt = foreign_roc(classifier, test, foreign) if foreign is not None and len(foreign) else None
    return Measurement(
        names=test.names,
        truth=tuple(str(label) for label in test.labels),
        answers=answers,
        confidence=ballot.confidence,
        probability=probability,
        evaluation=evaluation,
        ways=ways,
        comparisons={way.name: compare(right, way.right > 0) for way in ways[1:] if way.name != "random_heads"},
        refused=dict(refused or {}),
        rules=tuple(sorted(rules, key=lambda rule: rule.name != classifier.voting)),
        rule_comparisons={rule.name: compare(right, rule.right > 0) for rule in rules if rule.name != classifier.voting},
        rules_refused=rules_refused,
        sweeps=sweeps,
        trust=trust,
        untrusted=untrusted,
        doubt=doubt,
        foreign=0 if foreign is None else len(foreign),
    )


def _trust(
    classifier: HeadClassifier, support: HeadVectors, test: HeadVectors
) -> tuple[Confidence | None, npt.NDArray[np.float64] | None, str]:
    try:
        trust = judge_confidence(classifier, support, test)
    except SettingError as error:
        return None, None, str(error)
    ballot = classifier.vote(test)
    probabilities = Calibration(trust.temperature, trust.left_out_n).probabilities(ballot.shares)
    return trust, probabilities[np.arange(len(ballot.winner)), ballot.winner], ""


def _go_on(cancel: Cancel | None) -> None:
    if cancel is not None and cancel():
        raise CancelledError("Stopped while comparing: what the model has read is kept, so measuring again is quick.")
