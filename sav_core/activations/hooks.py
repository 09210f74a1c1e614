"""Watching a model while it runs, as ``with`` blocks: hooks are there while the block is open, and never after.

    with capture_last_token(backbone) as capture:
        backbone.forward(batch)
        vectors = capture.take()          # float32 (example, layer, head, dim)

    with patch_last_token(backbone, [Patch(0, Head(5, 2), values)]):     # one head of one row says something else
        backbone.forward(batch)

    with inject_last_token(backbone, 4, vector, scale=2.0):             # the output of layer 4, and all after it, moves
        generate_text(backbone, example)

Every block first resolves all modules it needs, registers on entry, removes on every way out, and holds the backbone's
lock, so that it never sees a batch of another thread. Inside a hook: slice the token, detach, copy; a tensor that was
handed in is never written to. What never fired raises ``InterventionError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sav_core.errors import InterventionError, SettingError
from sav_core.models.backbones import Backbone
from sav_core.types import Geometry, Head

__all__ = [
    "Capture",
    "Patch",
    "capture_last_token",
    "forward_to_last_heads",
    "inject_last_token",
    "inputs_hooked",
    "patch_last_token",
    "replace_heads",
    "watch_last_hidden",
]

# Sees what a layer's o_proj is about to read, (example, token, head * dim), and may return another tensor to read instead.
_InputHook = Callable[[int, Tensor], Tensor | None]

# Sees what a decoder layer made, (example, token, hidden), and may return another tensor to pass on instead.
_OutputHook = Callable[[int, Tensor], Tensor | None]


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
def capture_last_token(backbone: Backbone, depth: int | None = None) -> Iterator[Capture]:
    """While open, every forward leaves the head vectors of its last token in the ``Capture``.

    Args:
        backbone: the model.
        depth: how many layers are watched, the first ones; all of them by default.
    """
    projections, dims = backbone.decoder.projections[:depth], backbone.decoder.dims[:depth]
    capture = Capture(replace(backbone.geometry, layers=len(projections)), dims)
    with backbone.lock, inputs_hooked(projections, capture.see):
        yield capture


class _Enough(Exception):  # noqa: N818  not an error: it ends a forward of which nothing more is wanted
    pass


def forward_to_last_heads(backbone: Backbone, batch: Mapping[str, Tensor], depth: int | None = None) -> None:
    """Run the model up to the heads of its last layer, or the last of so many: what comes after changes no head vector."""

    def enough(*_: object) -> None:
        raise _Enough

    handle = backbone.decoder.projections[:depth][-1].register_forward_pre_hook(enough)
    try:
        backbone.forward(batch)
    except _Enough:
        return
    finally:
        handle.remove()


class Patch(NamedTuple):
    """In one row of the batch, what one head is to say at the last token: ``values (dim,)``."""

    row: int
    head: Head
    values: Tensor


@contextmanager
def patch_last_token(backbone: Backbone, patches: Sequence[Patch]) -> Iterator[None]:
    """While open, every forward overwrites the named heads' vectors at the last token of their rows.

    Raises:
        SettingError: a head does not exist.
        InterventionError: on leaving, when a layer with a patch never ran.
    """
    backbone.geometry.check([patch.head for patch in patches], backbone.name)
    by_layer: dict[int, list[Patch]] = {}
    for patch in patches:
        by_layer.setdefault(patch.head.layer, []).append(patch)
    plans = {
        layer: _Plan(
            torch.tensor([p.row for p in own]),
            torch.tensor([p.head.index for p in own]),
            torch.stack([p.values[: backbone.decoder.dims[layer]] for p in own])[:, None],
        )
        for layer, own in by_layer.items()
    }
    with _overwritten(backbone, plans, _LAST_TOKEN):
        yield


@contextmanager
def replace_heads(
    backbone: Backbone, off: npt.NDArray[np.bool_], values: npt.NDArray[np.float32], *, every_token: bool = False
) -> Iterator[None]:
    """While open, every forward puts other vectors in the place of those of some heads: many heads in many rows at once.

    Args:
        backbone: the model.
        off: ``bool (row, layer, head)``, which heads of each row do not say what they would.
        values: ``float32 (prompt, token, layer, head, dim)``, what stands there instead. The rows of one prompt are
            neighbours and as many for each; the tokens are those of the forward, or one that serves for all.
        every_token: whether at every token; only at the last one by default, which then is the only one of ``values``.

    Raises:
        InterventionError: on leaving, when a layer with such a head never ran.
    """
    copies = len(off) // len(values)
    plans = {}
    for layer in np.flatnonzero(off.any((0, 2))).tolist():
        rows, heads = np.nonzero(off[:, layer])
        own = values[rows // copies, :, layer, heads, : backbone.decoder.dims[layer]]  # (row and head, token, dim)
        plans[layer] = _Plan(torch.from_numpy(rows), torch.from_numpy(heads), torch.from_numpy(own))
    with _overwritten(backbone, plans, _EVERY_TOKEN if every_token else _LAST_TOKEN):
        yield


class _Plan(NamedTuple):
    """What is overwritten in one layer: ``rows (n,)`` and ``heads (n,)`` by ``values (n, token or 1, dim)``."""

    rows: Tensor
    heads: Tensor
    values: Tensor


_LAST_TOKEN, _EVERY_TOKEN = slice(-1, None), slice(None)


@contextmanager
def _overwritten(backbone: Backbone, plans: Mapping[int, _Plan], tokens: slice) -> Iterator[None]:
    """While open, the heads of the plans, by layer, say something else at some tokens."""
    geometry, dims = backbone.geometry, backbone.decoder.dims
    layers = sorted(plans)
    fired = dict.fromkeys(layers, 0)

    def overwrite(position: int, given: Tensor) -> Tensor:
        layer = layers[position]
        rows, heads, values = plans[layer]
        changed = given.clone()
        by_head = changed.view(*given.shape[:2], geometry.heads, dims[layer])
        by_head[rows, tokens, heads] = values.to(given.device, given.dtype)
        fired[layer] += 1
        return changed

    with backbone.lock, inputs_hooked([backbone.decoder.projections[layer] for layer in layers], overwrite):
        yield
    if silent := [layer for layer in layers if not fired[layer]]:
        raise InterventionError(
            f"Heads of layers {silent} were to be patched in a forward but their o_proj never ran: run the model inside "
            "the block, and check that it uses its modules."
        )


@contextmanager
def inject_last_token(
    backbone: Backbone, layer: int, vector: Tensor, scale: float = 1.0, *, forwards: int | None = None
) -> Iterator[None]:
    """While open, ``scale * vector`` is added to what a decoder layer makes of the last token.

    While a model generates, the first forward reads the prompt and each later one a token of the answer.

    Args:
        backbone: the model.
        layer: which decoder layer's output is changed.
        vector: ``(hidden,)`` for every row, or ``(row, hidden)``.
        scale: how much of it.
        forwards: how many forwards are changed; 1 changes a prompt but not what is generated after it, ``None`` all.

    Raises:
        SettingError: the layer does not exist, or the vector is not as wide as the model.
        InterventionError: on leaving, when the layer never ran.
    """
    layers = backbone.geometry.layers
    if not 0 <= layer < layers:
        raise SettingError(f"layer must lie between 0 and {layers - 1} for {backbone.name}, but is {layer}.")
    hidden = backbone.decoder.projections[layer].out_features
    if vector.shape[-1] != hidden:
        raise SettingError(
            f"The vector has {vector.shape[-1]} numbers but layer {layer} of {backbone.name} passes on {hidden}: use a "
            "vector that was made with this model."
        )
    fired = 0

    def add(_: int, made: Tensor) -> Tensor | None:
        nonlocal fired
        fired += 1
        if forwards is not None and fired > forwards:
            return None
        moved = made[:, -1] + scale * vector.to(made.device, made.dtype)
        return torch.cat([made[:, :-1], moved[:, None]], dim=1)

    with backbone.lock, _outputs_hooked([backbone.decoder.layers[layer]], add):
        yield
    if not fired:
        raise InterventionError(
            f"A vector was to be added to the output of layer {layer} but no forward passed it: run the model "
            "inside the block."
        )


@contextmanager
def watch_last_hidden(backbone: Backbone) -> Iterator[Callable[[], Tensor]]:
    """While open, every forward leaves what each decoder layer made of the last token.

    Yields:
        A function that returns ``float32 (row, layer, hidden)`` of the latest forward, and raises ``InterventionError``
        when a layer has not run.
    """
    made: dict[int, Tensor] = {}

    def keep(layer: int, output: Tensor) -> None:
        made[layer] = output[:, -1].detach().float().cpu()

    def taken() -> Tensor:
        if silent := [layer for layer in range(backbone.geometry.layers) if layer not in made]:
            raise InterventionError(f"The outputs of layers {silent} were to be kept but no forward passed them.")
        return torch.stack([made[layer] for layer in range(backbone.geometry.layers)], dim=1)

    with backbone.lock, _outputs_hooked(backbone.decoder.layers, keep):
        yield taken


@contextmanager
def _outputs_hooked(modules: Sequence[nn.Module], hook: _OutputHook) -> Iterator[None]:
    """While open, ``hook(position, output)`` sees what each module made, whether it returns a tensor or a tuple."""

    def at(position: int) -> Callable[[nn.Module, tuple[Any, ...], Any], Any]:
        def after(_: nn.Module, __: tuple[Any, ...], made: Any) -> Any:
            whole = isinstance(made, Tensor)
            other = hook(position, made if whole else made[0])
            if other is None:
                return None
            return other if whole else (other, *made[1:])

        return after

    with ExitStack() as stack:
        for position, module in enumerate(modules):
            stack.callback(module.register_forward_hook(at(position)).remove)
        yield


@contextmanager
def inputs_hooked(modules: Sequence[nn.Module], hook: _InputHook) -> Iterator[None]:
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
