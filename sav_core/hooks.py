"""Watching a model while it runs, as ``with`` blocks: hooks are there while the block is open, and never after.

    with capture_last_token(backbone) as capture:
        backbone.forward(batch)
        vectors = capture.take()          # float32 (example, layer, head, dim)

Every block first resolves all modules it needs, registers on entry, removes on every way out, and holds the backbone's
lock, so that it never sees a batch of another thread. Inside a hook: slice the token, detach, copy; a tensor that was
handed in is never written to. What never fired raises ``InterventionError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from sav_core.backbones import Backbone
from sav_core.errors import InterventionError
from sav_core.records import Geometry

__all__ = ["Capture", "capture_last_token"]

# Sees what a layer's o_proj is about to read, (example, token, head * dim), and may return another tensor to read instead.
_InputHook = Callable[[int, Tensor], Tensor | None]


class Capture:
    """The last token's head vectors of the batch that went through the model last."""

    def __init__(self, geometry: Geometry, dims: Sequence[int]) -> None:
        self._geometry = geometry
        self._dims = tuple(dims)
        self._buffer: Tensor | None = None  # (example, layer, head, dim), where the model computes, in its dtype
        self._fired = [0] * geometry.layers

    def take(self) -> npt.NDArray[np.float32]:
        """Return ``float32 (example, layer, head, dim)`` of the forward since the last ``take``, and forget it.

        Raises:
            InterventionError: a layer's projection did not run.
        """
        silent = [layer for layer, count in enumerate(self._fired) if not count]
        if self._buffer is None or silent:
            raise InterventionError(
                f"The forward was to pass the o_proj of all {len(self._fired)} layers but never reached those of layers "
                f"{silent}: take the vectors after one forward, and check that the model uses its modules."
            )
        values: npt.NDArray[np.float32] = self._buffer.float().cpu().numpy()
        self._buffer = None
        self._fired = [0] * len(self._fired)
        return values

    def see(self, layer: int, given: Tensor) -> None:
        """Keep the last token of what one layer's ``o_proj`` reads: ``(example, token, head * dim)``."""
        rows, heads, dim = given.shape[0], self._geometry.heads, self._dims[layer]
        if self._buffer is None or self._buffer.shape[0] != rows:
            self._buffer = given.new_zeros(rows, *self._geometry.shape)
        self._buffer[:, layer, :, :dim].copy_(given[:, -1].detach().view(rows, heads, dim))
        self._fired[layer] += 1


@contextmanager
def capture_last_token(backbone: Backbone) -> Iterator[Capture]:
    """While open, every forward leaves the head vectors of its last token in the ``Capture``."""
    capture = Capture(backbone.geometry, backbone.decoder.dims)
    with backbone.lock, _inputs_hooked(backbone.decoder.projections, capture.see):
        yield capture


@contextmanager
def _inputs_hooked(modules: Sequence[nn.Module], hook: _InputHook) -> Iterator[None]:
    """While open, ``hook(position, input)`` sees what each module is about to read."""

    def at(position: int) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...] | None]:
        def before(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...] | None:
            other = hook(position, given[0])
            return None if other is None else (other, *given[1:])

        return before

    with ExitStack() as stack:
        for position, module in enumerate(modules):
            stack.callback(module.register_forward_pre_hook(at(position)).remove)
        yield
