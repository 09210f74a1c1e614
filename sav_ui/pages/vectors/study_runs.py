"""The work on one relation: find its heads, build its vector, judge it, tune it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sav_core.errors import InputError, SavError
from sav_core.types import Progress
from sav_core.vectors import TUNED, Prompting, Site
from sav_ui.pages.vectors import tasks as vector_tasks
from sav_ui.pages.vectors.state import VectorState
from sav_ui.pages.vectors.study import BUILT, Judged, Study, Tuning
from sav_ui.pages.vectors.tasks import Finding, TuningStep
from sav_ui.pages.vectors.working import in_steps
from sav_ui.session.context import Context, Data
from sav_ui.session.work import Task

__all__ = ["NOTHING_ADDED", "TEST", "build", "find", "judge", "tune"]

_VALIDATION = 30  # items that choose the site of a vector
TEST = 40
"""Test items that a vector is reported on."""
_TRAIN = 120  # items that it is tuned on

NOTHING_ADDED = "At scale 0 nothing of the vector is added: move the scale up first."


def find(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
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
    yield from in_steps(context, task, study.model, vector_tasks.find_effects, args, keep)
    if not study.complete:
        context.say(
            f"Stopped after {study.done} of {len(prompts.corrupted)} prompts; "
            "they are kept, so finding heads again goes on there.",
            "done",
        )


def build(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Build the vector of the leading heads and map where it works best on the validation part."""
    if study.effects is None or study.means is None:
        raise InputError("There are no effects yet to choose heads by: find heads first.")
    heads = study.effects.ranking[: study.n_heads]
    items, board = state.own(study.setup.relation).validation[:_VALIDATION], state.board
    args = (study.means, heads, items, study.setup.told_by)
    vector, sites = yield from in_steps(context, task, study.model, vector_tasks.build_and_map, args)
    with context.session.changing():
        study.take(vector, sites, turn=state.turn)
        board.new_bases(study.model, state.setup)


def judge(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Report the vector in use on the test part, beside every control."""
    use, vector = study.use, study.in_use
    if vector is None:
        raise InputError("There is no vector yet to judge: build it first.")
    if not vector.scale:
        raise InputError(NOTHING_ADDED)
    own = state.own(study.setup.relation)
    bases = state.bases(study.model)
    others = [mapped.vector for name, mapped in bases.items() if mapped is not None and name != study.setup.relation]
    args = (replace(own, test=own.test[:TEST]), vector, study.means, others, study.setup.prompting(own.seed))
    outcomes = yield from in_steps(context, task, study.model, vector_tasks.judge, args)
    with context.session.changing():
        study.judged[use] = Judged(vector, outcomes, state.turn)


def tune(context: Context, task: Task, state: VectorState, study: Study, data: Data) -> Iterator[None]:
    """Tune the built vector where it stands; the curve is drawn as it grows."""
    start = study.vector_of(BUILT)
    if start is None:
        raise InputError("There is no vector yet to tune: build it first.")
    if not start.scale:
        raise InputError(NOTHING_ADDED)
    asked = str(data.get("steps", "")).strip()
    steps = state.steps = max(10, min(int(asked) if asked.isdecimal() else state.steps, 1000))
    own = state.own(study.setup.relation)
    validation = own.validation[:_VALIDATION]
    clean = Prompting("demonstrations", study.setup.demonstrations, own.seed).clean(validation, own.train)
    before = (study.tuning, study.use)
    with context.session.changing():
        study.tuning, study.use = Tuning(start, {}, {}, steps, len(validation), turn=state.turn), BUILT

    def grow(step: Progress) -> None:
        assert isinstance(step, TuningStep)
        with context.session.changing():
            assert study.tuning is not None
            points = np.array([[p.step, p.accuracy, p.probability] for p in step.points]).reshape(-1, 3)
            curves = {**study.tuning.curves, step.name: points}
            study.tuning = replace(study.tuning, curves=curves, levels=dict(step.levels or {}))

    args = (start, own.train[:_TRAIN], validation, clean, steps, bool(data.get("control", True)))
    try:
        reached = yield from in_steps(context, task, study.model, vector_tasks.tune, args, grow)
    except SavError:
        with context.session.changing():
            study.tuning, study.use = before  # what was tuned before is not lost
        raise
    with context.session.changing():
        study.tuning = replace(study.tuning, reached=reached)
        for name, tuned in reached.items():
            study.at[name] = Site(tuned.vector.layer, tuned.vector.scale)
        study.words = {key: words for key, words in study.words.items() if key[1] == BUILT}
        study.use = TUNED if reached[TUNED].best_step else BUILT  # without a step it is the built one
