"""What one head looks at, on the picture: the attention of the prompt's last token, where the head's vector is read.

    maps = attention_maps(backbone, example, classifier.kept_heads_)
    maps.pictures[0][3]               # float (row, column), the fourth head's attention over the first picture
    maps.image_share                  # float (head,), how much of its attention each head spends on pictures at all
    overlay(example.images[0], maps.pictures[0][3])

Attention is recorded while it is computed, one row for each head, and nothing is computed in another way: in the layers
asked for, the model's own attention function runs, and the last token's row is computed beside it. That row is held against
what the function made of the values: weights that do not give it are refused, not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sav_core.activations.attention_tap import AttentionCall, attention_tapped
from sav_core.activations.image_tokens import image_token_boxes
from sav_core.data.examples import Example
from sav_core.errors import InterventionError, SettingError, UnsupportedModelError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.types import Head

__all__ = ["AttentionMaps", "attention_maps", "attention_of_reading"]

# How far, of the largest number, a sum over tokens in a dtype may be from the same sum in float32.
_ROUNDING = {torch.float32: 1e-3, torch.float16: 1e-2, torch.bfloat16: 4e-2}


@dataclass(frozen=True)
class AttentionMaps:
    """How some heads spread their attention from the prompt's last token.

    Attributes:
        heads: in the order they were asked for.
        rows: ``float32 (head, token)``, attention to every token of the prompt; each row sums to 1, or to less where the
            model lets a head look at nothing (attention sinks).
        image_tokens: ``bool (token,)``, which tokens stand for pictures.
        pictures: for each picture of the example ``float32 (head, row, column)``, the attention to it, laid over the whole
            of it. A cell holds the attention to that part of the picture, from all tiles that show it. Cells sum to
            the attention on the picture, but for tokens that show nothing of it: ends of rows, padding.
    """

    heads: tuple[Head, ...]
    rows: npt.NDArray[np.float32]
    image_tokens: npt.NDArray[np.bool_]
    pictures: tuple[npt.NDArray[np.float32], ...]

    def __repr__(self) -> str:
        grids = ", ".join(f"{grid.shape[1]} x {grid.shape[2]}" for grid in self.pictures)
        return f"AttentionMaps({len(self.heads)} heads over {self.rows.shape[1]} tokens, pictures [{grids}])"

    @property
    def image_share(self) -> npt.NDArray[np.float32]:
        """``float32 (head,)``, the part of each head's attention that is on pictures; the rest is on text or nowhere."""
        share: npt.NDArray[np.float32] = self.rows[:, self.image_tokens].sum(1)
        return share


def attention_maps(backbone: Backbone, example: Example, heads: Sequence[Head] | None = None) -> AttentionMaps:
    """Run the model once on an example and say what its heads look at.

    Args:
        backbone: the model.
        example: with any number of pictures.
        heads: which heads; all of them by default, layer by layer.

    Raises:
        SettingError: there are no heads to look at, or one does not exist.
        InputError: the example cannot be prepared for the model.
        UnsupportedModelError: it is not known where the model's image tokens lie, or how its layers weigh tokens.
        InterventionError: a layer's attention did not pass through transformers' attention interface.
    """
    encoded = backbone.encode(example)
    return attention_of_reading(backbone, example, encoded, lambda: backbone.forward(backbone.collate([encoded])), heads)


def attention_of_reading(
    backbone: Backbone,
    example: Example,
    encoded: Encoded,
    read: Callable[[], object],
    heads: Sequence[Head] | None = None,
) -> AttentionMaps:
    """Return ``attention_maps`` of a forward from which something else is wanted too.

    Args:
        backbone: the model.
        example: with any number of pictures.
        encoded: ``backbone.encode(example)``.
        read: has the model read the example, and then whatever else.
        heads: as of ``attention_maps``, and so is what is raised.
    """
    geometry = backbone.geometry
    if heads is None:
        heads = geometry.every_head()
    if not heads:
        raise SettingError("heads must name one head or more, but is empty.")
    geometry.check(heads, backbone.name)
    placed = image_token_boxes(backbone, example, encoded)
    with last_rows(backbone, {head.layer for head in heads}, first=True) as recorded:
        read()
    by_layer = {layer: rows[0] for layer, rows in recorded().items()}
    rows = torch.stack([by_layer[head.layer][head.index] for head in heads]).numpy()
    return AttentionMaps(
        heads=tuple(heads),
        rows=rows,
        image_tokens=encoded.image_token_mask.numpy(),
        pictures=tuple(each.paint(rows).astype(np.float32) for each in placed),
    )


