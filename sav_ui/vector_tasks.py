"""What the model is asked for by the page Function vectors: functions of a backbone that run where the GPU is.

What goes in and comes out can be pickled, and what is known halfway travels with the progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sav_core.errors import CancelledError
from sav_core.records import Cancel, Head, Progress, ProgressCallback

if TYPE_CHECKING:
    from sav_core.backbones import Backbone
    from sav_core.vectors import (
        Effects,
        FunctionVector,
        MeanVectors,
        Prompting,
        RelationItem,
        RelationPrompt,
        RelationTask,
        Tuned,
        TuningPoint,
        WordShares,
    )

__all__ = [
    "Finding",
    "TuningStep",
    "build_and_map",
    "compose",
    "find_effects",
    "judge",
    "judge_composition",
    "strengths",
    "tune",
    "weigh",
]

_RANDOM_DRAWS = 3  # of the random controls
_FEW = 5  # items that the control of a tuning learns from


@dataclass(frozen=True, slots=True)
class Finding(Progress):
    """Effects on the prompts done so far, and what came before them."""

    means: MeanVectors | None = None
    bare: int = 0
    effects: Effects | None = None


@dataclass(frozen=True, slots=True)
class TuningStep(Progress):
    """The points of the curve so far, of the vector of that name; and levels that need no tuning."""

    name: str = ""
    points: tuple[TuningPoint, ...] = ()
    levels: Mapping[str, float] | None = None


def find_effects(
    backbone: Backbone,
    told: Sequence[RelationPrompt],
    lost: Sequence[RelationPrompt],
    known: Finding | None,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> Finding:
    """Measure the effect of every head, prompt by prompt, going on from what is known; stopped, return what is done.

    Raises:
        DatasetError: the model answers no prompt right, so that there is no mean to patch in.
    """
    from sav_core.vectors import Effects, PromptReader, PromptSet, mean_head_vectors, mediate, zero_shot

    reader, start = PromptReader(backbone), time.perf_counter()
    if known is None or known.means is None:
        (means,) = mean_head_vectors(reader, told, cancel=cancel).values()
        bare = int(PromptSet(reader, zero_shot([prompt.item for prompt in told]), cancel=cancel).ask().right.sum())
        known = Finding(0, len(lost), 0.0, means, bare)
    assert known.means is not None
    means_of = {known.means.relation: known.means}
    progress(known)
    for number in range(known.done, len(lost)):
        if cancel():
            break
        fresh = mediate(reader, [lost[number]], means_of)
        parts = [fresh] if known.effects is None else [known.effects, fresh]
        effects = Effects(
            np.concatenate([part.changes for part in parts]),
            np.concatenate([part.baseline for part in parts]),
            tuple(relation for part in parts for relation in part.relations),
            len(lost),
        )
        seconds = time.perf_counter() - start
        known = replace(known, done=number + 1, seconds=seconds, effects=effects)
        progress(known)
    return known


def build_and_map(
    backbone: Backbone,
    means: MeanVectors,
    heads: Sequence[Head],
    items: Sequence[RelationItem],
    scales: Sequence[float],
    told_by: str,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> tuple[FunctionVector, npt.NDArray[np.float64]]:
    """Build the vector of some heads and try it after every layer at several strengths: ``float (layer, scale)``."""
    from sav_core.vectors import PromptReader, PromptSet, build_vector, layer_scale_map, zero_shot

    vector = build_vector(backbone, means, heads, told_by=told_by)
    prompt_set = PromptSet(PromptReader(backbone), zero_shot(items), cancel=cancel)
    return vector, layer_scale_map(prompt_set, vector, None, scales, _heeding(progress, cancel))


def strengths(backbone: Backbone, prompt: RelationPrompt, vector: FunctionVector, scales: Sequence[float]) -> WordShares:
    """What the model answers a prompt with, at every strength of a vector."""
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
) -> dict[str, tuple[int, int]]:
    """How many test items are right under every condition: right, asked."""
    from sav_core.vectors import PromptReader, evaluate_vector

    watch = _heeding(progress, cancel)
    outcomes = evaluate_vector(
        PromptReader(backbone),
        task,
        vector,
        means=means,
        others=others,
        prompting=prompting,
        draws=_RANDOM_DRAWS,
        progress=watch,
    )
    return {name: (outcome.right, outcome.n) for name, outcome in outcomes.items()}


def tune(
    backbone: Backbone,
    start: FunctionVector,
    train: Sequence[RelationItem],
    validation: Sequence[RelationItem],
    told: Sequence[RelationPrompt],
    steps: int,
    control: bool,
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> dict[str, Tuned]:
    """Tune a vector, for comparison from a random start and on a few examples only; stopped, return the best by then."""
    from sav_core.vectors import PromptReader, PromptSet, random_vector, tune_vector, zero_shot

    reader, began = PromptReader(backbone), time.perf_counter()
    prompt_set = PromptSet(reader, zero_shot(validation), cancel=cancel)
    levels = {"in context": PromptSet(reader, told, cancel=cancel).ask().accuracy, "zero-shot": prompt_set.ask().accuracy}
    learning, found = PromptSet(reader, zero_shot(train), cancel=cancel), {}
    ways = {"tuned": (start, learning)}
    if control:
        few = PromptSet(reader, zero_shot(train[:_FEW]), cancel=cancel)
        ways |= {"tuned random start": (random_vector(start), learning), "tuned on five": (start, few)}
    for number, (name, (vector, taught)) in enumerate(ways.items()):
        points: list[TuningPoint] = []

        def report(step: int, name: str = name, points: list[TuningPoint] = points, number: int = number) -> None:
            done, seconds = number * steps + step, time.perf_counter() - began
            progress(TuningStep(done, len(ways) * steps, seconds, name, tuple(points), levels))

        report(0)
        found[name] = tune_vector(
            vector,
            taught,
            prompt_set,
            steps=steps,
            every=max(1, steps // 15),
            progress=lambda each, report=report: report(each.done),  # type: ignore[misc]
            watch=points.append,
            cancel=cancel,
        )
        report(points[-1].step)
        if cancel():
            break
    return found


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


def judge_composition(
    backbone: Backbone,
    bases: Sequence[FunctionVector],
    weights: Sequence[float],
    source: RelationItem,
    items: Sequence[RelationItem],
    *,
    progress: ProgressCallback,
    cancel: Cancel,
) -> dict[str, tuple[int, int]]:
    """How many items the weighted sum answers right, beside simpler ways: right, asked."""
    from sav_core.vectors import Answers, PromptReader, PromptSet, RelationPrompt, combine, injecting, zero_shot

    reader, relation, start = PromptReader(backbone), source.relation, time.perf_counter()
    prompt_set = PromptSet(reader, zero_shot(items), cancel=cancel)
    once = PromptSet(reader, [RelationPrompt(item, (source,), (source.related,)) for item in items], cancel=cancel)
    equal = combine(bases, [sum(weights) / len(bases)] * len(bases), relation)

    def best() -> Answers:
        return max((prompt_set.ask(injecting(backbone, base)) for base in bases), key=lambda each: float(each.accuracy))

    ways: dict[str, Callable[[], Answers]] = {
        "zero-shot": prompt_set.ask,
        "in context, same pair": once.ask,
        "composed": lambda: prompt_set.ask(injecting(backbone, combine(bases, weights, relation))),
        "equal weights": lambda: prompt_set.ask(injecting(backbone, equal)),
        "best base vector": best,
    }
    found = {}
    for done, (name, way) in enumerate(ways.items(), start=1):
        answers = way()
        found[name] = (int(answers.right.sum()), len(answers.said))
        _heeding(progress, cancel)(Progress(done, len(ways), time.perf_counter() - start))
    return found


def _heeding(progress: ProgressCallback, cancel: Cancel) -> ProgressCallback:
    """Progress that also stops the work when it is to be stopped."""

    def report(each: Progress) -> None:
        progress(each)
        if cancel():
            raise CancelledError("Stopped; what was found before stays.")

    return report
