"""The experiments on function vectors (tuning is in ``tuning_study``): what command line, page and report all show.

    mediation = mediate_relation(reader, task, 25)                                  # which heads
    vector = build_vector(reader.backbone, mediation.means, mediation.effects.ranking[:10])
    validation = PromptSet(reader, zero_shot(task.validation))
    vector = vector.at(*map_sites(validation, vector).best)                         # where it is added, and how much of it
    judge_composition(reader, task.test, bases, [1, 1], source)

Their conditions bear the names of ``conditions``; their figures are of the first token of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sav_core.types import Cancel, ProgressCallback
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.compose import combine
from sav_core.vectors.conditions import (
    BEST_BASE,
    COMPOSED,
    EQUAL_WEIGHTS,
    SAME_PAIR,
    ZERO_SHOT,
)
from sav_core.vectors.effects import Effects
from sav_core.vectors.evaluation import demonstration_sweep, layer_scale_map, number_of_heads_sweep
from sav_core.vectors.mediation import MeanVectors, mean_head_vectors, mediate
from sav_core.vectors.outcomes import Outcome, best_of, measure_each, outcome_of
from sav_core.vectors.prefix_cache import PromptReader
from sav_core.vectors.prompt_set import PromptSet
from sav_core.vectors.prompts import FROM_DEMONSTRATIONS, Prompting, RelationPrompt, zero_shot
from sav_core.vectors.relations import RelationItem, RelationTask
from sav_core.vectors.sites import SCALES, SiteMap

__all__ = [
    "Mediation",
    "Sweeps",
    "judge_composition",
    "map_sites",
    "mediate_relation",
    "relation_means",
    "sweep_settings",
]

_HEADS = (1, 2, 3, 5, 10, 20, 50)  # as far as a vector has so many
_DEMONSTRATIONS = (0, 1, 2, 4, 8)  # up to as many as the vector's prompts had


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
    prompting: Prompting = FROM_DEMONSTRATIONS,
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
    prompting: Prompting = FROM_DEMONSTRATIONS,
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
    prompting: Prompting = FROM_DEMONSTRATIONS,
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
