"""A fitted classifier judged on a test set, baselines beside it: the short way into ``sav_core.reports.measure``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_core.evaluation.baselines import Baseline
from sav_core.evaluation.intervals import Comparison
from sav_core.evaluation.metrics import Evaluation, check_truth
from sav_core.reports.measure import other_answers
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.reports.measurement import Compared
from sav_core.reports.reading import run_here
from sav_core.sav import SavClassifier
from sav_core.types import Cancel, HeadVectors, ProgressCallback

__all__ = ["Report", "evaluate_classifier"]


@dataclass(frozen=True)
class Report:
    """What a test set says of a classifier.

    Attributes:
        evaluation: of the kept heads' vote.
        right: ``bool (example,)``, whether the vote is right.
        vectors: of the test set, for more array work.
        judged: other ways to answer, on the same examples; empty unless asked for.
        refused: which of them the model cannot do, and why.
        comparisons: the kept heads against each other way, on the same queries; a mean of many draws is not compared.
    """

    evaluation: Evaluation
    right: npt.NDArray[np.bool_]
    vectors: HeadVectors = field(repr=False)
    judged: tuple[Baseline, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def controls(self) -> dict[str, float]:
        """Accuracy of the other ways to answer, by name."""
        return {each.name: each.accuracy for each in self.judged}


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
        classifier: fitted; for the baselines of the last hidden state with ``hidden=True``.
        test: labelled examples; one without a question is asked the support's.
        controls: also judge the baselines: other heads, other classifiers on the same vectors, and the model's own answers,
            for which it runs again on every example: see ``sav_core.evaluation.baselines`` and
            ``sav_core.reports.model_baselines``.
        support: the examples it was fitted on, for the baselines that look at pictures: raw pixels, and in context.
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
    check_truth([example.label for example in queries], labels)  # a wrong test set is refused before the model runs
    if controls and not hasattr(classifier, "vectors_"):
        raise InputError("Controls learn from the support, which a classifier loaded from a file has not: fit it here.")
    vectors = classifier.extract(queries, progress=progress, cancel=cancel, hidden=controls)
    more, refused = (
        ((), {})
        if not controls
        else other_answers(
            run_here(classifier.backbone),
            support,
            queries,
            labels,
            pixels=True,
            demonstrations=demonstrations,
            watch=lambda stage: nullcontext(progress),
            cancel=cancel,
        )
    )
    found = measure_vectors(
        classifier.head_classifier_,
        classifier.vectors_ if controls else None,
        vectors,
        baselines=controls,
        others=more,
        refused=refused,
        cancel=cancel,
    )
    beside = found.baselines or Compared((), {})
    return Report(found.evaluation, found.right, vectors, beside.judged, beside.refused, beside.comparisons)
