"""What the page Function vectors needs the model for: generators that yield whenever there is something new to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from sav_core.vectors import RelationPrompt
from sav_ui.pages.shared import points
from sav_ui.pages.vectors import analogy_runs, study_runs
from sav_ui.pages.vectors import tasks as vector_tasks
from sav_ui.pages.vectors.analogy_runs import waits_for_analogy
from sav_ui.pages.vectors.ready import Ready, read_ready
from sav_ui.pages.vectors.setup import item_at
from sav_ui.pages.vectors.state import VectorState
from sav_ui.pages.vectors.study import SLIDER_SCALES, Study
from sav_ui.pages.vectors.working import answered, working
from sav_ui.session.context import Context, Data
from sav_ui.session.find_heads import look_inside
from sav_ui.session.head_attention import HeadAttention, look_at
from sav_ui.session.work import Kind, Task

if TYPE_CHECKING:
    from sav_core.vectors import WordShares

__all__ = ["ASKS", "run", "waits_for_look", "waits_for_words", "words_key"]


def run(context: Context, data: Data) -> Iterator[None]:
    """Do what is asked for by name, then what the page waits for by itself: ready vectors, words, an analogy, attention."""
    session = context.session
    state = session.state(VectorState)
    if session.work.busy or state.task is None:
        return
    opened, name = state.task, str(data.get("do", ""))
    named = _NAMED.get(name)
    with session.changing():
        study = state.begin(session.project.model)
    if named is not None:
        kind, work = named
        yield from working(context, kind, lambda task: _asked(context, task, state, study, data, work), name)
        if state.task is not opened:
            return  # another task is here again, for opening this one was undone
    elif name == points.FIND:
        yield from points.find_points(context)
    if state.waits_for_ready(study.model):
        yield from working(context, Kind.PROMPT, lambda _: _read_ready(context, state, study.model))
    if waits_for_words(state, study):
        yield from working(context, Kind.PROMPT, lambda _: _ask(context, state, study))
    if waits_for_analogy(state, study.model):
        yield from working(context, Kind.PROMPT, lambda _: analogy_runs.answer(context, state, study.model))
    if waits_for_look(state, study):
        yield from working(context, Kind.PROMPT, lambda _: _look(context, state, study))
    if session.to_look_at is not None and state.head is not None:
        yield from look_inside(session, context.models)


def _asked(context: Context, task: Task, state: VectorState, study: Study, data: Data, work: _Work) -> Iterator[None]:
    """Do what was asked for by name. From here on it is under way, so that no act takes its result for another's."""
    with context.session.changing():
        context.session.notice = context.session.download = None
        state.latest, state.turn = task.name, state.turn + 1
    yield from work(context, task, state, study, data)


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


def _read_ready(context: Context, state: VectorState, model: str) -> Iterator[None]:
    """Take the vectors that came with the app, as far as they fit the model."""
    ready = yield from answered(context, model, read_ready)
    with context.session.changing():
        state.take_ready(Ready(refused=ready) if isinstance(ready, str) else ready)


def _ask(context: Context, state: VectorState, study: Study) -> Iterator[None]:
    """Ask the query at every scale, so that moving the slider runs nothing."""
    key, vector = words_key(state, study), study.in_use
    prompt = RelationPrompt(item_at(state.own(study.setup.relation).test, state.query))
    words: WordShares | str = yield from answered(
        context, study.model, vector_tasks.sweep_scales, prompt, vector, SLIDER_SCALES
    )
    with context.session.changing():
        study.words[key] = words


def _look(context: Context, state: VectorState, study: Study) -> Iterator[None]:
    """See what every head looks at in the prompt that is shown."""
    number = study.shown(state.prompt)
    look: HeadAttention | str = yield from answered(context, study.model, look_at, study.prompts.clean[number].example)
    with context.session.changing():
        study.looks[number] = look


_Work: TypeAlias = Callable[[Context, Task, VectorState, Study, Data], Iterator[None]]
_NAMED: dict[str, tuple[Kind, _Work]] = {
    "find_effects": (Kind.EFFECTS, study_runs.find),
    "build": (Kind.VECTOR, study_runs.build),
    "judge": (Kind.VECTOR, study_runs.judge),
    "tune": (Kind.TUNING, study_runs.tune),
    "bases": (Kind.ANALOGY, analogy_runs.make_bases),
    "judge_board": (Kind.ANALOGY, analogy_runs.judge),
}
ASKS = {name: kind for name, (kind, _) in _NAMED.items()} | points.ASKS
"""What the page's buttons ask the model for, by name."""
