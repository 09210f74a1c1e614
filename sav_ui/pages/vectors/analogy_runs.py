"""The work on an analogy: make the base vectors that are missing, weigh them by the pair, answer the target, judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sav_core.errors import InputError, SavError
from sav_core.vectors import RelationPrompt
from sav_ui.pages.vectors import study_runs
from sav_ui.pages.vectors import tasks as vector_tasks
from sav_ui.pages.vectors.analogies import JudgedSum, base_vectors, missing_bases
from sav_ui.pages.vectors.setup import item_at
from sav_ui.pages.vectors.state import VectorState
from sav_ui.pages.vectors.study import Study
from sav_ui.pages.vectors.working import in_steps
from sav_ui.panels.jobs import Job
from sav_ui.session.context import Context, Data
from sav_ui.session.work import Task

__all__ = ["answer", "judge", "make_bases", "waits_for_analogy"]


def waits_for_analogy(state: VectorState, model: str) -> bool:
    """Whether the analogy can be answered and is not."""
    return state.task is not None and state.analogy(model).words is None and not missing_bases(state.bases(model))


def make_bases(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Find heads and build vectors for the base relations that have none."""
    for relation in missing_bases(state.bases(study.model)):
        if task.cancelled():
            return
        with context.session.changing():
            each = state.begin(study.model, relation)
        yield from study_runs.find(context, task, state, each, data)
        if not each.complete:
            context.say(f"Stopped at “{relation}”; what is done is kept.", "done")
            return
        yield from study_runs.build(context, task, state, each, data)


def answer(context: Context, state: VectorState, model: str) -> Iterator[None]:
    """Weigh the base vectors by the source pair, unless the visitor has, and answer the target with their sum."""
    with context.session.changing():
        analogy = state.keep(model, state.analogy(model))
    own, bases = state.own(analogy.relation), state.bases(model)
    vectors = base_vectors(bases)
    source = RelationPrompt(item_at(own.train, analogy.source))
    target = RelationPrompt(item_at(own.test, analogy.target))
    try:
        weights = analogy.weights
        if weights is None:
            job = Job(lambda: context.models.run(model, vector_tasks.weigh, source, vectors))
            yield from job.ticks()
            weights = dict(zip(bases, job.result(), strict=True))
        chosen = [weights[name] for name in bases]
        asked = Job(lambda: context.models.run(model, vector_tasks.compose, vectors, chosen, target))
        yield from asked.ticks()
        answered = replace(analogy, weights=weights, words=asked.result())
    except SavError as error:
        answered = replace(analogy, words=str(error))
    with context.session.changing():
        state.board.answer(analogy, answered)


def judge(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Report the sum with these weights on the test items of the relation, beside simpler ways."""
    analogy, bases, board = state.analogy(study.model), state.bases(study.model), state.board
    if analogy.weights is None or missing_bases(bases):
        raise InputError("There are no weights yet: make the base vectors first.")
    own = state.own(analogy.relation)
    weights = [analogy.weights[name] for name in bases]
    source = item_at(own.train, analogy.source)
    args = (own.test[: study_runs.TEST], base_vectors(bases), weights, source)
    outcomes = yield from in_steps(context, task, study.model, vector_tasks.judge_sum, args)
    with context.session.changing():
        now = state.analogy(study.model)
        same = state.board is board and now.relation == analogy.relation
        if same:  # weights that were moved meanwhile only make it one of the former
            judged = JudgedSum(analogy.source, analogy.weights, outcomes, state.turn)
            state.keep(study.model, replace(now, judged=judged))
