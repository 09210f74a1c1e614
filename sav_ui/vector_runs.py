"""What the page Function vectors needs the model for: generators that yield whenever there is something new to show."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sav_core.errors import InputError, SavError
from sav_core.records import Progress
from sav_ui import vector_tasks
from sav_ui.attention_views import look_at
from sav_ui.finding import look_inside
from sav_ui.frame import Data
from sav_ui.jobs import Job
from sav_ui.models import Shelf
from sav_ui.vector_lab import ASKING, SCALES, STRENGTHS, Lab, Study, Tuning, lab_of
from sav_ui.vector_tasks import Finding, TuningStep
from sav_ui.visit import Visit

if TYPE_CHECKING:
    from sav_core.vectors import FunctionVector

__all__ = ["base_vectors", "missing_bases", "run", "waits_for_analogy", "waits_for_look", "waits_for_words", "words_key"]

_VALIDATION = 30  # items that choose the place of a vector
_TEST = 40  # items that it is reported on
_TRAIN = 120  # items that it is tuned on
T = TypeVar("T")


def run(visit: Visit, shelf: Shelf, data: Data) -> Iterator[None]:
    """Do what is asked for by name, then what the page waits for by itself: words, attention, an analogy."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    if lab.busy or study is None:
        return
    named = _NAMED.get(str(data.get("do", "")))
    if named is not None:
        where, work = named
        yield from _working(visit, lab, where, work(visit, shelf, lab, study, data))
    if waits_for_words(visit):
        yield from _working(visit, lab, "vector", _ask(visit, shelf, lab, study), quiet=True)
    if waits_for_analogy(visit):
        yield from _working(visit, lab, "analogy", _analogy(visit, shelf, lab), quiet=True)
    if waits_for_look(visit):
        yield from _working(visit, lab, "effects", _look(visit, shelf, lab, study), quiet=True)
    if visit.to_look_at is not None and lab.head is not None:
        yield from look_inside(visit, shelf)


def words_key(lab: Lab, study: Study) -> tuple[Any, ...]:
    """What the answers to a query depend on."""
    vector = study.at_place
    return (lab.query, study.use, vector.layer if vector is not None else -1, study.n_heads)


def waits_for_words(visit: Visit) -> bool:
    """Whether the model is to be asked the query at every strength."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    return study is not None and study.accuracy is not None and words_key(lab, study) not in study.words


def waits_for_look(visit: Visit) -> bool:
    """Whether a head is looked into whose attention is not known yet."""
    lab = lab_of(visit)
    study = lab.study(visit.project.model)
    return study is not None and lab.head is not None and study.effects is not None and lab.prompt not in study.looks


def waits_for_analogy(visit: Visit) -> bool:
    """Whether the board can be answered and is not."""
    lab = lab_of(visit)
    return lab.task is not None and lab.board.words is None and not missing_bases(visit, lab)


def missing_bases(visit: Visit, lab: Lab) -> list[str]:
    """The base relations that have no vector yet."""
    studies = {relation: lab.study(visit.project.model, relation) for relation in lab.bases}
    return [relation for relation, study in studies.items() if study is None or study.vector is None]


def _working(visit: Visit, lab: Lab, where: str, work: Iterator[None], *, quiet: bool = False) -> Iterator[None]:
    """Let work be seen and stopped; what goes wrong is told where the visitor is looking."""
    lab.busy, lab.progress = ASKING if quiet else where, None
    lab.cancelled.clear()
    if not quiet:
        visit.notice = None
    try:
        yield from work
    except SavError as error:
        visit.say(str(error), "done" if lab.cancelled.is_set() else "error", where)
    finally:
        lab.cancelled.set()  # for a job that its visitor has left
        lab.busy, lab.progress = "", None


def _steps(lab: Lab, work: Callable[..., T], report: Callable[[Progress], None] | None = None) -> Generator[None, None, T]:
    """Do work in a thread, yielding now and then, and return what it returned."""

    def watch(progress: Progress) -> None:
        lab.progress = progress
        if report is not None:
            report(progress)

    job = Job(lambda: work(progress=watch, cancel=lab.cancelled.is_set), every=0.5)
    yield from job.ticks()
    return job.result()


def _find(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Measure every head's effect on the prompts that are not done."""
    if study.refused:
        raise InputError(study.refused)
    if study.complete:
        return

    def keep(found: Progress) -> None:
        assert isinstance(found, Finding)
        with visit.lock:
            study.means, study.bare, study.effects = found.means, found.bare, found.effects

    done = 0 if study.effects is None else len(study.effects.changes)
    known = Finding(done, len(study.lost), 0.0, study.means, study.bare, study.effects) if study.means else None
    args = (study.told, study.lost, known)
    yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.find_effects, *args, **watch), keep)
    if not study.complete:
        done = 0 if study.effects is None else len(study.effects.changes)
        visit.say(
            f"Stopped after {done} of {len(study.lost)} prompts; they are kept, so finding heads again goes on there.",
            "done",
            "effects",
        )


