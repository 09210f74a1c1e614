"""Measuring: the support and the test set go through the model once, the rest is array maths; all in one job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sav_core.errors import CancelledError, SavError
from sav_core.reports import wording
from sav_core.types import Progress, ProgressCallback
from sav_ui.pages.classify.state import fit_of
from sav_ui.pages.measure.state import Exam, Gauge, Measured, gauge_of, set_out
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import choice_of
from sav_ui.serving.pool import Shelf
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.session import Visit

__all__ = ["READING", "WHERE", "measure_heads"]

WHERE = "measure"
"""The part of the page that this one's sentences concern."""

READING = "Showing the model"
_STAGES = {wording.READING: READING, wording.ASKING: "Asking the model itself", wording.COMPARING: "Comparing"}


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


def _measure(gauge: Gauge, project: Project, fit: Fit, exam: Exam, key: tuple[Any, ...], shelf: Shelf) -> Measured:
    from sav_core.reports.figures import figures  # torch takes seconds, and the page must not wait for them
    from sav_core.reports.measure import measure
    from sav_core.sav import SavClassifier

    def report(progress: Progress) -> None:
        gauge.progress = progress

    @contextmanager
    def watch(stage: str) -> Iterator[ProgressCallback]:
        gauge.busy, gauge.progress = _STAGES[stage], None
        yield report

    found = measure(
        SavClassifier(shelf.get(project.model), fit.n_kept, gauge.voting(fit), _scoring(exam, fit)),
        exam.support,
        exam.test,
        baselines=True,
        own_answers=gauge.setup.ask,
        rules=True,
        sweeps=True,
        confidence=True,
        unknown=exam.unknown,
        title=project.title,
        test_name={"task": "the ready task's own", "own": "brought", "split": "split off the examples"}[key[1][0]],
        run=partial(shelf.run, project.model),
        watch=watch,
        cancel=gauge.cancelled.is_set,
    )
    drawn = {name: figure.to_json() for name, figure in figures(found).items()}
    return Measured(found, exam, choice_of(project.model).title, key, drawn)


def _scoring(exam: Exam, fit: Fit) -> str:
    """As on Teach; where every label has a single example, none can be left out."""
    labels = [example.label for example in exam.support]
    return fit.wanted if len(labels) > len(set(labels)) else "resubstitution"
