"""One batch forwarded again and again under other interventions in the language model: its pictures are seen once.

with pictures_seen_once(backbone):
    for each in interventions:
        with each:
            backbone.forward(batch)         # the vision tower runs in the first of these forwards alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from sav_core.models.backbones import Backbone

__all__ = ["pictures_seen_once"]

_TOWERS = ("get_image_features", "get_video_features")  # what the bodies of transformers call for pictures and clips


@contextmanager
def pictures_seen_once(backbone: Backbone, most: int = 1) -> Iterator[None]:
    """While open, what the model makes of pictures is kept and made anew only of others.

    A model that has no such step of its own sees them every time.

    Args:
        backbone: the model.
        most: batches whose pictures are kept, those that were seen last.
    """
    body = backbone.model.base_model
    with backbone.lock, ExitStack() as stack:
        for name in _TOWERS:
            if hasattr(body, name):
                stack.callback(_restore, body, name, vars(body).get(name))
                setattr(body, name, _once(getattr(body, name), most))
        yield


def _restore(body: Any, name: str, own: Any) -> None:
    """Give an object back what was its own under that name; where that was nothing, its class's shows again."""
    delattr(body, name)
    if own is not None:
        setattr(body, name, own)


def _once(see: Callable[..., Any], most: int) -> Callable[..., Any]:
    kept: list[tuple[tuple[Any, ...], Mapping[str, Any], Any]] = []

    def seen(*given: Any, **named: Any) -> Any:
        for before, before_named, made in kept:
            if _same(before, given) and _same(before_named, named):
                return made
        made = see(*given, **named)
        kept[:] = [*kept[max(0, len(kept) + 1 - most) :], (given, named, made)]
        return made

    return seen


def _same(one: Any, other: Any) -> bool:
    """Whether two arguments are alike, tensors number by number."""
    if one is other:
        return True
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return (
            isinstance(one, Tensor) and isinstance(other, Tensor) and one.shape == other.shape and torch.equal(one, other)
        )
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, (tuple, list)) and isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
