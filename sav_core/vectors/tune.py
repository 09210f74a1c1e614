"""Tuning a function vector on zero-shot prompts: the vector is all that learns, the model stays as it was, bit for bit.

Only the prompt's last token meets the vector, so only that token is read again at every step; loss is cross-entropy on the
first token of the answer, the optimiser Adam under a cosine, and the vector kept is the one best on validation. It ends
before its last step once validation cannot get better, or has not for a while.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sav_core.activations.hooks import inject_last_token, watch_last_hidden
from sav_core.errors import CancelledError, InterventionError, SettingError
from sav_core.models.backbones import Backbone
from sav_core.types import Cancel, Progress, ProgressCallback
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.inject import injecting
from sav_core.vectors.prompt_set import PromptSet

__all__ = ["End", "Tuned", "TuningPoint", "random_vector", "tune_vector"]

End: TypeAlias = Literal["goal", "patience", "steps", "cancelled"]
"""Why a tuning ended: validation reached its goal, got no better, the steps were done, or somebody stopped it."""

_GAIN = 1.01
"""How many times as likely the validation answers must become to count as better where no more of them are right."""


@dataclass(frozen=True, slots=True)
class TuningPoint:
    """After ``step`` steps: mean training loss since the last point, accuracy and answer's probability on validation."""

    step: int
    loss: float
    accuracy: float
    probability: float


@dataclass(frozen=True)
class Tuned:
    """A tuned vector and the way to it.

    Attributes:
        vector: the best on validation.
        curve: what was measured on the way; the first point is the start.
        best_step: of the vector.
        end: why it ended there.
    """

    vector: FunctionVector
    curve: tuple[TuningPoint, ...]
    best_step: int
    end: End

    def __repr__(self) -> str:
        best = max(point.accuracy for point in self.curve)
        return (
            f"Tuned({self.vector.relation!r}, {best:.1%} on validation at step {self.best_step} of {self.curve[-1].step}, "
            f"ended by {self.end})"
        )


def random_vector(like: FunctionVector, seed: int = 0) -> FunctionVector:
    """Return a vector of the same length in a random direction."""
    drawn = np.random.default_rng(seed).standard_normal(len(like.values))
    values = (drawn * (like.norm / np.linalg.norm(drawn))).astype(np.float32)
    return replace(like, values=values, origin="random", heads=(), notes={"like": like.origin, "direction_seed": seed})


def tune_vector(
    start: FunctionVector,
    train: PromptSet,
    validation: PromptSet,
    *,
    steps: int = 300,
    rate: float = 0.05,
    every: int = 20,
    patience: int = 5,
    goal: float | None = 1.0,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    watch: Callable[[TuningPoint], None] | None = None,
    cancel: Cancel | None = None,
) -> Tuned:
    """Tune a vector so that zero-shot prompts are answered as its relation has it.

    Args:
        start: where to begin; its layer and scale stay.
        train: zero-shot prompts, read in their groups, a group a step.
        validation: zero-shot prompts that decide when to stop and which vector is kept.
        steps: at most.
        rate: of Adam at the start, in units of the residual stream's root mean square at the layer.
        every: how many steps between two looks at the validation.
        patience: stop after so many looks without a better one, which has more answers right, or as many and likelier by a
            hundredth.
        goal: stop as soon as this share of validation is right, before the first step if it is right already: by default
            all of it, for more cannot be; ``None`` to go on, for answers that are likelier still.
        seed: of the order of the groups.
        progress: called after every step.
        watch: called at every look, for a live curve.
        cancel: asked after every step; once it says true, what is best by then is returned.

    Raises:
        SettingError: a number is out of its range, or the scale is 0.
        InterventionError: the model changed under the tuning.
    """
    if steps < 1 or every < 1 or patience < 1 or rate <= 0 or start.scale == 0:
        raise SettingError(
            "steps, every and patience must be 1 or more and rate and the vector's scale not 0, but are "
            f"{steps}, {every}, {patience}, {rate} and {start.scale}."
        )
    if goal is not None and not 0 < goal <= 1:
        raise SettingError(f"goal must be a share of validation above 0 and up to 1, or None for no goal, but is {goal}.")
    backbone = train.reader.backbone
    before, began = _versions(backbone), time.perf_counter()
    selection = _Selection(validation, patience, goal, watch)
    end: End | None = selection.look(0, replace(start, origin="tuned"), [])
    losses: list[float] = []
    try:
        learner = None if end else _Learner(start, train, rate, steps, seed)
        for step in range(1, steps + 1):
            if learner is None:
                break
            losses.append(learner.step())
            stopped = bool(cancel and cancel())
            if step % every == 0 or step == steps or stopped:
                end = selection.look(step, learner.vector, losses)
                losses.clear()
            if progress:
                progress(Progress(step, steps, time.perf_counter() - began))
            if stopped or end:
                break
        end = end or ("cancelled" if cancel and cancel() else "steps")
    except CancelledError:  # the prompts were cancelled before this loop asked: what is best by then is kept all the same
        if cancel is None or not cancel():
            raise
        end = "cancelled"
    if _versions(backbone) != before:
        raise InterventionError(
            f"The parameters of {backbone.name} changed while only a vector was to be tuned: load it again."
        )
    step = selection.best_step
    notes = {"tuned_from": start.origin, "steps": step, "prompts": len(train), "rate": rate, "tuning_seed": seed}
    vector = replace(selection.best, notes={**start.notes, **notes})
    return Tuned(vector, tuple(selection.curve), step, end)


