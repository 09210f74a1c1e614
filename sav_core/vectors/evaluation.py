"""How much a function vector does, beside everything that could explain it away, on all items of the test part.

    outcomes = evaluate_vector(reader, task, vector, means=means, others=[left])
    outcomes["injected"].accuracy, outcomes["random vector"].accuracy, ...
    layer_scale_map(PromptSet(reader, zero_shot(task.validation)), vector, layers, scales)

Every figure is of the first token of the answer, on items right or wrong in context alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

import numpy as np
import numpy.typing as npt

from sav_core.activations.hooks import watch_last_hidden
from sav_core.types import Cancel, Head, ProgressCallback
from sav_core.vectors.build import FunctionVector, build_vector
from sav_core.vectors.conditions import (
    IN_CONTEXT,
    IN_WORDS,
    INJECTED,
    LAYER_MEAN,
    OTHER_RELATION,
    RANDOM_HEADS,
    RANDOM_VECTOR,
    ZERO_SHOT,
)
from sav_core.vectors.inject import injecting
from sav_core.vectors.mediation import MeanVectors
from sav_core.vectors.outcomes import Outcome, best_of, measure_each, outcome_of
from sav_core.vectors.prefix_cache import PromptReader
from sav_core.vectors.prompt_set import Ask, PromptSet
from sav_core.vectors.prompts import FROM_DEMONSTRATIONS, Prompting, RelationPrompt, in_context, in_words, zero_shot
from sav_core.vectors.relations import RelationTask
from sav_core.vectors.sites import SCALES
from sav_core.vectors.tune import random_vector

__all__ = [
    "SideEffects",
    "demonstration_sweep",
    "evaluate_vector",
    "layer_mean_vector",
    "layer_mean_vectors",
    "layer_scale_map",
    "number_of_heads_sweep",
    "side_effects",
]

_PROMPTS = 25  # that a whole layer's mean is taken over


@dataclass(frozen=True, slots=True)
class SideEffects:
    """What a vector does to unrelated questions.

    Attributes:
        changed: share whose likeliest answer is another one.
        before: share answered right without the vector.
        after: share answered right with it.
        n: how many were asked.
    """

    changed: float
    before: float
    after: float
    n: int


def evaluate_vector(
    reader: PromptReader,
    task: RelationTask,
    vector: FunctionVector,
    *,
    means: MeanVectors | None = None,
    others: Sequence[FunctionVector] = (),
    prompting: Prompting = FROM_DEMONSTRATIONS,
    draws: int = 5,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> dict[str, Outcome]:
    """Return the outcome of every condition on the test items of the vector's relation.

    Args:
        reader: of the model.
        task: its test items are asked; demonstrations come from its training part.
        vector: what is judged, at its layer and scale; all controls are injected there with the same scale.
        means: of the relation, for vectors of random heads; left out without them.
        others: vectors of other relations; left out when there are none.
        prompting: of the clean prompts of the layer's mean; its demonstrations and seed are those of all conditions.
        draws: of the random controls.
        progress: called after every condition.
        cancel: asked while prompts are asked; ``CancelledError`` once it says true.

    Returns:
        ``"zero-shot"``, ``"in context"``, ``"in words"`` that name the relation, ``"injected"``, and the controls
        ``"random vector"``, ``"random heads"``, ``"other relation"`` (the best of them) and ``"layer mean"`` (everything
        the layer holds, not the heads' part).
    """
    own, seed = task.of(vector.relation), prompting.seed
    few = own.train[:_PROMPTS]

    def asked(prompts: Sequence[RelationPrompt]) -> PromptSet:
        return PromptSet(reader, prompts, cancel=cancel)

    def at_its_site(*vectors: FunctionVector) -> list[FunctionVector]:
        return [each.at(vector.layer, vector.scale) for each in vectors]

    test = asked(zero_shot(own.test))
    conditions: dict[str, Callable[[], Outcome]] = {
        ZERO_SHOT: lambda: outcome_of(test),
        IN_CONTEXT: lambda: outcome_of(asked(in_context(own.test, own.train, prompting.demonstrations, seed))),
        IN_WORDS: lambda: outcome_of(asked(in_words(own.test))),
        INJECTED: lambda: outcome_of(test, vector),
        RANDOM_VECTOR: lambda: outcome_of(test, *(random_vector(vector, seed + draw) for draw in range(draws))),
    }
    if means is not None and vector.heads:
        conditions[RANDOM_HEADS] = lambda: outcome_of(
            test, *at_its_site(*_random_head_vectors(reader, vector, means, draws, seed))
        )
    if others:
        conditions[OTHER_RELATION] = lambda: best_of(test, *at_its_site(*others))
    clean = prompting.clean(few, own.train)
    conditions[LAYER_MEAN] = lambda: outcome_of(
        test, layer_mean_vector(reader, clean, zero_shot(few), vector, cancel=cancel)
    )
    return measure_each(conditions, progress)


def layer_mean_vector(
    reader: PromptReader,
    clean: Sequence[RelationPrompt],
    zero_shot_prompts: Sequence[RelationPrompt],
    like: FunctionVector,
    *,
    cancel: Cancel | None = None,
) -> FunctionVector:
    """Return the mean difference between clean and zero-shot prompts in everything a layer passes on at the last token."""
    return layer_mean_vectors(reader, clean, zero_shot_prompts, like, cancel=cancel)[like.layer]


def layer_mean_vectors(
    reader: PromptReader,
    clean: Sequence[RelationPrompt],
    zero_shot_prompts: Sequence[RelationPrompt],
    like: FunctionVector,
    *,
    cancel: Cancel | None = None,
) -> list[FunctionVector]:
    """Return that of every layer, each at its layer: the prompts are read once for all of them."""

    def means(prompts: Sequence[RelationPrompt]) -> npt.NDArray[np.float64]:
        prompt_set, sums = PromptSet(reader, prompts, cancel=cancel), np.zeros(())
        for _, prefix in prompt_set.groups():
            with watch_last_hidden(reader.backbone) as taken:
                prefix.finish()
                sums = sums + taken().double().numpy().sum(0)
        return sums / len(prompts)

    differences = (means(clean) - means(zero_shot_prompts)).astype(np.float32)
    mean = replace(like, origin=LAYER_MEAN, heads=(), notes={"prompts": len(clean)})
    return [replace(mean, values=values, layer=layer) for layer, values in enumerate(differences)]


def side_effects(reader: PromptReader, questions: Sequence[Ask], vector: FunctionVector) -> SideEffects:
    """Return what a vector does to questions that have nothing to do with its relation."""
    prompt_set = PromptSet(reader, questions)
    before, after = prompt_set.ask(), prompt_set.ask(injecting(reader.backbone, vector))
    changed = float((before.said != after.said).mean())
    return SideEffects(changed, before.accuracy, after.accuracy, len(questions))


def layer_scale_map(
    prompt_set: PromptSet,
    vector: FunctionVector,
    layers: Sequence[int] | None = None,
    scales: Sequence[float] = SCALES,
    progress: ProgressCallback | None = None,
) -> npt.NDArray[np.float64]:
    """Return the accuracy with the vector at every layer and scale: ``float (layer, scale)``, in the order given."""
    backbone = prompt_set.reader.backbone
    chosen = range(backbone.geometry.layers) if layers is None else layers
    cells = {
        (layer, scale): partial(outcome_of, prompt_set, vector.at(layer, scale)) for layer in chosen for scale in scales
    }
    found = [outcome.accuracy for outcome in measure_each(cells, progress).values()]
    return np.array(found).reshape(len(chosen), len(scales))


def number_of_heads_sweep(
    prompt_set: PromptSet, means: MeanVectors, ranking: Sequence[Head], like: FunctionVector, counts: Sequence[int]
) -> dict[int, Outcome]:
    """Return the outcome of vectors of the first heads of a ranking, at the layer and scale of ``like``."""
    backbone = prompt_set.reader.backbone
    built = {n: build_vector(backbone, means, ranking[:n], layer=like.layer) for n in counts}
    at = {n: vector.at(like.layer, like.scale) for n, vector in built.items()}
    return measure_each({n: partial(outcome_of, prompt_set, vector) for n, vector in at.items()})


def demonstration_sweep(
    reader: PromptReader, task: RelationTask, relation: str, counts: Sequence[int] = (0, 1, 2, 4), seed: int = 0
) -> dict[int, Outcome]:
    """Return the outcome of in-context prompts with several numbers of demonstrations."""
    own = task.of(relation)

    def asking(count: int) -> Callable[[], Outcome]:
        return lambda: outcome_of(PromptSet(reader, in_context(own.test, own.train, count, seed)))

    return measure_each({count: asking(count) for count in counts})


def _random_head_vectors(
    reader: PromptReader, vector: FunctionVector, means: MeanVectors, draws: int, seed: int
) -> list[FunctionVector]:
    """Vectors of as many heads as the vector's, drawn at random."""
    every = reader.backbone.geometry.every_head()
    rng = Random(f"{seed} heads")  # noqa: S311  # a control, not a secret
    drawn = [rng.sample(every, len(vector.heads)) for _ in range(draws)]
    return [build_vector(reader.backbone, means, heads, layer=vector.layer) for heads in drawn]
