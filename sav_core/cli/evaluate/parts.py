"""Evaluation of a test set of any size: fitted here, judged part after part, on several devices or machines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sav_core.bulk.gathering import Engine, Gathered
from sav_core.bulk.task import Task, portions
from sav_core.cli.console import progress_bar
from sav_core.data.sets.duplicates import content_of
from sav_core.data.sets.listings import listed_examples
from sav_core.evaluation.metrics import check_truth

if TYPE_CHECKING:
    from sav_core.data.clips.sampling import ClipSampling
    from sav_core.data.examples import ExampleSet
    from sav_core.reports.measurement import Measurement
    from sav_core.sav import SavClassifier

__all__ = ["evaluate_in_parts"]


def evaluate_in_parts(
    classifier: SavClassifier,
    support: ExampleSet,
    test: str,
    question: str,
    clips: ClipSampling,
    model: str | None,
    open_engine: Callable[[Task], Engine],
) -> Measurement:
    """Fit a classifier and judge it on a set that is never in memory as a whole; of each example a line is kept.

    Args:
        classifier: whose settings and model are used; it is fitted.
        support: labelled examples to learn from.
        test: where the labelled examples to judge by lie.
        question: for those that have none of their own.
        clips: how videos are sampled.
        model: of the classifier, as it was named.
        open_engine: returns what works on a task.

    Raises:
        SavError: as ``measure``.
    """
    from sav_core.evaluation.metrics import evaluate_labels
    from sav_core.reports.measurement import About, Measurement

    with listed_examples(test, question=question, clips=clips) as listing, tempfile.TemporaryDirectory() as folder:
        check_truth([one.label for one in listing.examples], support.labels)
        with progress_bar("finding heads") as progress:
            classifier.fit(support, progress=progress)
        file = Path(folder) / "classifier.sav"
        classifier.save(file)
        engine = open_engine(Task("answers", model, classifier=str(file), clips=clips))
        learnt = {content_of(example) for example in support}
        gathered, overlap = Gathered(listing, of_lines=True), 0
        names: list[str] = []
        truth: list[str | None] = []
        answers: list[str] = []
        confidence: list[float] = []
        with progress_bar("judging") as progress:
            for outcome in gathered.watch(engine.run(portions(listing.examples), progress)):
                names += outcome.names
                truth += outcome.labels
                answers += [answer["label"] for answer in outcome.answers]
                confidence += [answer["confidence"] for answer in outcome.answers]
                overlap += sum(content in learnt for content in outcome.contents)
        gathered.finish()
    heads = classifier.head_classifier_
    labels = [str(label) for label in heads.classes_]
    about = About.of(heads, labels, classifier.vectors_, heads=len(heads.kept_heads_), support=sum(heads.fitted_.examples))
    return Measurement(
        about=replace(about, model=classifier.backbone.name, question=classifier.question_ or "", test=test),
        names=tuple(names),
        truth=tuple(check_truth(truth, labels)),
        answers=tuple(answers),
        confidence=np.array(confidence),
        evaluation=evaluate_labels(truth, answers, labels),
        overlap=overlap,
        skipped=(*support.skipped, *gathered.skipped),
        notes=tuple(dict.fromkeys([*support.notes, *gathered.notes])),
        scores=heads.fitted_.scores,
        heads=heads.kept_heads_,
    )