def _build(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Build the vector of the leading heads and map where it works best on the validation part."""
    if study.effects is None or study.means is None:
        raise InputError("There are no effects yet to choose heads by: find heads first.")
    heads = study.effects.ranking[: study.n_heads]
    items = lab.own(study.setup.relation).validation[:_VALIDATION]
    args = (study.means, heads, items, SCALES, study.setup.told_by)
    built = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.build_and_map, *args, **watch))
    with visit.lock:
        study.vector, study.accuracy = built
        study.mapped, study.use, study.judged = len(items), "built", {}
        study.words.clear()
        study.tuning = None
        row, column = divmod(int(study.accuracy.argmax()), len(SCALES))
        study.place, study.strength = (row, column), SCALES[column]
        key = (study.model, replace(study.setup, relation=""))
        if key in lab.boards:
            lab.boards[key] = lab.boards[key].unanswered


def _judge(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Report the vector in use on the test part, beside every control."""
    from sav_core.vectors import Prompting

    vector = study.at_place
    if vector is None or study.means is None:
        raise InputError("There is no vector yet to judge: build it first.")
    own = lab.own(study.setup.relation)
    studies = [lab.study(study.model, relation) for relation in lab.bases if relation != study.setup.relation]
    others = [each.vector for each in studies if each is not None and each.vector is not None]
    prompting = Prompting(study.setup.told_by, study.setup.demonstrations, own.seed)
    args = (replace(own, test=own.test[:_TEST]), vector, study.means, others, prompting)
    judged = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.judge, *args, **watch))
    study.judged = judged


