"""A fitted classifier judged on head vectors in every way that needs no more than those: the array part of a measurement.

found = measure_vectors(classifier, support_vectors, test_vectors, baselines=True, sweeps=True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sav_core.errors import CancelledError, InputError, SettingError
from sav_core.evaluation.baselines import Baseline, answer_baseline, vector_baselines
from sav_core.evaluation.costs import Cost
from sav_core.evaluation.intervals import compare
from sav_core.evaluation.judge import Confidence, judge_confidence, judge_rules, sweep_support, unknown_roc
from sav_core.evaluation.metrics import check_truth, evaluate_labels
from sav_core.evaluation.sweeps import transfer_heads
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.measurement import About, Compared, Measurement, Transfer, UnknownLabels
from sav_core.types import Cancel, HeadVectors

__all__ = ["measure_vectors"]


def measure_vectors(
    classifier: HeadClassifier,
    support: HeadVectors | None,
    test: HeadVectors,
    *,
    baselines: bool = False,
    others: Sequence[Baseline] = (),
    refused: Mapping[str, str] | None = None,
    rules: bool = False,
    sweeps: bool = False,
    confidence: bool = False,
    unknown: HeadVectors | None = None,
    heads_from: HeadClassifier | None = None,
    reading: Cost | None = None,
    cancel: Cancel | None = None,
) -> Measurement:
    """Judge a fitted classifier in every way that needs no more than vectors.

    Args:
        classifier: fitted on the support.
        support: labelled; with last hidden states also those are compared with. ``None`` where nothing that is asked for
            learns from it.
        test: labelled, of the same model.
        baselines: also judge other heads and other classifiers on the same vectors.
        others: further ways to answer on the same test examples, such as ``model_baselines`` gives.
        refused: which of those the model cannot do, and why.
        rules: also judge every voting rule.
        sweeps: also judge other numbers of heads, and fewer examples a label.
        confidence: also calibrate on the support, and judge the probabilities.
        unknown: of examples of labels that are not taught.
        heads_from: fitted on another task with the same model.
        reading: what it costs to learn from the support and to read all vectors; ``None`` where nobody measured that, and
            then no row says what it costs.
        cancel: asked between the parts; true stops the work.

    Raises:
        InputError: nothing to evaluate, a label that the classifier was not taught, or no support where one is needed.
        CancelledError: ``cancel`` said so.
    """
    labels = [str(label) for label in classifier.classes_]
    ballot = classifier.vote(test)
    answers = tuple(labels[code] for code in ballot.winner)
    found = Measurement(
        about=About.of(
            classifier, labels, test, heads=len(classifier.kept_heads_), support=sum(classifier.fitted_.examples)
        ),
        names=test.names,
        truth=tuple(check_truth(test.labels, labels)),
        answers=answers,
        confidence=ballot.confidence,
        evaluation=evaluate_labels(test.labels, answers, labels),
        cost=reading,
    )
    if unknown is not None and len(unknown):
        found = replace(found, unknown=UnknownLabels(unknown_roc(classifier, test, unknown), len(unknown)))
    if heads_from is not None:
        found = replace(found, transfer=_transfer(heads_from, classifier, test, found))
    if baselines or others or refused:
        _go_on(cancel)
        ours = vector_baselines(classifier, _needed(support), test) if baselines else ()
        judged = [
            *(_beyond(reading, each) for each in ours),
            *(each if reading else replace(each, cost=None) for each in others),
        ]
        found = replace(found, baselines=Compared.beside(found.right, judged, refused))
    if rules:
        _go_on(cancel)
        every, unfit = judge_rules(classifier, _needed(support), test)
        every = tuple(sorted(every, key=lambda rule: rule.name != classifier.voting))
        found = replace(found, rules=Compared.beside(found.right, every, unfit, itself=classifier.voting))
    if sweeps:
        _go_on(cancel)
        found = replace(found, sweeps=sweep_support(classifier, _needed(support), test, cancel=cancel))
    if confidence:
        _go_on(cancel)
        trust, untrusted = _trust(classifier, _needed(support), test)
        found = replace(found, trust=trust, untrusted=untrusted)
    return found


def _beyond(reading: Cost | None, row: Baseline) -> Baseline:
    """A way to answer from vectors, with what they cost to read."""
    return replace(row, cost=None if reading is None or row.cost is None else reading.and_then(row.cost))


def _transfer(source: HeadClassifier, classifier: HeadClassifier, test: HeadVectors, found: Measurement) -> Transfer:
    moved = transfer_heads(source, classifier)
    baseline = answer_baseline("transfer", moved.classes_[moved.vote(test).winner].tolist(), test.labels)
    shared = set(source.kept_heads_) & set(classifier.kept_heads_)
    return Transfer(baseline, compare(found.right, baseline.right > 0), tuple(sorted(shared)))


def _trust(classifier: HeadClassifier, support: HeadVectors, test: HeadVectors) -> tuple[Confidence | None, str]:
    """What can be said of the probabilities, or why nothing can: all else has been judged and stands."""
    try:
        return judge_confidence(classifier, support, test), ""
    except SettingError as error:  # such as one example a label
        return None, str(error)


def _needed(support: HeadVectors | None) -> HeadVectors:
    if support is None:
        raise InputError("Baselines, rules, sweeps and confidence learn from the support, and there is none: fit it here.")
    return support


def _go_on(cancel: Cancel | None) -> None:
    if cancel is not None and cancel():
        raise CancelledError("Stopped while comparing: what the model has read is kept, so measuring again is quick.")
