"""Whether a model's image tokens are places of a picture, or answers to learned queries that each look at all of it.

    learned_queries(backbone)       # "model.connector.perceiver_resampler.latents", or None where tokens are places

Between vision tower and language model some architectures (Idefics2, Aria) put a resampler: a list of learned vectors asks
the tower what it sees, and the answers are the image tokens. There is no place to paint them at. Such a list is known by
what it does: where two of its rows change places, the tokens they make change places, and nothing else moves. No list of
positions does that, for the patches at these positions stay where they are.

Others (DeepSeek-OCR 2) put the queries behind the patches and let each see those before it, so that rows that change
places move all that follow. Such a list is known by its order: a row moves what it asks and what is asked after it, whereas
what is asked before it still sees the picture to its last pixel. A position moves what the pixels at it move.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.func import functional_call

from sav_core.data.examples import Example
from sav_core.errors import InterventionError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.decoders import language_model

__all__ = ["learned_queries"]

_SIDE = 128  # of the drawn picture, in pixels

# What rounding may move a token by, of the largest number in any; rows that change places move theirs by much more.
_ROUNDING = {torch.float32: 1e-4, torch.float16: 5e-3, torch.bfloat16: 3e-2}

_FOLLOWERS = 2  # a row that is added to one token behind the tower moves that one alone

_known: WeakKeyDictionary[Backbone, str | None] = WeakKeyDictionary()


def learned_queries(backbone: Backbone) -> str | None:
    """Return the name of the parameter whose rows the image tokens answer; measured once for each loaded model."""
    if backbone not in _known:
        found = (
            name
            for name, rows in _candidates(backbone)
            if _asks(backbone, name, rows) or _asks_in_turn(backbone, name, rows)
        )
        _known[backbone] = next(found, None)
    return _known[backbone]


def _candidates(backbone: Backbone) -> Iterator[tuple[str, Tensor]]:
    """Lists of vectors outside the language model that are no layer's weights."""
    language = {id(parameter) for parameter in language_model(backbone.model).parameters()}
    for path, module in backbone.model.base_model.named_modules():
        if isinstance(module, nn.Linear):
            continue
        for name, parameter in module.named_parameters(prefix=path, recurse=False):
            long = [length for length in parameter.shape if length > 1]
            if len(long) == 2 and long[-1] == parameter.shape[-1] and id(parameter) not in language:
                yield name, parameter


def _asks(backbone: Backbone, name: str, rows: Tensor) -> bool:
    """Whether two rows that change places have their tokens change places, and no other."""
    encoded, drawn = _encoded(backbone), _drawn(rows)
    order = torch.arange(drawn.shape[-2])
    order[:2] = torch.tensor([1, 0])
    before, after = (_image_tokens(backbone, encoded, {name: given}) for given in (drawn, drawn[..., order, :]))
    limit = _ROUNDING[backbone.dtype] * float(before.abs().max())
    moved = ((before - after).abs().amax(-1) > limit).nonzero()[:, 0]
    apart = (after[moved, None] - before[None, moved]).abs().amax(-1)  # (token now, token before)
    return bool(len(moved)) and bool((apart <= limit).any(1).all())


def _asks_in_turn(backbone: Backbone, name: str, rows: Tensor) -> bool:
    """Whether a row from the middle moves its token and those behind it, and the last pixels move those before it too."""
    encoded, drawn, middle = _encoded(backbone), _drawn(rows), rows.shape[-2] // 2
    other = drawn.clone()
    other[..., middle, :] = -other[..., middle, :]
    before, after = (_image_tokens(backbone, encoded, {name: given}) for given in (drawn, other))
    moved = (before != after).any(-1)  # to the last bit, for what a mask hides adds nothing at all
    places = moved.nonzero()[:, 0]
    if len(places) < _FOLLOWERS or not 0 < places[0] < len(moved) - 1 or len(places) < (len(moved) - int(places[0])) / 2:
        return False
    elsewhere = _image_tokens(backbone, _encoded(backbone, changed=True), {name: drawn})
    return bool((before != elsewhere).any(-1)[: places[0]].all())


def _encoded(backbone: Backbone, *, changed: bool = False) -> Encoded:
    """A drawn picture as the model reads it; or the same with its last rows ``changed``."""
    pixels = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    if changed:
        pixels[-_SIDE // 8 :] = 255 - pixels[-_SIDE // 8 :]
    return backbone.encode(Example(Image.fromarray(pixels), ""))


def _drawn(rows: Tensor) -> Tensor:
    """Random rows, for trained or untrained ones may be alike, and would then change places unseen."""
    return torch.randn(rows.shape, generator=torch.Generator().manual_seed(0)).to(rows.device, rows.dtype)


class _Reached(Exception):  # noqa: N818  not an error: it ends a forward of which nothing more is wanted
    pass


def _image_tokens(backbone: Backbone, encoded: Encoded, parameters: dict[str, Tensor]) -> Tensor:
    """What the language model gets of a picture, ``float32 (image token, hidden)``, were some parameters others."""
    reached: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        reached.append(given[0] if given else named["hidden_states"])
        raise _Reached

    batch = backbone.collate([encoded])
    with backbone.lock, torch.inference_mode():
        hook = backbone.decoder.layers[0].register_forward_pre_hook(keep, with_kwargs=True)
        try:
            functional_call(backbone.model.base_model, parameters, (), {**batch, "use_cache": False})
        except _Reached:
            # Some models keep several versions of each token (Gemma 3n): of (version, 1, token, hidden) the first is read.
            states = reached[0].reshape(-1, encoded.length, reached[0].shape[-1])
            return states[0].float().cpu()[encoded.image_token_mask]
        finally:
            hook.remove()
    raise InterventionError(f"The decoder layers of {backbone.name} were to be reached in one forward but never ran.")
