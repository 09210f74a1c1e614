"""Heads switched off while the model writes: what it says without them.

with knocked_out(backbone, kept, support_vectors):
    generate_text(backbone, example)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.hooks import Patch, patch_last_token
from sav_core.causes.label_scores import label_scores
from sav_core.causes.stand_ins import StandIns
from sav_core.data.examples import Example
from sav_core.errors import SettingError
from sav_core.models.backbones import Backbone
from sav_core.models.generation import generate_text
from sav_core.types import Head, HeadVectors, at_heads

__all__ = ["OwnAnswer", "answer_without", "knocked_out"]


@dataclass(frozen=True)
class OwnAnswer:
    """What a model answers by itself.

    Attributes:
        likelihoods: how likely it finds each label as its answer; they sum to 1.
        words: what it writes.
    """

    likelihoods: dict[str, float]
    words: str


def answer_without(
    backbone: Backbone,
    example: Example,
    labels: Sequence[str],
    heads: Sequence[Head],
    support: HeadVectors | None,
    *,
    max_new_tokens: int = 32,
) -> OwnAnswer:
    """Return what the model answers with some heads switched off, as ``label_likelihoods`` and ``generate_text`` would.

    Labels are scored with the heads off at the prompt's last token; while the model writes they are off at each token that
    it has written, too.

    Args and errors are those of ``knocked_out`` and ``label_likelihoods``.
    """
    mean = _mean(backbone, heads, support)
    off = np.zeros((1, *backbone.geometry.shape[:2]), dtype=np.bool_)
    off[0, *at_heads(heads)] = True
    scores = label_scores(backbone, [example], labels, off, StandIns(mean[None]))[0, 0]
    shares = np.exp(scores - np.logaddexp.reduce(scores))
    with knocked_out(backbone, heads, support):
        words = generate_text(backbone, example, max_new_tokens=max_new_tokens)
    return OwnAnswer(dict(zip(labels, shares.tolist(), strict=True)), words)


@contextmanager
def knocked_out(backbone: Backbone, heads: Sequence[Head], support: HeadVectors | None) -> Iterator[None]:
    """While open, some heads say their mean over the support at the last token of every forward of one example.

    While a model writes, those are the last token of the prompt and each token that it has written.

    Args:
        backbone: the model.
        heads: to switch off.
        support: whose mean takes their place, of layers as deep as they are; ``None`` for nothing, zeros.

    Raises:
        SettingError: a head does not exist, or the support has no vector of it.
        InterventionError: on leaving, when nothing ran.
    """
    mean = torch.from_numpy(_mean(backbone, heads, support))
    with patch_last_token(backbone, [Patch(0, head, mean[head.layer, head.index]) for head in heads]):
        yield


def _mean(backbone: Backbone, heads: Sequence[Head], support: HeadVectors | None) -> npt.NDArray[np.float32]:
    """``float32 (layer, head, dim)``, what those heads say while they are off; of no layer below the support's last."""
    backbone.geometry.check(heads, backbone.name)
    found = np.zeros(backbone.geometry.shape, dtype=np.float32)
    if support is None:
        return found
    depth = support.geometry.layers
    if not len(support) or max(head.layer for head in heads) >= depth:
        raise SettingError(
            f"The support must have vectors of every layer with a head to switch off, but has {support}: give more."
        )
    found[:depth] = support.values.mean(0, dtype=np.float64)
    return found
