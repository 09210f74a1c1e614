"""Standing between a layer and its attention function, as a ``with`` block: see what goes in, and say what comes out.

    def tap(layer, call):
        seen[layer] = call.query              # (example, head, token, dim)
        return call.run()                     # or call.run(another_query)

    with attention_tapped(backbone, {3, 4}, tap) as tapped:
        backbone.forward(batch)
    tapped                                    # {3, 4}, unless a layer's attention is none of transformers'

transformers' models look their attention function up by name at every call. While a block is open, what is found there is
a function that asks whether somebody taps the layer; the names stay, for some models decide by them what they compute.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from torch import Tensor, nn
from transformers import AttentionInterface

from sav_core.models.backbones import Backbone

__all__ = ["AttentionCall", "attention_tapped"]

Attended: TypeAlias = tuple[Tensor, Tensor | None]
"""What an attention function returns: ``(example, token, head, dim)``, and its weights or nothing."""

_TAPS: dict[nn.Module, Callable[[AttentionCall], Attended]] = {}  # of the layers that are tapped just now
_CHANGING = threading.Lock()  # blocks of several models may open at once, and all look their functions up in one place


@dataclass(frozen=True)
class AttentionCall:
    """One layer's call of its attention function.

    Attributes:
        query: ``(example, head, token, dim)``.
        key, value: ``(example, key head, token, dim)``; neighbouring heads share a key head.
        mask: ``(example, 1 or head, query token, token)``, true or 0 where a query sees; or ``(example, token)``, true or 1
            where there is no padding; or nothing.
        options: by name, such as ``scaling``.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    mask: Tensor | None
    options: Mapping[str, Any]
    _function: Callable[..., Attended]

    def run(self, query: Tensor | None = None) -> Attended:
        """What the function makes of it, or of another query."""
        return self._function(self.query if query is None else query, self.key, self.value, self.mask, **self.options)


@contextmanager
def attention_tapped(
    backbone: Backbone, layers: Iterable[int], tap: Callable[[int, AttentionCall], Attended]
) -> Iterator[set[int]]:
    """While open, ``tap(layer, call)`` stands in for the attention of some layers.

    Yields:
        The layers that were tapped so far: the attention of the others never passed transformers' attention interface.
    """
    tapped: set[int] = set()

    def note(layer: int, call: AttentionCall) -> Attended:
        tapped.add(layer)
        return tap(layer, call)

    with backbone.lock, ExitStack() as stack:
        for layer in sorted(layers):
            module: Any = backbone.decoder.layers[layer].self_attn
            for place in _places(module):
                stack.enter_context(_asking(*place))
            _TAPS[module] = partial(note, layer)
            stack.callback(_TAPS.pop, module)
        yield tapped


class _Asks:
    """An attention function that asks first whether somebody taps the layer that calls it."""

    def __init__(self, function: Callable[..., Attended]) -> None:
        self.function = function
        self.open = 0

    def __call__(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
    ) -> Attended:
        tap = _TAPS.get(module)
        if tap is None:
            return self.function(module, query, key, value, attention_mask, **options)
        return tap(AttentionCall(query, key, value, attention_mask, options, partial(self.function, module)))


def _places(module: nn.Module) -> list[tuple[Any, str]]:
    """Where a layer looks its attention function up: in a mapping, and under which name.

    ``"eager"`` is in no mapping of transformers': every architecture's file has a function of its own.
    """
    names = inspect.unwrap(type(module).forward).__globals__
    implementation = getattr(getattr(module, "config", None), "_attn_implementation", None) or "eager"
    mapping, name = (
        (names, "eager_attention_forward")
        if implementation == "eager"
        else (names.get("ALL_ATTENTION_FUNCTIONS", {}), implementation)
    )
    return [(mapping, name)] if name in mapping else []


@contextmanager
def _asking(mapping: Any, name: str) -> Iterator[None]:
    """While open, and as long as another block is, the function of that name asks first."""
    with _CHANGING:
        found = mapping[name]
        asks = found if isinstance(found, _Asks) else _Asks(found)
        asks.open += 1
        mapping[name] = asks
    try:
        yield
    finally:
        with _CHANGING:
            asks.open -= 1
            if not asks.open:
                _put_back(mapping, name, asks.function)


def _put_back(mapping: Any, name: str, function: Callable[..., Attended]) -> None:
    """Let a name mean its function again: the one that all files share, unless this file had its own."""
    if isinstance(mapping, AttentionInterface):
        del mapping[name]
        if mapping.get(name) is function:
            return
    mapping[name] = function
