"""What the atlas needs the model for: ready tasks' examples, for inspector and rows; heads tried on other tasks."""

from __future__ import annotations

from collections.abc import Iterator

from sav_core.atlas import Atlas, AtlasReport, TaskVectors, row_of, survey, transfer_heads
from sav_core.errors import CancelledError, SavError
from sav_core.heads.classifier import HeadClassifier
from sav_ui.pages.atlas.state import FILE, OWN, AtlasState, Tried, inside_of, shown_atlas
from sav_ui.pages.shared.points import FIND, find_points
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import choice_of
from sav_ui.serving.pool import ModelPool
from sav_ui.session.context import Context, Data
from sav_ui.session.find_heads import look_inside_of
from sav_ui.session.fit import Fit, fit_project
from sav_ui.session.project import Item, Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind, Task
from sav_ui.uploads.ready_tasks import Task as ReadyTask
from sav_ui.uploads.ready_tasks import ready_tasks, task_named

__all__ = ["run", "to_look_at", "to_read"]


def to_read(session: Session) -> ReadyTask | None:
    """The ready task whose examples the model has still to see, for the inspector of a head."""
    state = session.state(AtlasState)
    if state.cell is None or state.cell[0] in (OWN, FILE) or (state.model, state.cell[0]) in state.fits:
        return None
    return task_named(state.cell[0])


def to_look_at(session: Session) -> Item | None:
    """The example that the model is to be shown once more for what heads look at; ``None`` when there is none."""
    inside = inside_of(session)
    if inside is None or inside.item is None or session.look_into(inside.project, inside.item) is not None:
        return None
    return inside.item


def run(context: Context, data: Data) -> Iterator[None]:
    """Do what was asked for, or read the task that is looked at; yields whenever there is something new to show."""
    session = context.session
    if session.work.busy:
        return
    asked = {"read_ready": _read_ready, "try_heads": _try_heads, FIND: find_points}
    do = asked.get(str(data.get("do", "")), _read_one)
    with session.changing():
        session.notice = None
    try:
        yield from do(context)
    except CancelledError:
        context.say("Stopped; what the model has read is kept.", "done")
    except SavError as error:
        context.say(str(error))
    yield


def _read_one(context: Context) -> Iterator[None]:
    """Show the model the examples of the task that is looked at; where that fails, nothing is looked at any more.

    Where it has seen them, show it the one that is looked at once more.
    """
    session, task = context.session, to_read(context.session)
    state, item, inside = session.state(AtlasState), to_look_at(session), inside_of(session)
    if item is not None and inside is not None:
        yield from look_inside_of(session, context.models, inside.project, item)
    if task is None:
        return
    try:
        with session.work.doing(Kind.READ_TASKS) as work:
            yield from _reading(context, task, work)
    except SavError:
        with session.changing():
            state.close()
        raise


def _read_ready(context: Context) -> Iterator[None]:
    """Make the atlas of the ready tasks for a model that none came for; every task is tried on every other's examples."""
    session = context.session
    state, model = session.state(AtlasState), session.project.model
    with session.work.doing(Kind.READ_TASKS) as work:
        for task in ready_tasks():
            if (model, task.name) not in state.fits:
                yield from _reading(context, task, work)
        identity = context.models.get(model).identity
        fits = {task.name: state.fits[model, task.name][1] for task in ready_tasks()}
        work.progress = None
        job = Job(lambda: _surveyed(fits, choice_of(model).title, identity, work))
        yield from job.ticks()
        with session.changing():
            state.read = {**state.read, model: job.result()}
            state.look(session, context.models)  # which knows the model by now


def _reading(context: Context, task: ReadyTask, work: Task) -> Iterator[None]:
    session = context.session
    state, model = session.state(AtlasState), session.state(AtlasState).model
    job = Job(lambda: _fit(context.models, model, task, work))
    yield from job.ticks()
    with session.changing():
        state.fits[model, task.name] = job.result()


def _fit(models: ModelPool, model: str, task: ReadyTask, work: Task) -> tuple[Project, Fit]:
    """A ready task as the atlas has it, by the paper's score, and its fit."""
    from sav_core.activations.extraction import extract_head_vectors  # torch takes seconds, and the page must not wait

    project = Project(question=task.question, model=model, scoring="resubstitution", clips=task.clips, title=task.title)
    project = project.with_labelled(task.support)
    vectors = models.run(model, extract_head_vectors, project.examples(), progress=work.report, cancel=work.cancelled)
    if not vectors.complete:
        raise CancelledError("Stopped.")
    return project, fit_project(project, vectors)


def _surveyed(fits: dict[str, Fit], model: str, identity: str, work: Task) -> AtlasReport:
    rows = [row_of(name, fit.rule.fitted, fit.kept, model=model, identity=identity) for name, fit in fits.items()]
    atlas = Atlas.of(rows)
    tasks = [TaskVectors(name, fit.vectors) for name, fit in fits.items()]
    return survey(atlas, transfer_heads(tasks, atlas, HeadClassifier(), cancel=work.cancelled))


def _try_heads(context: Context) -> Iterator[None]:
    """Let the other tasks' heads vote on the visitor's own examples, each left out."""
    session, report = context.session, shown_atlas(context.session)
    state, fit = session.state(AtlasState), session.current_fit
    if fit is None or report is None:
        return
    whole = fit.whole
    with session.work.doing(Kind.TRY_HEADS) as work:
        settings = HeadClassifier(whole.dial, whole.rule.voting, whole.scoring)
        tasks = [TaskVectors(OWN, whole.vectors)]
        job = Job(lambda: transfer_heads(tasks, report.atlas, settings, cancel=work.cancelled))
        yield from job.ticks()
        with session.changing():
            state.tried = Tried(fit, job.result().targets[0])
