"""A classifier judged on a test set, as far as is asked: controls beside it, sweeps, rules, confidence, foreign queries.

Every image goes through the model once, for its head vectors and its last hidden state together; only the model's own
answers need it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.data.examples import Example
from sav_core.errors import InputError, SettingError
from sav_core.evaluation.baselines import Control, answer_control, pixel_control, vector_controls
from sav_core.evaluation.curves import ReliabilityDiagram, Roc, SelectiveCurve, reliability_diagram, roc, selective_accuracy
from sav_core.evaluation.intervals import Comparison, compare
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.evaluation.metrics import Evaluation, evaluate_labels
from sav_core.evaluation.sweeps import SweepPoint, sweep_draws, sweep_heads
from sav_core.heads.calibration import fit_temperature
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.voting import VOTING_RULES
from sav_core.reports.model_baselines import model_controls
from sav_core.sav import SavClassifier
from sav_core.types import Cancel, HeadVectors, ProgressCallback

__all__ = ["Confidence", "Report", "evaluate_classifier", "foreign_roc", "judge_confidence", "judge_rules", "sweep_support"]

_SHOTS = (1, 2, 5, 10, 20, 50, 100)
_DRAWS = 5  # of the support, for each number of examples a label


@dataclass(frozen=True)
class Confidence:
    """How far a classifier's probabilities can be trusted on a test set.

    Attributes:
        temperature: fitted on the support, each example left out.
        left_out_accuracy: of the support, each example judged by a fit without it.
        left_out_n: how many examples could be: those whose label has another.
        left_out_groups: in how many groups they left; as many as examples where each left alone.
        diagram: of the calibrated probabilities.
        raw: of the shares as they are.
        selective: accuracy against coverage, by calibrated probability.
    """

    temperature: float
    left_out_accuracy: float
    left_out_n: int
    left_out_groups: int
    diagram: ReliabilityDiagram
    raw: ReliabilityDiagram
    selective: SelectiveCurve


@dataclass(frozen=True)
class Report:
    """What a test set says of a classifier.

    Attributes:
        evaluation: of the kept heads' vote.
        right: ``bool (example,)``, whether the vote is right.
        vectors: of the test set, for more array work.
        judged: other ways to answer, on the same examples; empty unless asked for.
        refused: which of them the model cannot do, and why.
    """

    evaluation: Evaluation
    right: npt.NDArray[np.bool_]
    vectors: HeadVectors = field(repr=False)
    judged: tuple[Control, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def controls(self) -> dict[str, float]:
        """Accuracy of the other ways to answer, by name."""
        return {control.name: control.accuracy for control in self.judged}

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The kept heads against each other way, on the same queries; random heads are many ways and not compared."""
        return {
            control.name: compare(self.right, control.right > 0)
            for control in self.judged
            if control.name != "random_heads"
        }


