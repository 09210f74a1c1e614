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
from sav_ui.pages.vectors.state import ASKING, SLIDER_SCALES, Lab, Study, Tuning, item_at, lab_of
from sav_ui.pages.vectors.tasks import Finding, TuningStep
from sav_ui.panels.host import Data
from sav_ui.panels.jobs import Job
from sav_ui.serving.pool import Shelf
from sav_ui.session.find_heads import look_inside
from sav_ui.session.head_attention import look_at
from sav_ui.session.session import Visit

if TYPE_CHECKING:
    from sav_core.vectors import FunctionVector

__all__ = ["base_vectors", "missing_bases", "run", "waits_for_analogy", "waits_for_look", "waits_for_words", "words_key"]

_VALIDATION = 30  # items that choose the site of a vector
_TEST = 40  # items that it is reported on
_TRAIN = 120  # items that it is tuned on
T = TypeVar("T")


def run(visit: Visit, shelf: Shelf, data: Data) -> Iterator[None]:
    """Do what is asked for by name, then what the page waits for by itself: words, attention, an analogy."""
    lab = lab_of(visit)
    if lab.busy or lab.task is None:
        return
    study = lab.begin(visit.project.model)
    named = _NAMED.get(str(data.get("do", "")))
    if named is not None:
        where, work = named
        yield from _working(visit, lab, where, work(visit, shelf, lab, study, data))
    if waits_for_words(lab, study):
        yield from _working(visit, lab, "vector", _ask(visit, shelf, lab, study), quiet=True)
    if waits_for_analogy(lab, study.model):
        yield from _working(visit, lab, "analogy", _analogy(visit, shelf, lab, study.model), quiet=True)
    if waits_for_look(lab, study):
        yield from _working(visit, lab, "effects", _look(visit, shelf, lab, study), quiet=True)
    if visit.to_look_at is not None and lab.head is not None:
        yield from look_inside(visit, shelf)


def words_key(lab: Lab, study: Study) -> tuple[Any, ...]:
    """What the answers to a query depend on, of the vector that is built; another one forgets them."""
    vector = study.in_use
    return (lab.query, study.use, vector.layer if vector is not None else -1)


def waits_for_words(lab: Lab, study: Study) -> bool:
    """Whether the model is to be asked the query at every scale."""
    return study.sites is not None and words_key(lab, study) not in study.words


def waits_for_look(lab: Lab, study: Study) -> bool:
    """Whether a head is looked into whose attention is not known yet."""
    return lab.head is not None and study.effects is not None and study.shown(lab.prompt) not in study.looks


def waits_for_analogy(lab: Lab, model: str) -> bool:
    """Whether the board can be answered and is not."""
    return lab.task is not None and lab.board(model).words is None and not missing_bases(lab.base_studies(model))


def missing_bases(studies: Mapping[str, Study | None]) -> list[str]:
    """The base relations that have no vector yet."""
    return [relation for relation, study in studies.items() if study is None or study.vector is None]


def base_vectors(studies: Mapping[str, Study | None]) -> list[FunctionVector]:
    """The base relations' vectors, all at the site that is best for them together."""
    known = [study for study in studies.values() if study is not None]
    best = SiteMap.mean([study.sites for study in known if study.sites is not None]).best
    return [study.vector.at(*best) for study in known if study.vector is not None]


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
            study.means, study.zero_shot_right, study.effects = found.means, found.zero_shot_right, found.effects

    prompts = study.prompts
    known = None
    if study.means is not None:
        total = len(prompts.corrupted)
        known = Finding(study.done, total, 0.0, study.means, study.zero_shot_right, study.effects)
    args = (prompts.clean, prompts.corrupted, known)
    yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.find_effects, *args, **watch), keep)
    if not study.complete:
        visit.say(
            f"Stopped after {study.done} of {len(prompts.corrupted)} prompts; "
            "they are kept, so finding heads again goes on there.",
            "done",
            "effects",
        )


def _build(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Build the vector of the leading heads and map where it works best on the validation part."""
    if study.effects is None or study.means is None:
        raise InputError("There are no effects yet to choose heads by: find heads first.")
    heads = study.effects.ranking[: study.n_heads]
    items = lab.own(study.setup.relation).validation[:_VALIDATION]
    args = (study.means, heads, items, study.setup.told_by)
    built = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.build_and_map, *args, **watch))
    with visit.lock:
        study.vector, study.sites = built
        study.site = study.sites.best
        study.scale, study.use, study.judged = study.site.scale, "built", {}
        study.words.clear()
        study.tuning = None
        lab.new_bases(study.model)


def _judge(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Report the vector in use on the test part, beside every control."""
    vector = study.in_use
    if vector is None or study.means is None:
        raise InputError("There is no vector yet to judge: build it first.")
    own = lab.own(study.setup.relation)
    studies = (each for name, each in lab.base_studies(study.model).items() if name != study.setup.relation)
    others = [each.vector for each in studies if each is not None and each.vector is not None]
    args = (replace(own, test=own.test[:_TEST]), vector, study.means, others, study.setup.prompting(own.seed))
    judged = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.judge, *args, **watch))
    study.judged = judged


