"""Vectors of base relations combined into relations that none of them was made for.

combine([above, left], [1, 1], "above left")
combine(bases, pair_weights(PromptSet(reader, [source]), bases), "A is to B")      # a one-shot analogy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from sav_core.errors import SettingError
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.inject import injecting
from sav_core.vectors.prompt_set import PromptSet

__all__ = ["combine", "pair_weights"]


def combine(vectors: Sequence[FunctionVector], weights: Sequence[float], relation: str) -> FunctionVector:
    """Return the weighted sum of vectors, at the layer of the first.

    Each vector counts with its own scale, and the sum has scale 1: a sum of vectors at scale 2 is not half as strong.

    Raises:
        SettingError: not one weight for each vector, or the vectors belong to different models, layers or data seeds.
    """
    if not vectors or len(vectors) != len(weights):
        raise SettingError(f"weights must be one for each of {len(vectors)} vectors (one or more), but are {len(weights)}.")
    first = vectors[0]
    for other in vectors[1:]:
        if (other.identity, other.layer, other.values.shape) != (first.identity, first.layer, first.values.shape):
            raise SettingError(
                f"Only vectors of one model and layer can be summed, but {first} and {other} differ: make them for "
                "the same layer."
            )
        if other.seed != first.seed:
            raise SettingError(
                f"Only vectors of one data seed can be summed, but {first} has {first.seed} and {other} has {other.seed}: "
                "make them with the same --seed, for what one was made from may be a test item of the other."
            )
    total = sum(
        (weight * vector.scale * vector.values.astype(np.float64) for vector, weight in zip(vectors, weights, strict=True)),
        np.zeros(len(first.values)),
    )
    parts = [
        {"relation": vector.relation, "origin": vector.origin, "weight": float(weight)}
        for vector, weight in zip(vectors, weights, strict=True)
    ]
    return replace(
        first,
        values=total.astype(np.float32),
        relation=relation,
        scale=1.0,
        origin="composed",
        heads=(),
        notes={"parts": parts},
    )


def pair_weights(
    source: PromptSet, vectors: Sequence[FunctionVector], *, total: float | None = None
) -> npt.NDArray[np.float64]:
    """Return a weight for each base vector by how well it predicts the known answers of source pairs.

    Weights are the softmax, at temperature 1, of the answer's log-probability under each vector alone (its mean when there
    are several pairs): twice the probability weighs twice as much.

    Args:
        source: the pairs, zero-shot.
        vectors: of the base relations.
        total: what the weights sum to; how many vectors there are by default, so that equal ones are simply summed.

    Raises:
        SettingError: there are no vectors.
    """
    if not vectors:
        raise SettingError("vectors must hold one or more, but is empty.")
    under = [source.ask(injecting(source.reader.backbone, vector)).probability for vector in vectors]
    logs = np.log(np.clip(under, 1e-30, None)).mean(1)
    weights: npt.NDArray[np.float64] = softmax(logs) * (len(vectors) if total is None else total)
    return weights
