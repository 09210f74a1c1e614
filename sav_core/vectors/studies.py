"""The experiments on function vectors, once: the command line, the page and the report show what these return.

    mediation = mediate_relation(reader, task, 25)                                  # which heads
    vector = build_vector(reader.backbone, mediation.means, mediation.effects.ranking[:10])
    validation = PromptSet(reader, zero_shot(task.validation))
    vector = vector.at(*map_sites(validation, vector).best)                         # where it is added, and how much of it
    tuned = tune_with_controls(vector, PromptSet(reader, zero_shot(task.train)), validation)
    judge_composition(reader, task.test, bases, [1, 1], source)

Their conditions bear the names of ``conditions``; their figures are of the first token of the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sav_core.errors import CancelledError
from sav_core.records import Cancel, Progress, ProgressCallback
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.compose import combine
from sav_core.vectors.conditions import (
    BEFORE_TUNING,
    BEST_BASE,
    COMPOSED,
    EQUAL_WEIGHTS,
    SAME_PAIR,
    TUNED,
    TUNED_ON_FIVE,
    TUNED_RANDOM_START,
    ZERO_SHOT,
)
from sav_core.vectors.effects import Effects
from sav_core.vectors.evaluation import demonstration_sweep, layer_scale_map, number_of_heads_sweep
from sav_core.vectors.exam import PromptSet
from sav_core.vectors.mediation import MeanVectors, mean_head_vectors, mediate
from sav_core.vectors.outcomes import Outcome, best_of, measure_each, outcome_of
from sav_core.vectors.pausing import PromptReader
from sav_core.vectors.prompts import Prompting, RelationPrompt, zero_shot
from sav_core.vectors.relations import RelationItem, RelationTask
from sav_core.vectors.sites import SCALES, SiteMap
from sav_core.vectors.tune import Tuned, TuningPoint, random_vector, tune_vector

__all__ = [
    "Mediation",
    "Sweeps",
    "TuningProgress",
    "judge_composition",
    "judge_tuned",
    "map_sites",
    "mediate_relation",
    "relation_means",
    "sweep_settings",
    "tune_with_controls",
]

FEW = 5
"""Items that the control "tuned on five" learns from."""

_HEADS = (1, 2, 3, 5, 10, 20, 50)  # as far as a vector has so many
_DEMONSTRATIONS = (0, 1, 2, 4, 8)  # up to as many as the vector's prompts had
_FROM_DEMONSTRATIONS = Prompting()


@dataclass(frozen=True)
class Mediation:
    """What patching every head found on the prompts of one relation.

    Attributes:
        means: the mean head vectors of the clean prompts.
        effects: of every head on the corrupted prompts.
        left_out: how many items have no corrupted prompt.
    """

    means: MeanVectors
    effects: Effects
    left_out: int


def relation_means(
    reader: PromptReader,
    task: RelationTask,
    prompts: int,
    prompting: Prompting = _FROM_DEMONSTRATIONS,
    *,
    only_right: bool = True,
) -> MeanVectors:
    """Return the mean head vectors in clean prompts of the first training items of a task of one relation.

    Raises:
        DatasetError: the model answers none of them right.
    """
    clean = prompting.clean(task.train[:prompts], task.train)
    (means,) = mean_head_vectors(reader, clean, only_right=only_right).values()
    return means


def mediate_relation(
    reader: PromptReader,
    task: RelationTask,
    prompts: int,
    prompting: Prompting = _FROM_DEMONSTRATIONS,
    *,
    only_right: bool = True,
    resume: Path | None = None,
    progress: ProgressCallback | None = None,
) -> Mediation:
    """Measure every head's effect on the first training items of a task of one relation.

    Args:
        reader: of the model.
        task: of one relation.
        prompts: how many items.
        prompting: how their clean and corrupted prompts are made.
        only_right: whether the means are of prompts that the model answers right.
        resume: a file that keeps the effects, as for ``mediate``.
        progress: called after every corrupted prompt.

    Raises:
        DatasetError: no item has a corrupted prompt, or the model answers no clean prompt right.
    """
    items = task.train[:prompts]
    corrupted = prompting.corrupted(items, task.train)  # before the means, which take long: it may be refused
    means = relation_means(reader, task, prompts, prompting, only_right=only_right)
    effects = mediate(reader, corrupted, {means.relation: means}, progress=progress, resume=resume)
    return Mediation(means, effects, len(items) - len(corrupted))


def map_sites(
    validation: PromptSet,
    vector: FunctionVector,
    *,
    layers: Sequence[int] | None = None,
    scales: Sequence[float] = SCALES,
    progress: ProgressCallback | None = None,
) -> SiteMap:
    """Return how accurate the zero-shot prompts are answered with the vector at every site; every layer by default."""
    chosen = tuple(range(validation.reader.backbone.geometry.layers) if layers is None else layers)
    accuracy = layer_scale_map(validation, vector, chosen, scales, progress)
    return SiteMap(accuracy, chosen, tuple(scales), len(validation))


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
        progress: called after every step, with the curve so far.
        cancel: asked after every step; once it says true, what is reached by then is returned.

    Returns:
        ``"tuned"``, and with controls ``"tuned random start"`` and ``"tuned on five"``; fewer when it was cancelled.

    Raises:
        CancelledError: it was cancelled before anything was reached.
    """
    runs = {TUNED: (start, train)}
    if controls:
        few = PromptSet(train.reader, train.prompts[:FEW], cancel=cancel)
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


