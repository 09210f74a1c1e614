"""Tuning a vector beside its controls: from a random start, and on five examples only.

found = tune_with_controls(vector, PromptSet(reader, zero_shot(task.train)), PromptSet(reader, zero_shot(task.validation)))
judge_tuned(PromptSet(reader, zero_shot(task.test)), vector, found)["tuned on five"].accuracy
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sav_core.errors import CancelledError
from sav_core.types import Cancel, Progress
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.conditions import BEFORE_TUNING, TUNED, TUNED_ON_FIVE, TUNED_RANDOM_START
from sav_core.vectors.outcomes import Outcome, measure_each, outcome_of
from sav_core.vectors.prompt_set import PromptSet
from sav_core.vectors.tune import Tuned, TuningPoint, random_vector, tune_vector

__all__ = ["TuningProgress", "judge_tuned", "tune_with_controls"]

_FEW = 5  # prompts that "tuned on five" learns from


@dataclass(frozen=True, slots=True)
class TuningProgress(Progress):
    """How far all tunings together are.

    Attributes:
        name: the condition that is tuned now.
        points: of its curve so far.
    """

    name: str = ""
    points: tuple[TuningPoint, ...] = ()


def tune_with_controls(
    start: FunctionVector,
    train: PromptSet,
    validation: PromptSet,
    *,
    controls: bool = True,
    steps: int = 300,
    rate: float = 0.05,
    every: int = 20,
    patience: int = 5,
    goal: float | None = 1.0,
    progress: Callable[[TuningProgress], None] | None = None,
    cancel: Cancel | None = None,
) -> dict[str, Tuned]:
    """Tune a vector; for comparison also from a random start of the same length, and on five of the prompts only.

    Args:
        start: where to begin; its layer and scale stay.
        train: zero-shot prompts to learn from.
        validation: zero-shot prompts that decide when to stop and which vector is kept.
        controls: whether the comparisons are made.
        steps: of each tuning, at most.
        rate: of Adam, as for ``tune_vector``.
        every: how many steps between two looks at the validation.
        patience: when each stops for want of a better look, as for ``tune_vector``.
        goal: when each stops for having nothing to gain, as for ``tune_vector``.
        progress: called after every step, with the curve so far.
        cancel: asked after every step; once it says true, what is reached by then is returned.

    Returns:
        ``"tuned"``, and with controls ``"tuned random start"`` and ``"tuned on five"``; fewer when it was cancelled.

    Raises:
        CancelledError: it was cancelled before anything was reached.
    """
    runs = {TUNED: (start, train)}
    if controls:
        few = PromptSet(train.reader, train.prompts[:_FEW], cancel=cancel)
        runs |= {TUNED_RANDOM_START: (random_vector(start), train), TUNED_ON_FIVE: (start, few)}
    found: dict[str, Tuned] = {}
    began = time.perf_counter()
    for number, (name, (vector, learnt_from)) in enumerate(runs.items()):
        curve = _Curve(progress, name, number * steps, len(runs) * steps, began)
        try:
            found[name] = tune_vector(
                vector,
                learnt_from,
                validation,
                steps=steps,
                rate=rate,
                every=every,
                patience=patience,
                goal=goal,
                progress=lambda each, curve=curve: curve.tell(each.done),  # type: ignore[misc]
                watch=curve.points.append,
                cancel=cancel,
            )
        except CancelledError:
            if not found:
                raise
            break
        curve.tell(steps)  # it may have stopped early
        if cancel and cancel():
            break
    return found


class _Curve:
    """The points of one of several tunings, told with how far all of them are."""

    def __init__(
        self, progress: Callable[[TuningProgress], None] | None, name: str, before: int, total: int, began: float
    ) -> None:
        self.points: list[TuningPoint] = []
        self._progress, self._name, self._before, self._total, self._began = progress, name, before, total, began

    def tell(self, done: int) -> None:
        """Tell that so many steps of this tuning are done."""
        if self._progress:
            seconds = time.perf_counter() - self._began
            self._progress(TuningProgress(self._before + done, self._total, seconds, self._name, tuple(self.points)))


def judge_tuned(test: PromptSet, start: FunctionVector, tuned: Mapping[str, Tuned]) -> dict[str, Outcome]:
    """Return the outcome of the vector before tuning and of every tuned one."""
    vectors = {BEFORE_TUNING: start, **{name: each.vector for name, each in tuned.items()}}
    return measure_each({name: partial(outcome_of, test, vector) for name, vector in vectors.items()})
