"""What stands in the place of a head's vector that is switched off: the support's mean, nothing, or another example's.

The mean is of the other examples: a query that is itself in the support does not stand in for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.hooks import inputs_hooked
from sav_core.causes.ways import KnockOut
from sav_core.data.examples import Example
from sav_core.errors import SettingError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.types import HeadVectors

__all__ = ["StandIns", "stand_ins"]

Array: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class StandIns:
    """What each query's heads say while they are switched off.

    Attributes:
        values: ``float32 (query, layer, head, dim)``, at whatever token; where each token has its own, at the last one and
            those of an answer.
        of_tokens: where each has its own: of queries and a prompt's length, ``float32 (query, token, layer, head, dim)``.
    """

    values: Array
    of_tokens: Callable[[Sequence[int], int], Array] | None = None

    def in_prompt(self, rows: Sequence[int], length: int) -> Array:
        """Return ``float32 (query, token or 1, layer, head, dim)`` for prompts of so many tokens."""
        return self.in_answer(rows) if self.of_tokens is None else self.of_tokens(rows, length)

    def in_answer(self, rows: Sequence[int]) -> Array:
        """Return ``float32 (query, 1, layer, head, dim)``."""
        return self.values[list(rows)][:, None]


def stand_ins(
    backbone: Backbone,
    queries: Sequence[Example],
    how: KnockOut,
    support: Sequence[Example] = (),
    vectors: HeadVectors | None = None,
) -> StandIns:
    """Make what stands in for the heads of each query.

    Args:
        backbone: the model.
        queries: to be asked about.
        how: they are switched off.
        support: what means are of, and what is drawn from.
        vectors: of the support, where they are known already.

    Raises:
        SettingError: something of the support is wanted, but a query finds no other example there.
    """
    if how.replaced_by == "zero":
        return StandIns(np.broadcast_to(np.float32(0), (len(queries), *backbone.geometry.shape)))
    keys = [backbone.key(example) for example in support]
    others = [np.array([key != own for key in keys], dtype=np.bool_) for own in map(backbone.key, queries)]
    if any(not each.any() for each in others):
        raise SettingError(
            f"A knock-out by {how.replaced_by} takes what other examples say, but a query finds none in a support of "
            f"{len(support)}: give more support, or switch heads off by zero."
        )
    if how.replaced_by == "mean":
        return StandIns(_means(backbone, support, vectors, how, others))
    rng = np.random.default_rng(how.seed)
    donors = [int(rng.choice(np.flatnonzero(each))) for each in others]
    values = _read(backbone, support, vectors).values[donors]
    if how.tokens == "last":
        return StandIns(values)
    encoded = [backbone.encode(support[donor]) for donor in donors]
    return StandIns(values, lambda rows, length: _aligned(backbone, [encoded[row] for row in rows], length))


def _means(
    backbone: Backbone,
    support: Sequence[Example],
    vectors: HeadVectors | None,
    how: KnockOut,
    others: Sequence[npt.NDArray[np.bool_]],
) -> Array:
    """``(query, layer, head, dim)``: the mean over those other examples, each token of theirs counting the same."""
    if how.tokens == "last":
        sums, counts = _read(backbone, support, vectors).values.astype(np.float64), np.ones(len(support))
    else:
        sums, counts = _token_sums(backbone, support)
    total, every, means = sums.sum(0), counts.sum(), {}
    for other in {each.tobytes(): each for each in others}.values():
        left = total - sums[~other].sum(0)
        means[other.tobytes()] = (left / (every - counts[~other].sum())).astype(np.float32)
    if len(means) == 1:
        return np.broadcast_to(next(iter(means.values())), (len(others), *backbone.geometry.shape))
    return np.stack([means[each.tobytes()] for each in others])


def _read(backbone: Backbone, support: Sequence[Example], vectors: HeadVectors | None) -> HeadVectors:
    """The support's head vectors in every layer."""
    if vectors is not None and vectors.geometry == backbone.geometry and len(vectors) == len(support):
        return vectors
    return extract_head_vectors(backbone, support)


def _token_sums(backbone: Backbone, support: Sequence[Example]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Each example's head vectors summed over its tokens ``(example, layer, head, dim)``, and how many those are."""
    encoded = backbone.encode_all(support)
    sums = np.zeros((len(support), *backbone.geometry.shape))
    for batch in backbone.budget().split(encoded):
        read = _every_token(backbone, [encoded[row] for row in batch])
        for row, own in zip(batch, read, strict=True):
            sums[row] = own[-encoded[row].length :].sum(0, dtype=np.float64)  # padding is on the left
    return sums, np.array([example.length for example in encoded], dtype=np.float64)


def _aligned(backbone: Backbone, donors: Sequence[Encoded], length: int) -> Array:
    """``(donor, token, layer, head, dim)``, the last tokens of each; a shorter one's first stands for all before it."""
    found = np.zeros((len(donors), length, *backbone.geometry.shape), dtype=np.float32)
    for row, donor in enumerate(donors):
        found[row] = _every_token(backbone, [donor])[0][np.maximum(np.arange(length) + donor.length - length, 0)]
    return found


def _every_token(backbone: Backbone, examples: Sequence[Encoded]) -> Array:
    """``(example, token, layer, head, dim)``, the head vectors of a batch at each of its tokens."""
    geometry, dims = backbone.geometry, backbone.decoder.dims
    layers: list[Tensor] = []

    def keep(layer: int, given: Tensor) -> None:
        own = given.detach().float().cpu().view(*given.shape[:2], geometry.heads, dims[layer])
        layers.append(torch.nn.functional.pad(own, (0, geometry.dim - dims[layer])))

    with backbone.lock, inputs_hooked(backbone.decoder.projections, keep):
        backbone.forward(backbone.collate(examples))
    values: Array = torch.stack(layers, dim=2).numpy()
    return values
