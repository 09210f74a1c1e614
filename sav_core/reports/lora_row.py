"""LoRA as a row beside the kept heads: planned, trained in slices that go on where they were stopped, and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sav_core.data.examples import Example
from sav_core.errors import CancelledError, InterventionError
from sav_core.evaluation.baselines import Baseline, answer_baseline
from sav_core.evaluation.costs import Cost
from sav_core.models.backbones import Backbone
from sav_core.reports.reading import Run, Watch, further
from sav_core.reports.wording import RIVALS, TRAINING, in_minutes
from sav_core.rivals.adapters import weights_digest
from sav_core.rivals.checkpoint import keep_state, kept_state, state_path
from sav_core.rivals.lora_state import DEFAULTS, LoraPlan, LoraSettings, LoraState
from sav_core.rivals.training import lora_answers, plan_lora, train_lora
from sav_core.types import Cancel

__all__ = ["lora_row", "plan_in_words"]

_SLICE_SECONDS = 20.0  # after which the model is free for others, and what LoRA has come to is written down
_AT_ONCE = 64  # queries that the trained model answers before it is free for others


def plan_in_words(plan: LoraPlan, how: LoraSettings = DEFAULTS) -> str:
    """Say what a training will be, and how long it takes: as a timed step says, which is no bound."""
    ends = (
        f"it ends sooner once {plan.left_out} left-out examples gain no more"
        if plan.left_out
        else "with fewer than three examples of a label none is left out to end it sooner"
    )
    return (
        f"LoRA trains {plan.trained:,} numbers, rank {how.rank} on q, k, v and o of {plan.layers} layers, with "
        f"{plan.learnt} examples: {in_minutes(plan.seconds)} for {how.epochs} epochs, by a step measured here; {ends}."
    )


def lora_row(
    run: Run,
    backbone: Backbone,
    support: Sequence[Example],
    queries: Sequence[Example],
    labels: Sequence[str],
    say: Callable[[str], object],
    watch: Watch,
    cancel: Cancel | None,
) -> Baseline:
    """Train LoRA on the support and judge it on the queries; see ``rival_answers`` for the arguments.

    Raises:
        BackboneError: it cannot be added to this model.
        CancelledError: ``cancel`` said so; a training goes on from there the next time.
        InterventionError: the model was not afterwards what it was before.
    """
    how = DEFAULTS
    before = run(weights_digest)
    state = _trained(run, backbone, list(support), how, say, watch, cancel)
    answers: list[str] = []
    cost = Cost(len(support), state.seconds, state.peak_bytes, state.trained)
    with watch(RIVALS) as progress:
        for start in range(0, len(queries), _AT_ONCE):
            some = list(queries[start : start + _AT_ONCE])
            told = further(progress, start, len(queries))
            given, took = run(lora_answers, state.best, some, list(labels), how, progress=told, cancel=cancel)
            answers += given
            cost = cost.and_then(took)
    if run(weights_digest) != before:
        raise InterventionError(
            f"The weights of {backbone.name} changed while LoRA was trained beside them: load it again, and report this."
        )
    stopped = f"best after {state.best_epoch} of {state.epoch} epochs by {_left_out(state)}"
    row = answer_baseline("lora", answers, [query.label for query in queries])
    about = (
        f"adapters of rank {how.rank} on q, k, v and o of the language model, trained to say the label and then taken out "
        f"again; the label it finds likeliest; {stopped}; the model's weights are the same before and after ({before[:12]})"
    )
    return replace(row, cost=cost, about=about)


def _left_out(state: LoraState) -> str:
    return "left-out examples" if state.left_out else "their number, with no example left out"


def _trained(
    run: Run,
    backbone: Backbone,
    support: list[Example],
    how: LoraSettings,
    say: Callable[[str], object],
    watch: Watch,
    cancel: Cancel | None,
) -> LoraState:
    """Train to the end, from where it was stopped; what it has come to is written down after each slice."""
    path = state_path(backbone, support, how)
    state = kept_state(path)
    with watch(TRAINING) as progress:
        if state is None:
            say(plan_in_words(run(plan_lora, support, how, cancel=cancel), how))
        elif not state.end:
            say(f"LoRA goes on after {in_minutes(state.seconds)} of training, in epoch {state.epoch + 1}.")
        while state is None or not state.end:
            state = run(train_lora, support, state, _SLICE_SECONDS, how, progress=progress, cancel=cancel)
            keep_state(path, state)
            if not state.end and cancel is not None and cancel():
                raise CancelledError("Stopped while LoRA was trained; it goes on from there the next time.")
    return state
