"""LoRA trained on labelled examples, a slice of time after another: what it has come to is a value that can be kept.

    plan = plan_lora(backbone, support)                       # times a step: plan.seconds for all epochs
    state = train_lora(backbone, support, None, 20.0)         # twenty seconds of it
    state = train_lora(backbone, support, state, 20.0)        # and on, until state.end says why it ended
    lora_answers(backbone, state, queries, labels)

A training that was cut anywhere and went on gives the numbers of one that was not. The model is held for a slice, and is
as it was after each. Left-out examples decide when it ends and which weights are kept; the untrained model is one of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sav_core.data.examples import Example
from sav_core.errors import CancelledError
from sav_core.evaluation.costs import Cost
from sav_core.models.backbones import Backbone
from sav_core.models.generation import label_likelihoods
from sav_core.models.metering import Meter
from sav_core.rivals.adapters import adapted
from sav_core.rivals.learner import Learner
from sav_core.rivals.lora_state import DEFAULTS, Arrays, LoraPlan, LoraSettings, LoraState, leave_out
from sav_core.rivals.prompts import TrainingPrompts
from sav_core.types import Cancel, Progress, ProgressCallback

__all__ = ["lora_answers", "plan_lora", "train_lora"]

_FORWARD = 0.4  # of the time of a step, what reading alone takes
_GAIN = 0.98  # of the least loss before, below which a look counts as better: what gains less will not tell in answers


def plan_lora(
    backbone: Backbone,
    support: Sequence[Example],
    settings: LoraSettings = DEFAULTS,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> LoraPlan:
    """Say what a training will be, and how long all epochs take: a step is made and thrown away.

    Args:
        backbone: the model.
        support: labelled.
        settings: of the training.
        progress: not told of anything.
        cancel: asked before the step.

    Raises:
        SettingError: peft is not installed.
        UnsupportedModelError: LoRA cannot be added to this model.
        CancelledError: ``cancel`` said so.
    """
    learnt, left_out = leave_out([str(example.label) for example in support], settings.seed)
    prompts = TrainingPrompts(backbone, support, learnt, left_out, at_once=settings.at_once, seed=settings.seed)
    with adapted(backbone, rank=settings.rank, alpha=settings.alpha, seed=settings.seed) as weights:
        if cancel is not None and cancel():
            raise CancelledError("Stopped before LoRA was trained.")
        with prompts.seen_once():
            learner = Learner(weights, settings.rate, {})
            seconds = []
            for _ in range(2):  # the first also looks at the pictures, and warms up
                began = time.perf_counter()
                learner.step(prompts, prompts.batches[0])
                seconds.append(time.perf_counter() - began)
    each = seconds[1] / sum(map(len, prompts.batches[0]))
    looks = (settings.epochs + 1) * len(left_out) * _FORWARD
    total = seconds[0] + each * (settings.epochs * len(learnt) + looks)
    trained = sum(parameter.numel() for parameter in weights.values())
    return LoraPlan(trained, backbone.geometry.layers, len(learnt), len(left_out), total)


def train_lora(
    backbone: Backbone,
    support: Sequence[Example],
    state: LoraState | None,
    seconds: float = math.inf,
    settings: LoraSettings = DEFAULTS,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> LoraState:
    """Train for so many seconds, or until it has ended; once ``cancel`` says true, what it has come to is returned.

    Args:
        backbone: the model, which is as it was afterwards.
        support: labelled; the same ones every time.
        state: where to go on; ``None`` to begin.
        seconds: after which this slice ends.
        settings: of the training; the same ones every time.
        progress: told of examples learnt from, of all epochs.
        cancel: asked before every step.

    Raises:
        SettingError: peft is not installed.
        UnsupportedModelError: LoRA cannot be added to this model, or it stops while it is trained.
    """
    meter = Meter(backbone.device)
    with meter:
        learnt, left_out = leave_out([str(example.label) for example in support], settings.seed)
        prompts = TrainingPrompts(backbone, support, learnt, left_out, at_once=settings.at_once, seed=settings.seed)
        options = {"rank": settings.rank, "alpha": settings.alpha, "seed": settings.seed}
        known = None if state is None else state.weights
        with adapted(backbone, weights=known, **options) as weights, prompts.seen_once():
            learner = Learner(weights, settings.rate, {} if state is None else state.moments)
            before = state or LoraState(learner.values(), {}, learner.values())
            found, began = before, time.perf_counter()
            for found in _steps(learner, prompts, before, settings):
                spent = time.perf_counter() - began
                if progress is not None:
                    steps = settings.epochs * len(prompts.batches)
                    done = found.epoch * len(prompts.batches) + found.step
                    progress(Progress(min(done, steps), steps, before.seconds + spent))
                if spent > seconds or (cancel is not None and cancel()):
                    break
            found = replace(found, weights=learner.values(), moments=learner.moments())
    return replace(found, seconds=before.seconds + meter.seconds, peak_bytes=max(found.peak_bytes, meter.peak_bytes))


def _steps(learner: Learner, prompts: TrainingPrompts, state: LoraState, settings: LoraSettings) -> Iterator[LoraState]:
    """Yield the state after every step and every look, but for weights and moments, until the training has ended."""
    if prompts.left_out and not state.left_out:
        state = replace(state, left_out=(learner.look(prompts),))
        yield state
    while not state.end:
        if state.step < len(prompts.batches):
            batch = prompts.batches[prompts.order(state.epoch)[state.step]]
            state = replace(state, step=state.step + 1, running=state.running + learner.step(prompts, batch))
        else:
            state = _after_epoch(learner, prompts, state, settings)
        yield state


def _after_epoch(learner: Learner, prompts: TrainingPrompts, state: LoraState, settings: LoraSettings) -> LoraState:
    """Look at the left-out examples, keep the weights if they are the best, and say whether that is the end."""
    learnt = sum(len(part) for batch in prompts.batches for part in batch)
    state = replace(state, epoch=state.epoch + 1, step=0, running=0.0, losses=(*state.losses, state.running / learnt))
    if not prompts.left_out:
        return replace(
            state,
            best=learner.values(),
            best_epoch=state.epoch,
            end="epochs" if state.epoch >= settings.epochs else "",
        )
    loss = learner.look(prompts)
    if loss < _GAIN * min(state.left_out):
        state = replace(state, best=learner.values(), best_epoch=state.epoch)
    state = replace(state, left_out=(*state.left_out, loss))
    if state.epoch - state.best_epoch >= settings.patience:
        return replace(state, end="patience")
    return replace(state, end="epochs" if state.epoch >= settings.epochs else "")


def lora_answers(
    backbone: Backbone,
    weights: Arrays,
    queries: Sequence[Example],
    labels: Sequence[str],
    settings: LoraSettings = DEFAULTS,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> tuple[list[str], Cost]:
    """Return the label that the trained model finds likeliest for each query, as the zero-shot control does, and the cost.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    meter, answers = Meter(backbone.device), []
    with meter, adapted(backbone, rank=settings.rank, alpha=settings.alpha, seed=settings.seed, weights=weights):
        began = time.perf_counter()
        for query in queries:
            if cancel is not None and cancel():
                raise CancelledError("Stopped while the model that LoRA trained was answering; its training is kept.")
            likely = label_likelihoods(backbone, query, labels)
            answers.append(max(labels, key=likely.__getitem__))
            if progress is not None:
                progress(Progress(len(answers), len(queries), time.perf_counter() - began))
    return answers, Cost(0, meter.seconds, meter.peak_bytes)