@contextmanager
def last_rows(backbone: Backbone, layers: set[int], *, first: bool = False) -> Iterator[Callable[[], dict[int, Tensor]]]:
    """While open, a forward leaves the last token's attention in some layers; the model computes what it always does.

    Yields:
        A function that returns ``{layer: float32 (example, head, token)}`` of the latest forward, or of the ``first``. It
        raises ``InterventionError`` when a layer has none and ``UnsupportedModelError`` when it has other weights than
        those of its queries and keys.
    """
    rows: dict[int, Tensor] = {}
    untrue: set[int] = set()

    def record(layer: int, call: AttentionCall) -> tuple[Tensor, Tensor | None]:
        attended = call.run()
        if first and layer in rows:
            return attended  # of what the model writes or reads after the prompt
        row = _last_row(call.query, call.key, call.mask, **call.options)
        if not _gives(row, call.value, attended[0]):
            untrue.add(layer)
        rows[layer] = row.cpu()
        return attended

    def recorded() -> dict[int, Tensor]:
        if silent := sorted(layers.difference(rows)):
            raise InterventionError(
                f"The attention of layers {silent} was to be recorded in one forward but never ran through transformers' "
                f"attention interface: {backbone.name} cannot show what its heads look at."
            )
        if untrue:
            raise UnsupportedModelError(
                f"What the heads of {backbone.name} look at cannot be shown: in layers {sorted(untrue)} the weights that "
                "follow from queries and keys do not give what the layer passes on, so it weighs tokens in another way."
            )
        return rows

    with attention_tapped(backbone, layers, record):
        yield recorded


def _gives(row: Tensor, value: Tensor, attended: Tensor) -> bool:
    """Whether a row of attention ``(example, head, token)`` over the values is what the layer made of the last token."""
    examples, heads, tokens = row.shape
    made = attended[:, -1].reshape(examples, heads, -1).float()
    weighed = row.view(examples, value.shape[1], -1, tokens) @ value.float()  # (example, key head, head of it, dim)
    return bool((weighed.reshape(made.shape) - made).abs().max() <= _ROUNDING[value.dtype] * made.abs().max())


def _last_row(
    query: Tensor,
    key: Tensor,
    mask: Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **_: Any,
) -> Tensor:
    """Attention of the last query: ``float32 (example, head, token)``.

    Args:
        query: ``(example, head, token, dim)``.
        key: ``(example, key head, token, dim)``; neighbouring heads share a key head.
        mask: ``(example, 1 or head, query token, token)``, true or 0 where a query sees; or ``(example, token)``, true or 1
            where there is no padding; or nothing, when there is neither padding nor anything but causality.
        scaling: of the products; one over the root of ``dim`` unless given.
        sliding_window: how many of the latest tokens are seen, where the mask does not say it.
        softcap: what the scaled products are squashed to, by a hyperbolic tangent.
        s_aux: ``(head,)``, each head's sink: a learned score beside those of the tokens, whose share goes nowhere.
    """
    examples, heads, dim = query.shape[0], query.shape[1], query.shape[3]
    last = query[:, :, -1].float().view(examples, key.shape[1], -1, dim)  # (example, key head, head of it, dim)
    scores = (last @ key.float().transpose(2, 3)).view(examples, heads, -1)
    scores = scores * (dim**-0.5 if scaling is None else scaling)
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if mask is not None and mask.dim() == 4:
        seen = mask[:, :, -1, : scores.shape[-1]]
        scores = scores.masked_fill(~seen, -torch.inf) if seen.dtype == torch.bool else scores + seen.float()
    else:
        if mask is not None:
            scores = scores.masked_fill(~mask.bool()[:, None], -torch.inf)
        if sliding_window is not None:
            scores[..., : max(0, scores.shape[-1] - sliding_window)] = -torch.inf
    if s_aux is None:
        return scores.softmax(-1)
    sink = s_aux.float().view(1, heads, 1).expand(examples, heads, 1)
    return torch.cat([scores, sink], dim=-1).softmax(-1)[..., :-1]
