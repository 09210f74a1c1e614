"""What the page Function vectors needs the model for: generators that yield whenever there is something new to show."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sav_core.errors import InputError, SavError
from sav_core.types import Progress
from sav_core.vectors import TUNED, Prompting, RelationPrompt, SiteMap
from sav_ui.pages.vectors import tasks as vector_tasks
from sav_ui.pages.vectors.state import SLIDER_SCALES, Study, Tuning, VectorState, item_at
from sav_ui.pages.vectors.tasks import Finding, TuningStep
from sav_ui.panels.jobs import Job
from sav_ui.session.context import Context, Data
from sav_ui.session.find_heads import look_inside
from sav_ui.session.head_attention import HeadAttention, look_at
from sav_ui.session.work import Kind, Task

if TYPE_CHECKING:
    from sav_core.vectors import FunctionVector, WordShares

__all__ = ["base_vectors", "missing_bases", "run", "waits_for_analogy", "waits_for_look", "waits_for_words", "words_key"]

_VALIDATION = 30  # items that choose the site of a vector
_TEST = 40  # items that it is reported on
_TRAIN = 120  # items that it is tuned on
T = TypeVar("T")


def run(context: Context, data: Data) -> Iterator[None]:
    """Do what is asked for by name, then what the page waits for by itself: words, attention, an analogy."""
    session = context.session
    state = session.state(VectorState)
    if session.work.busy or state.task is None:
        return
    named = _NAMED.get(str(data.get("do", "")))
    with session.changing():
        study = state.begin(session.project.model)
        if named is not None:
            session.notice = session.download = None
    if named is not None:
        kind, work = named
        yield from _working(context, kind, lambda task: work(context, task, state, study, data))
    if waits_for_words(state, study):
        yield from _working(context, Kind.PROMPT, lambda _: _ask(context, state, study))
    if waits_for_analogy(state, study.model):
        yield from _working(context, Kind.PROMPT, lambda _: _analogy(context, state, study.model))
    if waits_for_look(state, study):
        yield from _working(context, Kind.PROMPT, lambda _: _look(context, state, study))
    if session.to_look_at is not None and state.head is not None:
        yield from look_inside(session, context.models)


def words_key(state: VectorState, study: Study) -> tuple[Any, ...]:
    """What the answers to a query depend on, of the vector that is built; another one forgets them."""
    vector = study.in_use
    return (state.query, study.use, vector.layer if vector is not None else -1)


def waits_for_words(state: VectorState, study: Study) -> bool:
    """Whether the model is to be asked the query at every scale."""
    return study.sites is not None and words_key(state, study) not in study.words


def waits_for_look(state: VectorState, study: Study) -> bool:
    """Whether a head is looked into whose attention is not known yet."""
    return state.head is not None and study.effects is not None and study.shown(state.prompt) not in study.looks


def waits_for_analogy(state: VectorState, model: str) -> bool:
    """Whether the analogy can be answered and is not."""
    return state.task is not None and state.analogy(model).words is None and not missing_bases(state.base_studies(model))


def missing_bases(studies: Mapping[str, Study | None]) -> list[str]:
    """The base relations that have no vector yet."""
    return [relation for relation, study in studies.items() if study is None or study.vector is None]


def base_vectors(studies: Mapping[str, Study | None]) -> list[FunctionVector]:
    """The base relations' vectors, all at the site that is best for them together."""
    known = [study for study in studies.values() if study is not None]
    best = SiteMap.mean([study.sites for study in known if study.sites is not None]).best
    return [study.vector.at(*best) for study in known if study.vector is not None]


def _working(context: Context, kind: Kind, work: Callable[[Task], Iterator[None]]) -> Iterator[None]:
    """Let work be seen and stopped; what goes wrong is told where the visitor is looking."""
    with context.session.work.doing(kind) as task:
        try:
            yield from work(task)
        except SavError as error:
            context.say(str(error), "done" if task.cancelled() else "error")