def evaluate_classifier(
    classifier: SavClassifier,
    test: Sequence[Example],
    *,
    controls: bool = False,
    support: Sequence[Example] = (),
    demonstrations: int = 4,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Report:
    """Judge a fitted classifier on labelled examples it was not fitted on.

    Args:
        classifier: fitted; for the controls of the last hidden state with ``hidden=True``.
        test: labelled examples; one without a question is asked the support's.
        controls: also judge other heads, other classifiers on the same vectors, and the model's own answers, for which it
            runs again on every example: see ``sav_core.evaluation.baselines`` and ``sav_core.reports.model_baselines``.
        support: the examples it was fitted on, for the controls that look at pictures: raw pixels, and in context.
        demonstrations: how many of them the model is shown in context.
        progress: called as examples are done.
        cancel: asked between batches; true stops the work.

    Raises:
        InputError: nothing to evaluate, a label that the classifier was not taught, or controls of a classifier that was
            loaded from a file and so has no support.
        CancelledError: ``cancel`` said so.
    """
    queries = [classifier.as_query(example) for example in test]
    labels = [str(label) for label in classifier.classes_]
    truth = [example.label for example in queries]
    evaluate_labels(truth, [labels[0]] * len(truth), labels)  # a wrong test set is refused before the model runs
    if controls and not hasattr(classifier, "vectors_"):
        raise InputError("Controls learn from the support, which a classifier loaded from a file has not: fit it here.")
    vectors = classifier.extract(queries, progress=progress, cancel=cancel, hidden=controls)
    winner = classifier.head_classifier_.vote(vectors).winner
    answers = [labels[code] for code in winner]
    right = np.array([answer == label for answer, label in zip(answers, truth, strict=True)])
    report = Report(evaluate_labels(truth, answers, labels), right, vectors)
    if not controls:
        return report
    judged = list(vector_controls(classifier.head_classifier_, classifier.vectors_, vectors))
    pixels = pixel_control(support, queries) if support else None
    own, refused = model_controls(
        classifier.backbone, queries, labels, support, demonstrations=demonstrations, progress=progress, cancel=cancel
    )
    return replace(report, judged=(*judged, *([pixels] if pixels else []), *own), refused=refused)


def judge_confidence(classifier: HeadClassifier, support: HeadVectors, test: HeadVectors) -> Confidence:
    """Calibrate a fitted classifier on its support and say how true its probabilities are on a test set.

    Raises:
        SettingError: no label has two examples to calibrate on.
    """
    left_out = judge_left_out(classifier, support)
    ballot = classifier.vote(test)
    right = classifier.classes_[ballot.winner] == np.array(test.labels)
    calibration = fit_temperature(left_out.shares, left_out.codes)
    each = np.arange(len(right))
    probability = calibration.probabilities(ballot.shares)[each, ballot.winner]
    return Confidence(
        temperature=calibration.temperature,
        left_out_accuracy=left_out.accuracy,
        left_out_n=len(left_out.rows),
        left_out_groups=left_out.groups,
        diagram=reliability_diagram(probability, right),
        raw=reliability_diagram(ballot.confidence, right),
        selective=selective_accuracy(probability, right),
    )


def foreign_roc(classifier: HeadClassifier, test: HeadVectors, foreign: HeadVectors) -> Roc:
    """How well doubt tells queries of the taught labels from queries of none of them.

    The score is ``Prediction.assurance``, the winner's share times how near the query is to the winner's examples: the very
    number that ``Prediction.doubted``, ``classify --none-below`` and the Classify page compare with a threshold.

    Args:
        classifier: fitted.
        test: queries of the taught labels.
        foreign: queries of other things.

    Raises:
        InputError: one of the two is empty.
    """
    scores = [prediction.assurance for queries in (test, foreign) for prediction in classifier.predict(queries)]
    taught = np.arange(len(test) + len(foreign)) < len(test)
    return roc(np.array(scores), taught)


def judge_rules(
    classifier: HeadClassifier, support: HeadVectors, test: HeadVectors
) -> tuple[tuple[Control, ...], Mapping[str, str]]:
    """Judge every voting rule with the classifier's other settings.

    Returns:
        A control named after each rule, and for each that cannot be fitted on this support the reason.
    """
    judged, refused = [], {}
    for rule in VOTING_RULES:
        other: HeadClassifier = clone(classifier).set_params(voting=rule)
        try:
            other.fit(support)
        except SettingError as error:
            refused[rule] = str(error)
            continue
        judged.append(answer_control(rule, other.classes_[other.vote(test).winner].tolist(), test.labels))
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
    least = 2 if classifier.scoring == "leave_one_out" or classifier.voting == "reliability" else 1
    shots = sorted({number for number in (*_SHOTS, most) if least <= number <= most})
    rng = np.random.default_rng(seed)
    draws = [np.stack([rng.permutation(own)[:most] for own in rows.values()], axis=1).ravel() for _ in range(_DRAWS)]
    return {
        "heads": sweep_heads(classifier, test),
        "shots": sweep_draws(classifier, support, test, draws, shots, cancel=cancel),
    }
