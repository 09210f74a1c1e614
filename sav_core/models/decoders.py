"""The attention layers of a language model: found through the model's own accessors, measured on its modules."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from torch import nn

from sav_core.errors import UnsupportedModelError
from sav_core.types import Geometry

__all__ = ["Decoder", "by_reason", "find_decoder", "language_model"]

_CROSS_ATTENTION = ("cross_attn", "encoder_attn", "crossattention")

# What a config may call its layers (transformers' ``layer_types``). Of all but the dense kinds a query sees a choice of
# tokens, or a summary of them, which padding takes part in.
_LINEAR = "linear_attention"
_DENSE = ("full_attention", "sliding_attention", "chunked_attention")


@dataclass(frozen=True, slots=True)
class Decoder:
    """The part of a model that head vectors are read from.

    Attributes:
        layers: the decoder layers, first to last.
        projections: each layer's ``o_proj``; its input holds the vectors of all heads, side by side.
        geometry: layers, query heads in each, and the largest number of numbers in one head's vector.
        dims: for each layer the numbers in one head's vector; where it is less than ``geometry.dim``, zeros follow.
        kinds: for each layer what its attention is; layers of one kind differ in their weights alone.
        sparse: whether a layer's queries see a choice of the tokens that are there.
    """

    layers: tuple[nn.Module, ...]
    projections: tuple[nn.Module, ...]
    geometry: Geometry
    dims: tuple[int, ...]
    kinds: tuple[str, ...]
    sparse: bool


def find_decoder(model: Any, name: str) -> Decoder:
    """Return the decoder of a transformers model.

    Raises:
        UnsupportedModelError: a decoder layer has no ordinary self-attention; the message names the layers and why.
    """
    if model.config.is_encoder_decoder:
        raise _refusal(name, "its prompt goes into an encoder, not into the decoder that heads are read from")
    decoder = language_model(model)
    layers = tuple(getattr(decoder, "layers", ()))
    if not layers:
        raise _refusal(name, f"its language model {type(decoder).__name__} has no list of decoder layers")
    if between := [part for part, _ in decoder.named_children() if _crosses(part)]:
        raise _refusal(name, f"its pictures enter between the layers, by {between[0]}, and not as tokens")
    types = _layer_types(decoder.config, len(layers))
    faults = [
        (row, why) for row, (layer, kind) in enumerate(zip(layers, types, strict=True)) if (why := _fault(layer, kind))
    ]
    if faults:
        raise _refusal(name, "; ".join(by_reason(faults)))
    projections = tuple(layer.self_attn.o_proj for layer in layers)
    heads = {_query_heads(layer.self_attn, decoder.config) for layer in layers}
    if len(heads) != 1:
        raise _refusal(name, f"its layers differ in their number of heads: {sorted(heads)}")
    (count,) = heads
    if any(projection.in_features % count for projection in projections):
        raise _refusal(name, f"the input of an o_proj does not divide into {count} heads")
    dims = tuple(projection.in_features // count for projection in projections)
    kinds = tuple(f"{type(layer.self_attn).__name__} {kind}" for layer, kind in zip(layers, types, strict=True))
    sparse = any(kind not in _DENSE for kind in types)
    return Decoder(layers, projections, Geometry(len(layers), count, max(dims)), dims, kinds, sparse)


def language_model(model: Any) -> Any:
    """The module that holds the decoder layers: what the model's own accessor returns, or the body within that."""
    decoder = model.get_decoder()
    body = getattr(decoder, "model", None)
    return body if not hasattr(decoder, "layers") and hasattr(body, "layers") else decoder


def _crosses(part: str) -> bool:
    return any(word in part for word in _CROSS_ATTENTION)


def _layer_types(config: Any, layers: int) -> tuple[str, ...]:
    """What the language model's config calls each layer; all see every token where it does not say."""
    types = tuple(getattr(config, "layer_types", None) or ())
    return types if len(types) == layers else (_DENSE[0],) * layers


def _fault(layer: nn.Module, kind: str) -> str | None:
    """Why head vectors cannot be read from a decoder layer of a kind; ``None`` when they can."""
    if any(_crosses(part) for part, _ in layer.named_children()):
        return "cross-attention"
    attention = getattr(layer, "self_attn", None)
    if attention is None:
        mixers = [f"{name} ({type(child).__name__})" for name, child in layer.named_children() if _mixes_tokens(name)]
        return f"{mixers[0]} instead of self_attn" if mixers else "no self_attn"
    projection = getattr(attention, "o_proj", None)
    if not isinstance(getattr(projection, "in_features", None), int):
        return f"no o_proj in {type(attention).__name__}"
    if kind == _LINEAR:
        return f"linear attention ({type(attention).__name__}) under the name self_attn"
    return None


def _mixes_tokens(name: str) -> bool:
    return not any(word in name for word in ("norm", "mlp", "feed", "ffn", "dropout"))


def _query_heads(attention: nn.Module, config: Any) -> int:
    """The number of query heads: the layer's own where it states one, else that of the language model's config."""
    own = getattr(attention, "num_heads", None)
    return own if isinstance(own, int) else int(config.num_attention_heads)


def by_reason(faults: list[tuple[int, str]]) -> list[str]:
    """Return ``["layers 0-2, 4: no self_attn", ...]`` for pairs of a layer and what is wrong there."""
    layers: dict[str, list[int]] = {}
    for index, fault in faults:
        layers.setdefault(fault, []).append(index)
    return [f"layer{'s' * (len(rows) > 1)} {_ranges(rows)}: {fault}" for fault, rows in layers.items()]


def _ranges(rows: list[int]) -> str:
    runs = [[row for _, row in run] for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _refusal(name: str, reason: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{name} cannot serve because {reason}; choose a model whose decoder layers all have self_attn.o_proj."
    )
