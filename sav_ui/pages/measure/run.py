"""Measuring: the support and the test set go through the model once, the rest is array maths; all in one job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sav_core.data.examples import Example
from sav_core.errors import CancelledError, SavError
from sav_core.types import HeadVectors, Progress, ProgressCallback
from sav_ui.pages.classify.state import fit_of
from sav_ui.pages.measure.state import Exam, Gauge, Measured, gauge_of, set_out
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import choice_of
from sav_ui.serving.pool import Shelf
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.session import Visit

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone
    from sav_core.types import Cancel

__all__ = ["WHERE", "measure_heads", "read_all"]

WHERE = "measure"
"""The part of the page that this one's sentences concern."""

READING, ASKING, COMPARING = "Showing the model", "Asking the model itself", "Comparing"


def measure_heads(visit: Visit, shelf: Shelf) -> Iterator[None]:
    """Measure what the setup says; yields whenever there is something new to show. What was measured before stays."""
    gauge, fit, project = gauge_of(visit), fit_of(visit), visit.project
    if gauge.busy:
        return
    if fit is None:
        visit.say(project.why_not_ready() or "Heads are still to be found: wait for them, then measure.", where=WHERE)
        yield
        return
    gauge.cancelled.clear()
    gauge.busy, gauge.progress = READING, None
    visit.notice = None
    try:
        exam, key = set_out(gauge, project, fit), gauge.key(project, fit)
        job = Job(lambda: _measure(gauge, project, fit, exam, key, shelf))
        yield from job.ticks()
        found = job.result()
        with visit.lock:
            gauge.measured, gauge.cell = found, None
    except GeneratorExit:
        gauge.cancelled.set()
        raise
    except CancelledError:
        visit.say("Stopped; what the model has read is kept, so measuring again goes on from there.", "done", WHERE)
    except SavError as error:
        visit.say(str(error), where=WHERE)
    finally:
        gauge.busy, gauge.progress = "", None
    yield


def read_all(
    backbone: Backbone, examples: list[Example], *, progress: ProgressCallback | None = None, cancel: Cancel | None = None
) -> HeadVectors:
    """Head vectors and last hidden states of examples, of one pass.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.extraction import extract_head_vectors

    vectors = extract_head_vectors(backbone, examples, progress=progress, cancel=cancel, hidden=True)
    if not vectors.complete:
        raise CancelledError(f"Stopped after {len(vectors)} of {vectors.asked} examples.")
    return vectors


def _measure(gauge: Gauge, project: Project, fit: Fit, exam: Exam, key: tuple[Any, ...], shelf: Shelf) -> Measured:
    from sav_core.evaluation.baselines import pixel_control
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.reports.measure import measure
    from sav_core.reports.model_baselines import model_controls
    from sav_core.reports.tables import figures

    def report(progress: Progress) -> None:
        gauge.progress = progress

    cancel, setup, voting = gauge.cancelled.is_set, gauge.setup, gauge.voting(fit)
    backbone = shelf.get(project.model)
    everything = [*exam.support, *exam.test, *exam.foreign]
    vectors = shelf.run(project.model, read_all, everything, progress=report, cancel=cancel)
    learnt, judged = len(exam.support), len(exam.support) + len(exam.test)
    support = vectors.take(list(range(learnt)))
    classifier = HeadClassifier(fit.n_kept, voting, _scoring(exam, fit)).fit(support)
    labels = [str(label) for label in classifier.classes_]
    own, refused = (), {}
    if setup.ask:
        gauge.busy, gauge.progress = ASKING, None
        own, refused = shelf.run(
            project.model, model_controls, list(exam.test), labels, list(exam.support), progress=report, cancel=cancel
        )
    gauge.busy, gauge.progress = COMPARING, None
    pixels = pixel_control(exam.support, exam.test)
    found = measure(
        classifier,
        support,
        vectors.take(list(range(learnt, judged))),
        foreign=vectors.take(list(range(judged, len(everything)))) if exam.foreign else None,
        others=(*([pixels] if pixels else []), *own),
        refused=refused,
        cancel=cancel,
    )
    about = {
        "title": project.title or " or ".join(labels[:4]),
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "model": choice_of(project.model).title,
        "identity": backbone.fingerprint,
        "dtype": backbone.dtype_name,
        "question": project.question,
        "heads": len(classifier.kept_heads_),
        "voting": voting,
        "scoring": classifier.scoring,
        "support": len(exam.support),
        "test": {"task": "the ready task's own", "own": "brought", "split": "split off the examples"}[key[1][0]],
    }
    drawn = {name: figure.to_json() for name, figure in figures(found, about["heads"]).items()}
    return Measured(found, exam, about, key, drawn)


def _scoring(exam: Exam, fit: Fit) -> str:
    """As on Teach; where every label has a single example, none can be left out."""
    labels = [example.label for example in exam.support]
    return fit.wanted if len(labels) > len(set(labels)) else "resubstitution"
