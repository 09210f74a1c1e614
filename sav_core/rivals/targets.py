"""Which linear layers of a language model LoRA adapts: those that make queries, keys, values and the heads' output."""

from __future__ import annotations

import re
from typing import NamedTuple

from torch import nn

from sav_core.errors import UnsupportedModelError
from sav_core.models.backbones import Backbone
from sav_core.models.decoders import by_reason

__all__ = ["Target", "find_targets"]

# q, k, v and o apart; q, k and v in one (qkv_proj); or in two steps (q_a_proj and q_b_proj, kv_a_proj_with_mqa and
# kv_b_proj). Of layers that share the keys of another only what they have themselves.
_ADAPTED = re.compile(r"(q|k|v|kv|qkv|o)(_[ab])?_proj(_with_mqa)?")


class Target(NamedTuple):
    """One linear layer.

    Attributes:
        name: from the model down, as ``named_modules`` has it.
        parent: the module that holds it.
        child: its name there.
        module: the layer.
    """

    name: str
    parent: nn.Module
    child: str
    module: nn.Module


def find_targets(backbone: Backbone) -> list[Target]:
    """Return what LoRA adapts in every decoder layer, first to last.

    Raises:
        UnsupportedModelError: a layer's queries are made by no linear layer that is known.
    """
    names = {module: name for name, module in backbone.model.named_modules()}
    found: list[Target] = []
    faults = []
    for row, layer in enumerate(backbone.decoder.layers):
        attention = layer.get_submodule("self_attn")
        own = [
            Target(f"{names[attention]}.{child}", attention, child, module)
            for child, module in attention.named_children()
            if _ADAPTED.fullmatch(child) and isinstance(module, nn.Linear)
        ]
        if not any(target.child.startswith("q") for target in own) or not any(t.child == "o_proj" for t in own):
            faults.append((row, f"no linear q_proj and o_proj in {type(attention).__name__}"))
        found += own
    if faults:
        raise UnsupportedModelError(
            f"LoRA cannot be added to {backbone.name} because {'; '.join(by_reason(faults))}; judge it by the others."
        )
    return found