def judge_composition(
    reader: PromptReader,
    items: Sequence[RelationItem],
    bases: Sequence[FunctionVector],
    weights: Sequence[float],
    source: RelationItem,
    *,
    rivals: Sequence[FunctionVector] = (),
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> dict[str, Outcome]:
    """Return how a weighted sum of base vectors answers, beside simpler ways.

    Args:
        reader: of the model.
        items: of the relation the sum is meant for.
        bases: the vectors.
        weights: one for each.
        source: the known pair of that relation, which is also shown as the one demonstration.
        rivals: further vectors that the best base vector may be.
        progress: called after every condition.
        cancel: asked while prompts are asked; ``CancelledError`` once it says true.

    Returns:
        ``"zero-shot"``, ``"in context, same pair"``, ``"composed"``, ``"equal weights"`` (of the same sum) and
        ``"best base vector"``.
    """
    test = PromptSet(reader, zero_shot(items), cancel=cancel)
    composed = combine(bases, weights, source.relation)
    equal = combine(bases, [sum(weights) / len(bases)] * len(bases), source.relation)
    shown = [RelationPrompt(item, (source,), (source.related,)) for item in items]
    conditions: dict[str, Callable[[], Outcome]] = {
        ZERO_SHOT: lambda: outcome_of(test),
        SAME_PAIR: lambda: outcome_of(PromptSet(reader, shown, cancel=cancel)),
        COMPOSED: lambda: outcome_of(test, composed),
        EQUAL_WEIGHTS: lambda: outcome_of(test, equal),
        BEST_BASE: lambda: best_of(test, *bases, *rivals),
    }
    return measure_each(conditions, progress)


@dataclass(frozen=True)
class Sweeps:
    """How accuracy changes with each setting.

    Attributes:
        heads: by how many of the vector's leading heads, on validation; empty for a vector that has none.
        demonstrations: by how many stand in context, without the vector, on the test part.
        sites: by where the vector is added and how much of it, on validation.
    """

    heads: dict[int, Outcome]
    demonstrations: dict[int, Outcome]
    sites: SiteMap


def sweep_settings(
    reader: PromptReader,
    task: RelationTask,
    vector: FunctionVector,
    means: MeanVectors | None,
    prompting: Prompting = _FROM_DEMONSTRATIONS,
    *,
    progress: ProgressCallback | None = None,
) -> Sweeps:
    """Return the accuracy by number of heads (with their means), of demonstrations, and by site.

    The progress is that of the sites, which take longest.
    """
    validation, heads = PromptSet(reader, zero_shot(task.validation)), {}
    if means is not None and vector.heads:
        heads = number_of_heads_sweep(validation, means, vector.heads, vector, _up_to(len(vector.heads), _HEADS))
    counts = _up_to(prompting.demonstrations, _DEMONSTRATIONS)
    demonstrations = demonstration_sweep(reader, task, vector.relation, counts, prompting.seed)
    return Sweeps(heads, demonstrations, map_sites(validation, vector, progress=progress))


def _up_to(most: int, counts: Sequence[int]) -> list[int]:
    return sorted({*(count for count in counts if count < most), most})