def _tune(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Tune the built vector where it stands; the curve is drawn as it grows."""
    if study.vector is None:
        raise InputError("There is no vector yet to tune: build it first.")
    asked = str(data.get("steps", "")).strip()
    steps = lab.steps = max(10, min(int(asked) if asked.isdecimal() else lab.steps, 1000))
    own = lab.own(study.setup.relation)
    start = study.vector.at(*study.site)
    validation = own.validation[:_VALIDATION]
    clean = Prompting("demonstrations", study.setup.demonstrations, own.seed).clean(validation, own.train)
    before = (study.tuning, study.use, study.judged)
    study.tuning, study.use = Tuning({}, {}, steps, len(validation)), "built"

    def grow(step: Progress) -> None:
        assert isinstance(step, TuningStep)
        with visit.lock:
            assert study.tuning is not None
            points = np.array([[p.step, p.accuracy, p.probability] for p in step.points]).reshape(-1, 3)
            curves = {**study.tuning.curves, step.name: points}
            study.tuning = replace(study.tuning, curves=curves, levels=dict(step.levels or {}))

    args = (start, own.train[:_TRAIN], validation, clean, steps, bool(data.get("control", True)))
    try:
        found = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.tune, *args, **watch), grow)
    except SavError:
        study.tuning, study.use, study.judged = before  # what was tuned before is not lost
        raise
    with visit.lock:
        reached = {name: tuned.vector for name, tuned in found.items()}
        best_steps = {name: tuned.best_step for name, tuned in found.items()}
        study.tuning = replace(study.tuning, vectors=reached, best_steps=best_steps)
        study.use, study.judged = TUNED, {}
        study.words = {key: words for key, words in study.words.items() if key[1] == "built"}
        study.scale = reached[TUNED].scale


def _bases(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Find heads and build vectors for the base relations that have none."""
    for relation in missing_bases(lab.base_studies(study.model)):
        if lab.cancelled.is_set():
            return
        each = lab.begin(study.model, relation)
        yield from _find(visit, shelf, lab, each, data)
        if not each.complete:
            visit.say(f"Stopped at “{relation}”; what is done is kept.", "done", "analogy")
            return
        yield from _build(visit, shelf, lab, each, data)


def _ask(visit: Visit, shelf: Shelf, lab: Lab, study: Study) -> Iterator[None]:
    """Ask the query at every scale, so that moving the slider runs nothing."""
    key, vector = words_key(lab, study), study.in_use
    prompt = RelationPrompt(item_at(lab.own(study.setup.relation).test, lab.query))
    job = Job(lambda: shelf.run(study.model, vector_tasks.sweep_scales, prompt, vector, SLIDER_SCALES))
    yield from job.ticks()
    try:
        study.words[key] = job.result()
    except SavError as error:
        study.words[key] = str(error)


def _look(visit: Visit, shelf: Shelf, lab: Lab, study: Study) -> Iterator[None]:
    """See what every head looks at in the prompt that is shown."""
    number = study.shown(lab.prompt)
    job = Job(lambda: shelf.run(study.model, look_at, study.prompts.clean[number].example))
    yield from job.ticks()
    try:
        study.looks[number] = job.result()
    except SavError as error:
        study.looks[number] = str(error)


def _analogy(visit: Visit, shelf: Shelf, lab: Lab, model: str) -> Iterator[None]:
    """Weigh the base vectors by the source pair, unless the visitor has, and answer the target with their sum."""
    with visit.lock:
        board = lab.keep(model, lab.board(model))
    own, studies = lab.own(board.relation), lab.base_studies(model)
    vectors = base_vectors(studies)
    source = RelationPrompt(item_at(own.train, board.source))
    target = RelationPrompt(item_at(own.test, board.target))
    try:
        weights = board.weights
        if weights is None:
            job = Job(lambda: shelf.run(model, vector_tasks.weigh, source, vectors))
            yield from job.ticks()
            weights = dict(zip(studies, job.result(), strict=True))
        chosen = [weights[name] for name in studies]
        asked = Job(lambda: shelf.run(model, vector_tasks.compose, vectors, chosen, target))
        yield from asked.ticks()
        answered = replace(board, weights=weights, words=asked.result())
    except SavError as error:
        answered = replace(board, words=str(error))
    with visit.lock:
        lab.answer(board, answered)


def _judge_board(visit: Visit, shelf: Shelf, lab: Lab, study: Study, data: Data) -> Iterator[None]:
    """Report the sum with these weights on the test items of the relation, beside simpler ways."""
    board, studies = lab.board(study.model), lab.base_studies(study.model)
    if board.weights is None or missing_bases(studies):
        raise InputError("There are no weights yet: make the base vectors first.")
    own = lab.own(board.relation)
    weights = [board.weights[name] for name in studies]
    args = (own.test[:_TEST], base_vectors(studies), weights, item_at(own.train, board.source))
    judged = yield from _steps(lab, lambda **watch: shelf.run(study.model, vector_tasks.judge_sum, *args, **watch))
    with visit.lock:
        now = lab.board(study.model)
        if (now.relation, now.source, now.weights) == (board.relation, board.source, board.weights):
            lab.keep(study.model, replace(now, judged=judged))


_Work = Callable[[Visit, Shelf, Lab, Study, Data], Iterator[None]]
_NAMED: dict[str, tuple[str, _Work]] = {
    "find_effects": ("effects", _find),
    "build": ("vector", _build),
    "judge": ("vector", _judge),
    "tune": ("tuning", _tune),
    "bases": ("analogy", _bases),
    "judge_board": ("analogy", _judge_board),
}
