"""Heads switched off while the model writes: what it says without them.

with knocked_out(backbone, kept, support_vectors):
    generate_text(backbone, example)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from sav_core.activations.hooks import Patch, patch_last_token
from sav_core.errors import SettingError
from sav_core.models.backbones import Backbone
from sav_core.types import Head, HeadVectors

__all__ = ["knocked_out"]


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
    backbone.geometry.check(heads, backbone.name)
    if support is not None and (not len(support) or max(head.layer for head in heads) >= support.geometry.layers):
        raise SettingError(
            f"The support must have vectors of every layer with a head to switch off, but has {support}: give more."
        )
    mean = np.zeros(backbone.geometry.shape) if support is None else support.values.mean(0, dtype=np.float64)
    with patch_last_token(backbone, [Patch(0, head, torch.from_numpy(mean[head.layer, head.index])) for head in heads]):
        yield