def _steps(
    context: Context,
    task: Task,
    model: str,
    work: Callable[..., T],
    args: tuple[Any, ...],
    report: Callable[[Progress], None] | None = None,
) -> Generator[None, None, T]:
    """Let a model do work in a thread, yielding now and then, and return what came of it."""

    def watch(progress: Progress) -> None:
        task.report(progress)
        if report is not None:
            report(progress)

    job = Job(lambda: context.models.run(model, work, *args, progress=watch, cancel=task.cancelled), every=0.5)
    yield from job.ticks()
    return job.result()


def _find(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Measure every head's effect on the prompts that are not done."""
    if study.refused:
        raise InputError(study.refused)
    if study.complete:
        return

    def keep(found: Progress) -> None:
        assert isinstance(found, Finding)
        with context.session.changing():
            study.means, study.zero_shot_right, study.effects = found.means, found.zero_shot_right, found.effects

    prompts = study.prompts
    known = None
    if study.means is not None:
        total = len(prompts.corrupted)
        known = Finding(study.done, total, 0.0, study.means, study.zero_shot_right, study.effects)
    args = (prompts.clean, prompts.corrupted, known)
    yield from _steps(context, task, study.model, vector_tasks.find_effects, args, keep)
    if not study.complete:
        context.say(
            f"Stopped after {study.done} of {len(prompts.corrupted)} prompts; "
            "they are kept, so finding heads again goes on there.",
            "done",
        )


def _build(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Build the vector of the leading heads and map where it works best on the validation part."""
    if study.effects is None or study.means is None:
        raise InputError("There are no effects yet to choose heads by: find heads first.")
    heads = study.effects.ranking[: study.n_heads]
    items = state.own(study.setup.relation).validation[:_VALIDATION]
    args = (study.means, heads, items, study.setup.told_by)
    built = yield from _steps(context, task, study.model, vector_tasks.build_and_map, args)
    with context.session.changing():
        study.vector, study.sites = built
        study.site = study.sites.best
        study.scale, study.use, study.judged = study.site.scale, "built", {}
        study.words.clear()
        study.tuning = None
        state.new_bases(study.model)


def _judge(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Report the vector in use on the test part, beside every control."""
    vector = study.in_use
    if vector is None or study.means is None:
        raise InputError("There is no vector yet to judge: build it first.")
    own = state.own(study.setup.relation)
    studies = (each for name, each in state.base_studies(study.model).items() if name != study.setup.relation)
    others = [each.vector for each in studies if each is not None and each.vector is not None]
    args = (replace(own, test=own.test[:_TEST]), vector, study.means, others, study.setup.prompting(own.seed))
    judged = yield from _steps(context, task, study.model, vector_tasks.judge, args)
    with context.session.changing():
        study.judged = judged


def _tune(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Tune the built vector where it stands; the curve is drawn as it grows."""
    if study.vector is None:
        raise InputError("There is no vector yet to tune: build it first.")
    asked = str(data.get("steps", "")).strip()
    steps = state.steps = max(10, min(int(asked) if asked.isdecimal() else state.steps, 1000))
    own = state.own(study.setup.relation)
    start = study.vector.at(*study.site)
    validation = own.validation[:_VALIDATION]
    clean = Prompting("demonstrations", study.setup.demonstrations, own.seed).clean(validation, own.train)
    before = (study.tuning, study.use, study.judged)
    with context.session.changing():
        study.tuning, study.use = Tuning({}, {}, steps, len(validation)), "built"

    def grow(step: Progress) -> None:
        assert isinstance(step, TuningStep)
        with context.session.changing():
            assert study.tuning is not None
            points = np.array([[p.step, p.accuracy, p.probability] for p in step.points]).reshape(-1, 3)
            curves = {**study.tuning.curves, step.name: points}
            study.tuning = replace(study.tuning, curves=curves, levels=dict(step.levels or {}))

    args = (start, own.train[:_TRAIN], validation, clean, steps, bool(data.get("control", True)))
    try:
        found = yield from _steps(context, task, study.model, vector_tasks.tune, args, grow)
    except SavError:
        with context.session.changing():
            study.tuning, study.use, study.judged = before  # what was tuned before is not lost
        raise
    with context.session.changing():
        reached = {name: tuned.vector for name, tuned in found.items()}
        best_steps = {name: tuned.best_step for name, tuned in found.items()}
        study.tuning = replace(study.tuning, vectors=reached, best_steps=best_steps)
        study.use, study.judged = TUNED, {}
        study.words = {key: words for key, words in study.words.items() if key[1] == "built"}
        study.scale = reached[TUNED].scale


def _bases(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Find heads and build vectors for the base relations that have none."""
    for relation in missing_bases(state.base_studies(study.model)):
        if task.cancelled():
            return
        with context.session.changing():
            each = state.begin(study.model, relation)
        yield from _find(context, task, state, each, data)
        if not each.complete:
            context.say(f"Stopped at “{relation}”; what is done is kept.", "done")
            return
        yield from _build(context, task, state, each, data)


def _ask(context: Context, state: VectorState, study: Study) -> Iterator[None]:
    """Ask the query at every scale, so that moving the slider runs nothing."""
    key, vector = words_key(state, study), study.in_use
    prompt = RelationPrompt(item_at(state.own(study.setup.relation).test, state.query))
    job = Job(lambda: context.models.run(study.model, vector_tasks.sweep_scales, prompt, vector, SLIDER_SCALES))
    yield from job.ticks()
    try:
        words: WordShares | str = job.result()
    except SavError as error:
        words = str(error)
    with context.session.changing():
        study.words[key] = words


def _look(context: Context, state: VectorState, study: Study) -> Iterator[None]:
    """See what every head looks at in the prompt that is shown."""
    number = study.shown(state.prompt)
    job = Job(lambda: context.models.run(study.model, look_at, study.prompts.clean[number].example))
    yield from job.ticks()
    try:
        look: HeadAttention | str = job.result()
    except SavError as error:
        look = str(error)
    with context.session.changing():
        study.looks[number] = look


def _analogy(context: Context, state: VectorState, model: str) -> Iterator[None]:
    """Weigh the base vectors by the source pair, unless the visitor has, and answer the target with their sum."""
    with context.session.changing():
        analogy = state.keep(model, state.analogy(model))
    own, studies = state.own(analogy.relation), state.base_studies(model)
    vectors = base_vectors(studies)
    source = RelationPrompt(item_at(own.train, analogy.source))
    target = RelationPrompt(item_at(own.test, analogy.target))
    try:
        weights = analogy.weights
        if weights is None:
            job = Job(lambda: context.models.run(model, vector_tasks.weigh, source, vectors))
            yield from job.ticks()
            weights = dict(zip(studies, job.result(), strict=True))
        chosen = [weights[name] for name in studies]
        asked = Job(lambda: context.models.run(model, vector_tasks.compose, vectors, chosen, target))
        yield from asked.ticks()
        answered = replace(analogy, weights=weights, words=asked.result())
    except SavError as error:
        answered = replace(analogy, words=str(error))
    with context.session.changing():
        state.answer(analogy, answered)


def _judge_analogy(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Report the sum with these weights on the test items of the relation, beside simpler ways."""
    analogy, studies = state.analogy(study.model), state.base_studies(study.model)
    if analogy.weights is None or missing_bases(studies):
        raise InputError("There are no weights yet: make the base vectors first.")
    own = state.own(analogy.relation)
    weights = [analogy.weights[name] for name in studies]
    args = (own.test[:_TEST], base_vectors(studies), weights, item_at(own.train, analogy.source))
    judged = yield from _steps(context, task, study.model, vector_tasks.judge_sum, args)
    with context.session.changing():
        now = state.analogy(study.model)
        if (now.relation, now.source, now.weights) == (analogy.relation, analogy.source, analogy.weights):
            state.keep(study.model, replace(now, judged=judged))


_Work = Callable[[Context, Task, VectorState, Study, Data], Iterator[None]]
_NAMED: dict[str, tuple[Kind, _Work]] = {
    "find_effects": (Kind.EFFECTS, _find),
    "build": (Kind.VECTOR, _build),
    "judge": (Kind.VECTOR, _judge),
    "tune": (Kind.TUNING, _tune),
    "bases": (Kind.ANALOGY, _bases),
    "judge_board": (Kind.ANALOGY, _judge_analogy),
}
