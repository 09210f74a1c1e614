"""Queries through the model: each once, for its answer; the one that is looked at once more, for what lies behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sav_core.data.examples import Example
from sav_core.errors import InputError, SavError
from sav_core.types import HeadVectors, Progress
from sav_ui.pages.classify.state import ClassifyState, ModelAnswer, Query
from sav_ui.pages.classify.without import ask_without, waits_for_without
from sav_ui.pages.shared.points import FIND, find_points
from sav_ui.panels.jobs import Job
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.reading import read_first_layers
from sav_ui.session.context import Context, Data
from sav_ui.session.fit import Fit
from sav_ui.session.head_attention import look_at
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind, Task

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = [
    "classify_queries",
    "run",
    "waits_for_answer_without",
    "waits_for_answers",
    "waits_for_model_answer",
]

_WORDS = 12  # tokens of the model's own answer


def run(context: Context, data: Data) -> Iterator[None]:
    """Show the model the pictures that it has not seen, then ask it about the one that is looked at."""
    session = context.session
    if session.work.busy:
        return
    if data.get("do") == FIND:
        yield from find_points(context)
        return
    with session.work.doing(Kind.CLASSIFY) as task:
        if waits_for_answers(session):
            yield from classify_queries(session, context.models, task)
        task.kind, task.progress = Kind.ASK_MODEL, None
        if waits_for_model_answer(session) or data.get("do") == "insight":
            yield from look_closely(session, context.models)
        found = looked_at(session)
        if found is not None and waits_for_answer_without(session):
            yield from ask_without(session, context.models, found)


def waits_for_answers(session: Session) -> bool:
    """Whether there are pictures that the model is to see now."""
    if session.current_fit is None or session.work.paused(Kind.CLASSIFY):
        return False
    return bool(session.state(ClassifyState).missing(session.project))


def waits_for_model_answer(session: Session) -> bool:
    """Whether the model is to be asked about the query looked at by itself: the small one only, for it is quick."""
    found, state = looked_at(session), session.state(ClassifyState)
    return found is not None and not session.project.model and state.about(*found) not in state.model_answers


def waits_for_answer_without(session: Session) -> bool:
    """Whether the model is to be asked about the query looked at once more, without the heads that vote."""
    return waits_for_without(session, looked_at(session))


def looked_at(session: Session) -> tuple[Query, Project, Fit] | None:
    """The query that is shown in full with its project and fit; ``None`` while it has no answer."""
    state, project, fit = session.state(ClassifyState), session.project, session.current_fit
    query = state.current(project)
    if fit is None or query is None or state.vector(query, project) is None:
        return None
    return query, project, fit


def classify_queries(session: Session, models: ModelPool, task: Task) -> Iterator[None]:
    """Show the model the queries it has not seen; a picture it refuses gets its reason, the others their answers."""
    state, project = session.state(ClassifyState), session.project
    queries = state.missing(project)
    task.progress = Progress(0, len(queries), 0.0)
    job = Job(lambda: _show(session, project, queries, models, task))
    yield from job.ticks()
    try:
        job.result()
        if task.cancelled():
            session.work.pause(Kind.CLASSIFY)
    except SavError as error:
        with session.changing():
            for query in state.missing(project):
                state.refuse(query, project, str(error))
    yield


def look_closely(session: Session, models: ModelPool) -> Iterator[None]:
    """Ask the model itself about the query looked at, and see what its heads look at."""
    found = looked_at(session)
    if found is None:
        return
    query, project, fit = found
    job = Job(lambda: models.run(project.model, ask_model, query.asked(project), fit.labels))
    yield from job.ticks()
    try:
        learned = job.result()
    except SavError as error:
        learned = ModelAnswer(refused=str(error))
    with session.changing():
        state = session.state(ClassifyState)
        state.model_answers[state.about(query, project, fit)] = learned


def ask_model(backbone: Backbone, example: Example, labels: Sequence[str]) -> ModelAnswer:
    """Ask a model for its own answer, and what its heads look at, in one reading; what it cannot show it says.

    Args:
        backbone: the model.
        example: the query.
        labels: the possible answers.
    """
    from sav_core.models.generation import likelihoods_and_text  # torch takes seconds, and the page must not wait for them

    encoded = backbone.encode(example)
    told: list[tuple[dict[str, float], str]] = []

    def read() -> None:
        told.append(likelihoods_and_text(backbone, example, labels, max_new_tokens=_WORDS, encoded=encoded))

    try:
        seen = look_at(backbone, example, (encoded, read))
        return ModelAnswer(*told[0], seen)
    except SavError as error:
        if not told:
            read()
        return ModelAnswer(*told[0], refused=str(error))


def _show(session: Session, project: Project, queries: Sequence[Query], models: ModelPool, task: Task) -> None:
    """Run the model over queries and keep what it says; one after another where it refuses them together."""
    state = session.state(ClassifyState)
    layers = models.get(project.model).geometry.layers
    depth = layers if project.max_layer is None else min(project.max_layer + 1, layers)

    def report(progress: Progress) -> None:
        task.report(replace(progress, total=len(queries)))

    def extract(some: Sequence[Query]) -> HeadVectors:
        examples = [query.asked(project) for query in some]
        return models.run(project.model, read_first_layers, examples, depth, progress=report, cancel=task.cancelled)

    def keep(some: Sequence[Query], vectors: HeadVectors) -> None:
        with session.changing():
            for position, vector in zip(vectors.positions, vectors.values, strict=True):
                state.keep(some[position], project, vector)

    try:
        keep(queries, extract(queries))
    except InputError:
        for query in queries:  # what was done before is in the cache
            try:
                keep([query], extract([query]))
            except InputError as error:
                with session.changing():
                    state.refuse(query, project, str(error))
