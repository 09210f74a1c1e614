"""Relations on pictures of nothing, for tiny models: items, prompts and vectors."""

from __future__ import annotations

import copy

import numpy as np
import torch

from sav_core.data.pictures.picture import as_picture
from sav_core.models.bodies import find_body
from sav_core.models.decoders import find_decoder
from sav_core.vectors import FunctionVector, RelationItem, RelationTask, in_context
from tests.support.tiny_models import example_image

SOME = ("llava", "qwen2_vl", "gemma3", "paligemma")  # plain, with positions on the side, sliding windows, no causality


def items(count, start=0):
    """Items of one length in tokens: a tiny tokenizer has a token for every byte."""
    return [
        RelationItem(as_picture(example_image(start + n)), "abcdefgh"[n % 8], "on", "stuvwxyz"[(start + n) % 8])
        for n in range(count)
    ]


ITEMS = items(6)
TASK = RelationTask(tuple(items(6)), tuple(items(4, 10)), tuple(items(4, 20)), "tiny", 0)


def encoded(backbone, count=1, demonstrations=2):
    return [backbone.encode(prompt.example) for prompt in in_context(ITEMS[:count], ITEMS, demonstrations)]


def hooks_on(backbone):
    """How many hooks there are; transformers leaves some of its own where anyone ever asked for hidden states."""
    modules = (*backbone.decoder.projections, *backbone.decoder.layers)
    return sum(len(module._forward_pre_hooks) + len(module._forward_hooks) for module in modules)


def hidden_size(backbone):
    return backbone.decoder.projections[0].out_features


def a_vector(backbone, layer=1, size=3.0, seed=0):
    values = np.random.default_rng(seed).standard_normal(hidden_size(backbone)).astype(np.float32) * size
    return FunctionVector(values, "on", layer, identity=backbone.identity, model=backbone.name)


def edited(backbone, edit):
    """A copy of a backbone whose model was edited."""
    other = copy.copy(backbone)
    other.model = copy.deepcopy(backbone.model)
    other.decoder, other._body = find_decoder(other.model, "edited"), find_body(other.model)
    with torch.no_grad():
        edit(other.decoder)
    return other