def _tune(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Tune the built vector where it stands; the curve is drawn as it grows."""
    from sav_core.vectors import Prompting

    if study.vector is None:
        raise InputError("There is no vector yet to tune: build it first.")
    asked = str(data.get("steps", "")).strip()
    steps = lab.steps = max(10, min(int(asked) if asked.isdecimal() else lab.steps, 1000))
    own = lab.own(study.setup.relation)
    start = study.vector.at(study.place[0], SCALES[study.place[1]])
    validation = own.validation[:_VALIDATION]
    told = Prompting("demonstrations", study.setup.demonstrations, own.seed).clean(validation, own.train)
    before = (study.tuning, study.use, study.judged)
    study.tuning, study.use = Tuning({}, {}, steps, len(validation)), "built"

    def grow(step: Progress) -> None:
        assert isinstance(step, TuningStep)
        with visit.lock:
            assert study.tuning is not None
            points = np.array([[p.step, p.accuracy, p.probability] for p in step.points]).reshape(-1, 3)
            curves = {**study.tuning.curves, step.name: points}
            study.tuning = replace(study.tuning, curves=curves, levels=dict(step.levels or {}))

    args = (start, own.train[:_TRAIN], validation, told, steps, bool(data.get("control", True)))
    try:
        found = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.tune, *args, **watch), grow)
    except SavError:
        study.tuning, study.use, study.judged = before  # what was tuned before is not lost
        raise
    with visit.lock:
        reached = {name: tuned.vector for name, tuned in found.items()}
        best_steps = {name: tuned.best_step for name, tuned in found.items()}
        study.tuning = replace(study.tuning, vectors=reached, best_steps=best_steps)
        study.use, study.judged = "tuned", {}
        study.words = {key: words for key, words in study.words.items() if key[1] == "built"}
        study.strength = reached["tuned"].scale


def _bases(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Find heads and build vectors for the base relations that have none."""
    for relation in missing_bases(visit, lab):
        each = lab.study(study.model, relation)
        if each is None or lab.cancelled.is_set():
            return
        yield from _find(visit, shelf, lab, each, data)
        if not each.complete:
            visit.say(f"Stopped at “{relation}”; what is done is kept.", "done", "analogy")
            return
        yield from _build(visit, shelf, lab, each, data)


def _ask(visit: Visit, shelf: Shelf, lab: Lab, study: Study) -> Iterator[None]:
    """Ask the query at every strength, so that moving the slider runs nothing."""
    from sav_core.vectors import RelationPrompt

    key, vector = words_key(lab, study), study.at_place
    prompt = RelationPrompt(lab.pair(lab.queries, lab.query))
    job = Job(lambda: shelf.run(study.model, vector_tasks.strengths, prompt, vector, STRENGTHS))
    yield from job.ticks()
    try:
        study.words[key] = job.result()
    except SavError as error:
        study.words[key] = str(error)


def _look(visit: Visit, shelf: Shelf, lab: Lab, study: Study) -> Iterator[None]:
    """See what every head looks at in the prompt that is shown."""
    place = lab.prompt
    job = Job(lambda: shelf.run(study.model, look_at, study.told[place % len(study.told)].example))
    yield from job.ticks()
    try:
        study.looks[place] = job.result()
    except SavError as error:
        study.looks[place] = str(error)


def _analogy(visit: Visit, shelf: Shelf, lab: Lab) -> Iterator[None]:
    """Weigh the base vectors by the source pair, unless the visitor has, and answer the target with their sum."""
    from sav_core.vectors import RelationPrompt

    key, board, own = lab.board_key, lab.board, lab.own(lab.board.relation)
    model, _ = key
    names, vectors = lab.bases, base_vectors(visit, lab)
    source = RelationPrompt(lab.pair(own.train, board.source))
    target = RelationPrompt(lab.pair(own.test, board.target))
    try:
        weights = board.weights
        if weights is None:
            job = Job(lambda: shelf.run(model, vector_tasks.weigh, source, vectors))
            yield from job.ticks()
            weights = dict(zip(names, job.result(), strict=True))
        chosen = [weights[name] for name in names]
        asked = Job(lambda: shelf.run(model, vector_tasks.compose, vectors, chosen, target))
        yield from asked.ticks()
        answered = replace(board, weights=weights, words=asked.result())
    except SavError as error:
        answered = replace(board, words=str(error))
    with visit.lock:
        if lab.boards.get(key) is board:  # else the visitor has gone on meanwhile
            lab.boards[key] = answered


def base_vectors(visit: Visit, lab: Lab) -> list[FunctionVector]:
    """The base relations' vectors, all at the layer and strength that are best for them together."""
    studies = [lab.study(visit.project.model, relation) for relation in lab.bases]
    known = [(s.vector, s.accuracy) for s in studies if s is not None and s.vector is not None and s.accuracy is not None]
    together = np.mean([accuracy for _, accuracy in known], axis=0)
    layer, column = divmod(int(together.argmax()), len(SCALES))
    return [vector.at(layer, SCALES[column]) for vector, _ in known]


def _judge_board(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Report the sum with these weights on the test items of the relation, beside simpler ways."""
    board = lab.board
    if board.weights is None or missing_bases(visit, lab):
        raise InputError("There are no weights yet: make the base vectors first.")
    own, vectors = lab.own(board.relation), base_vectors(visit, lab)
    weights = [board.weights[name] for name in lab.bases]
    args = (vectors, weights, lab.pair(own.train, board.source), own.test[:_TEST])
    judged = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.judge_composition, *args, **watch))
    if lab.board.weights == board.weights:
        lab.board = replace(lab.board, judged=judged)


_Work = Callable[[Visit, Shelf, Lab, Study, Data], Iterator[None]]
_NAMED: dict[str, tuple[str, _Work]] = {
    "find_effects": ("effects", _find),
    "build": ("vector", _build),
    "judge": ("vector", _judge),
    "tune": ("tuning", _tune),
    "bases": ("analogy", _bases),
    "judge_board": ("analogy", _judge_board),
}
