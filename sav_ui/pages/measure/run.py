"""Measuring: the support and the test set go through the model once, the rest is array maths; all in one job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sav_core.errors import CancelledError, SavError
from sav_core.reports import wording
from sav_core.types import ProgressCallback
from sav_ui.pages.measure.rivals import time_lora
from sav_ui.pages.measure.state import Measured, MeasureState, Plan, Setup, test_plan
from sav_ui.pages.shared.judged import Judged, JudgedState
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import choice_of
from sav_ui.serving.pool import ModelPool
from sav_ui.session.context import Context, Data
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.work import Kind, NotYetError, Task

__all__ = ["MEASURING", "run"]

_KINDS = {
    wording.READING: Kind.READ_TESTS,
    wording.ASKING: Kind.ASK_BASELINES,
    wording.TRAINING: Kind.TRAIN_LORA,
    wording.RIVALS: Kind.ASK_RIVALS,
    wording.COMPARING: Kind.COMPARE,
}
MEASURING = tuple(_KINDS.values())
"""The steps of measuring, in their order."""

_TESTED_ON = {"task": "the ready task’s own pictures", "own": "pictures of your own", "split": "pictures set aside"}


def run(context: Context, data: Data) -> Iterator[None]:
    """Measure what the setup says; yields whenever there is something new to show. What was measured before stays.

    Where nobody asked, how long LoRA takes is to be found out.
    """
    session = context.session
    if data.get("do") != "measure":
        yield from time_lora(context)
        return
    if session.work.busy:
        return
    with session.changing():
        state, fit, project = session.state(MeasureState), session.current_fit, session.project
        session.notice = session.download = None
        state.said = ""
    if fit is None:
        why = project.why_not_ready() or "Heads are still to be found: wait for them, then measure."
        context.say(NotYetError(why, until=lambda: session.current_fit is not None))
        yield
        return
    with session.work.doing(Kind.READ_TESTS) as task:
        try:
            plan, key = test_plan(state, project, fit), state.key(project, fit)
            setup, voting = state.setup, state.voting(fit)
            job = Job(lambda: _measure(setup, voting, project, fit, plan, key, context.models, task, state))
            yield from job.ticks()
            found = job.result()
            with session.changing():
                state.measured, state.cell = found, None
                session.state(JudgedState).latest = _judged(found, voting)
        except CancelledError:
            context.say("Stopped; what the model has read is kept, so measuring again goes on from there.", "done")
        except SavError as error:
            context.say(str(error))
    yield


def _measure(
    setup: Setup,
    voting: str,
    project: Project,
    fit: Fit,
    plan: Plan,
    key: tuple[Any, ...],
    models: ModelPool,
    task: Task,
    state: MeasureState,
) -> Measured:
    from sav_core.reports.figures import figures  # torch takes seconds, and the page must not wait for them
    from sav_core.reports.measure import measure
    from sav_core.sav import SavClassifier

    @contextmanager
    def watch(stage: str) -> Iterator[ProgressCallback]:
        task.kind, task.progress = _KINDS[stage], None
        yield task.report

    def say(words: str) -> None:
        state.said = words

    found = measure(
        SavClassifier(models.get(project.model), fit.n_kept, voting, _scoring(plan, fit), max_layer=fit.max_layer),
        plan.support,
        plan.test,
        baselines=True,
        own_answers=setup.ask,
        rules=True,
        sweeps=True,
        confidence=True,
        unknown=plan.unknown,
        rivals=setup.rivals,
        hub_only=True,
        say=say,
        title=project.title,
        test_name=_TESTED_ON[key[1][0]],
        run=partial(models.run, project.model),
        watch=watch,
        cancel=task.cancelled,
    )
    drawn = {name: str(figure.to_json()) for name, figure in figures(found).items()}
    return Measured(found, plan, choice_of(project.model).title, key, drawn)


def _judged(measured: Measured, voting: str) -> Judged:
    """What other pages are told of it."""
    found = measured.measurement
    return Judged(
        taught=measured.key[0],
        voting=voting,
        test=found.about.test,
        right=int(found.right.sum()),
        n=found.evaluation.n,
        accuracy=found.evaluation.accuracy,
        interval=found.evaluation.interval,
    )


def _scoring(plan: Plan, fit: Fit) -> str:
    """As on Teach; where every label has a single example, none can be left out."""
    labels = [example.label for example in plan.support]
    return fit.wanted if len(labels) > len(set(labels)) else "resubstitution"