class _Learner:
    """A vector and its optimiser: one group of prompts a step."""

    def __init__(self, start: FunctionVector, train: PromptSet, rate: float, steps: int, seed: int) -> None:
        self._start, self._train = start, train
        self._values = torch.from_numpy(start.values).to(train.reader.backbone.device, copy=True).requires_grad_()
        size = _stream_size(train, start.layer)
        self._adam = torch.optim.Adam([self._values], lr=rate * size / abs(start.scale))
        self._cosine = torch.optim.lr_scheduler.CosineAnnealingLR(self._adam, steps)
        self._order = _endless(train.n_groups, seed)

    def step(self) -> float:
        """Learn from the next group and return its loss before."""
        self._adam.zero_grad()
        loss = self._loss(next(self._order))
        loss.backward()  # type: ignore[no-untyped-call]
        self._adam.step()
        self._cosine.step()
        return float(loss.detach())

    @property
    def vector(self) -> FunctionVector:
        """What it has come to."""
        values = self._values.detach().float().cpu().numpy().copy()
        return replace(self._start, values=values, origin="tuned")

    def _loss(self, group: int) -> Tensor:
        train, start = self._train, self._start
        rows, prefix = train.rows_of(group), train.group(group)
        with inject_last_token(train.reader.backbone, start.layer, self._values, start.scale):
            logits = prefix.finish(grad=True)
        return F.cross_entropy(logits, torch.from_numpy(train.wanted[rows]).to(logits.device))


class _Selection:
    """Which vector is kept: the best on validation, the earlier where two are equal; and when there is no more to gain.

    Attributes:
        curve: what was measured, look by look.
        best: the vector that is kept.
        best_step: when it was reached.
    """

    def __init__(
        self, validation: PromptSet, patience: int, goal: float | None, watch: Callable[[TuningPoint], None] | None
    ) -> None:
        self._validation, self._patience, self._goal, self._watch = validation, patience, goal, watch
        self._best_scores = (-1.0, -1.0)
        self._gained = TuningPoint(0, math.nan, -1.0, -1.0)
        self.curve: list[TuningPoint] = []
        self.best: FunctionVector
        self.best_step = 0

    def look(self, step: int, vector: FunctionVector, losses: Sequence[float]) -> End | None:
        """Measure a vector on validation, and say whether that is the end; the losses are those since the last look."""
        answers = self._validation.ask(injecting(self._validation.reader.backbone, vector))
        scores = (answers.accuracy, float(answers.probability.mean()))
        point = TuningPoint(step, float(np.mean(losses)) if losses else math.nan, *scores)
        self.curve.append(point)
        if scores > self._best_scores:
            self.best, self.best_step, self._best_scores = vector, step, scores
        if self._is_better(point):
            self._gained = point
        if self._watch:
            self._watch(point)
        if self._goal is not None and point.accuracy >= self._goal:
            return "goal"
        waited = sum(each.step > self._gained.step for each in self.curve)
        return "patience" if waited >= self._patience else None

    def _is_better(self, point: TuningPoint) -> bool:
        """Whether a look found more than rounding since the last that did."""
        if point.accuracy != self._gained.accuracy:
            return point.accuracy > self._gained.accuracy
        return point.probability >= self._gained.probability * _GAIN


def _stream_size(prompt_set: PromptSet, layer: int) -> float:
    """Root mean square of the residual stream that a layer makes of the last token."""
    with watch_last_hidden(prompt_set.reader.backbone) as taken:
        prompt_set.group(0).finish()
        return float(taken()[:, layer].square().mean().sqrt())


def _endless(groups: int, seed: int) -> Iterator[int]:
    """All groups in a random order, over and over."""
    rng = Random(seed)  # noqa: S311  # an order, not a secret
    while True:
        yield from rng.sample(range(groups), groups)


def _versions(backbone: Backbone) -> Sequence[int]:
    """How often each parameter was written to: torch counts every write, however small."""
    return [parameter._version for parameter in backbone.model.parameters()]
