"""What the model is asked for by the page Function vectors: functions of a backbone that run where the GPU is.

What goes in and comes out can be pickled, and what is known halfway travels with the progress. The experiments themselves
are those of ``sav_core.vectors``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sav_core.types import Cancel, Head, Progress, ProgressCallback

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone
    from sav_core.vectors import (
        Effects,
        FunctionVector,
        MeanVectors,
        Outcome,
        Prompting,
        RelationItem,
        RelationPrompt,
        RelationTask,
        SiteMap,
        Tuned,
        TuningPoint,
        TuningProgress,
        WordShares,
    )

# Imported inside the functions otherwise: torch takes seconds, and the page must not wait for it.

__all__ = [
    "PATIENCE",
    "Finding",
    "TuningStep",
    "build_and_map",
    "compose",
    "find_effects",
    "judge",
    "judge_sum",
    "sweep_scales",
    "tune",
    "weigh",
]

PATIENCE = 5
"""Looks at validation that find nothing better, after which a tuning ends."""

_RANDOM_DRAWS = 3  # of the random controls


@dataclass(frozen=True, slots=True)
class Finding(Progress):
    """Effects on the prompts done so far, and what came before them."""

    means: MeanVectors | None = None
    zero_shot_right: int = 0
    effects: Effects | None = None


@dataclass(frozen=True, slots=True)
class TuningStep(Progress):
    """The points of the curve so far, of the condition of that name; and accuracies that need no tuning."""

    name: str = ""
    points: tuple[TuningPoint, ...] = ()
    levels: Mapping[str, float] | None = None


def find_effects(
    backbone: Backbone,
    clean: Sequence[RelationPrompt],
    corrupted: Sequence[RelationPrompt],
    known: Finding | None,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> Finding:
    """Measure the effect of every head, going on from what is known; stopped, return what is done.

    Raises:
        DatasetError: the model answers no prompt right, so that there is no mean to patch in.
    """
    from sav_core.vectors import PromptReader, PromptSet, mean_head_vectors, mediate, outcome_of, zero_shot

    reader, start = PromptReader(backbone), time.perf_counter()
    found = known
    if found is None or found.means is None:
        (means,) = mean_head_vectors(reader, clean, cancel=cancel).values()
        items = [prompt.item for prompt in clean]
        right = outcome_of(PromptSet(reader, zero_shot(items), cancel=cancel)).right
        found = Finding(0, len(corrupted), 0.0, means, right)
    else:
        means = found.means
    progress(found)

    def with_effects(effects: Effects) -> Finding:
        seconds = time.perf_counter() - start
        return replace(found, done=len(effects.changes), seconds=seconds, effects=effects)

    effects = mediate(
        reader,
        corrupted,
        {means.relation: means},
        known=found.effects,
        watch=lambda effects: progress(with_effects(effects)),
        cancel=cancel,
    )
    return with_effects(effects)


def build_and_map(
    backbone: Backbone,
    means: MeanVectors,
    heads: Sequence[Head],
    items: Sequence[RelationItem],
    told_by: str,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> tuple[FunctionVector, SiteMap]:
    """Build the vector of some heads and try it at every site."""
    from sav_core.vectors import PromptReader, PromptSet, build_vector, map_sites, zero_shot

    vector = build_vector(backbone, means, heads, told_by=told_by)
    validation = PromptSet(PromptReader(backbone), zero_shot(items), cancel=cancel)
    return vector, map_sites(validation, vector, progress=progress)


def sweep_scales(backbone: Backbone, prompt: RelationPrompt, vector: FunctionVector, scales: Sequence[float]) -> WordShares:
    """What the model answers a prompt with, at every scale of a vector."""
    from sav_core.vectors import PromptReader, scale_sweep

    return scale_sweep(PromptReader(backbone), prompt.example, vector, scales, wanted=prompt.answer)


def judge(
    backbone: Backbone,
    task: RelationTask,
    vector: FunctionVector,
    means: MeanVectors,
    others: Sequence[FunctionVector],
    prompting: Prompting,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> dict[str, Outcome]:
    """How many test items are right under every condition."""
    from sav_core.vectors import PromptReader, evaluate_vector

    return evaluate_vector(
        PromptReader(backbone),
        task,
        vector,
        means=means,
        others=others,
        prompting=prompting,
        draws=_RANDOM_DRAWS,
        progress=progress,
        cancel=cancel,
    )


def tune(
    backbone: Backbone,
    start: FunctionVector,
    train: Sequence[RelationItem],
    validation: Sequence[RelationItem],
    clean: Sequence[RelationPrompt],
    steps: int,
    controls: bool,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> dict[str, Tuned]:
    """Tune a vector beside its controls, after asking the validation items with clean prompts and with zero-shot ones."""
    from sav_core.vectors import IN_CONTEXT, ZERO_SHOT, PromptReader, PromptSet, outcome_of, tune_with_controls, zero_shot

    reader = PromptReader(backbone)
    unseen = PromptSet(reader, zero_shot(validation), cancel=cancel)
    levels = {
        IN_CONTEXT: outcome_of(PromptSet(reader, clean, cancel=cancel)).accuracy,
        ZERO_SHOT: outcome_of(unseen).accuracy,
    }

    def report(each: TuningProgress) -> None:
        progress(TuningStep(each.done, each.total, each.seconds, each.name, each.points, levels))

    learning = PromptSet(reader, zero_shot(train), cancel=cancel)
    every = max(1, steps // 15)
    return tune_with_controls(
        start,
        learning,
        unseen,
        controls=controls,
        steps=steps,
        every=every,
        patience=PATIENCE,
        progress=report,
        cancel=cancel,
    )


def weigh(backbone: Backbone, source: RelationPrompt, bases: Sequence[FunctionVector]) -> list[float]:
    """The weights of base vectors by how well each predicts the source pair's answer; as many in sum as there are."""
    from sav_core.vectors import PromptReader, PromptSet, pair_weights

    weights: list[float] = pair_weights(PromptSet(PromptReader(backbone), [source]), bases).tolist()
    return weights


def compose(
    backbone: Backbone, bases: Sequence[FunctionVector], weights: Sequence[float], target: RelationPrompt
) -> WordShares:
    """What the model answers the target with, by itself and with the weighted sum of base vectors."""
    from sav_core.vectors import PromptReader, combine, scale_sweep

    total = combine(bases, weights, target.item.relation)
    return scale_sweep(PromptReader(backbone), target.example, total, (0.0, 1.0), wanted=target.answer)


def judge_sum(
    backbone: Backbone,
    items: Sequence[RelationItem],
    bases: Sequence[FunctionVector],
    weights: Sequence[float],
    source: RelationItem,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> dict[str, Outcome]:
    """How many items the weighted sum answers right, beside simpler ways."""
    from sav_core.vectors import PromptReader, judge_composition

    return judge_composition(PromptReader(backbone), items, bases, weights, source, progress=progress, cancel=cancel)
