"""What heads look at, as pictures: the model runs once on an example, and then any head and any mean of heads is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_core.figures.overlay import overlay
from sav_core.types import Head, at_heads
from sav_ui.panels.thumbnails import data_uri
from sav_ui.panels.wording import percent

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["HeadAttention", "look_at"]

_EDGE, _SMALL = 320, 144
_DRAWN = 100  # heads and groups of heads whose overlays are kept
_PICTURES = 4  # of one example that are drawn


@dataclass(frozen=True)
class HeadAttention:
    """What every head of a model makes of one example's pictures.

    Attributes:
        example: what was looked at.
        grids: for each picture ``float32 (layer, head, row, column)``, the attention to that part of it.
        image_share: ``float32 (layer, head)``, how much of a head's attention is on pictures at all.
    """

    example: Example
    grids: tuple[npt.NDArray[np.float32], ...]
    image_share: npt.NDArray[np.float32]
    _drawn: LRUCache[tuple[tuple[Head, ...], int], list[str]] = field(
        default_factory=lambda: LRUCache(_DRAWN), repr=False, compare=False
    )

    @property
    def held_bytes(self) -> int:
        """Of the arrays and of what was drawn."""
        drawn = sum(len(uri) for uris in self._drawn.values() for uri in uris)
        return sum(grid.nbytes for grid in self.grids) + self.image_share.nbytes + drawn

    def of_head(self, head: Head) -> list[dict[str, Any]]:
        """One head's attention over each picture, with words."""
        share = self.image_share[head.layer, head.index]
        alt = f"Attention of {head} over {self.example.name}"
        return self._views([head], alt, f"{head}: {percent(share)} of its attention is on the picture")

    def in_small(self, head: Head) -> str:
        """One head's attention over the first picture, to stand among those of others."""
        return self._overlays((head,), _SMALL)[0]

    def of_mean(self, heads: Sequence[Head]) -> list[dict[str, Any]]:
        """The mean attention of some heads over each picture, with words."""
        alt = f"Mean attention of {len(heads)} heads over {self.example.name}"
        return self._views(heads, alt, f"the {len(heads)} heads that vote, on average")

    def _views(self, heads: Sequence[Head], alt: str, caption: str) -> list[dict[str, Any]]:
        return [{"picture": uri, "alt": alt, "caption": caption} for uri in self._overlays(tuple(heads), _EDGE)]

    def _overlays(self, heads: tuple[Head, ...], edge: int) -> list[str]:
        if (heads, edge) not in self._drawn:
            layers, indices = at_heads(heads)
            shown = 1 if edge == _SMALL else _PICTURES
            self._drawn[heads, edge] = [
                data_uri(overlay(picture, grid[layers, indices].mean(0), edge=edge))
                for picture, grid in list(zip(self.example.images, self.grids, strict=True))[:shown]
            ]
        return self._drawn[heads, edge]


def look_at(backbone: Backbone, example: Example) -> HeadAttention:
    """Run the model on an example and keep what all its heads look at.

    Raises:
        SavError: there is no picture, or the model cannot show what its heads look at.
    """
    from sav_core.activations.attention import attention_maps  # torch takes seconds, and the page must not wait for them

    if not example.images:
        raise InputError("This example has no picture to look at: choose another.")
    maps = attention_maps(backbone, example)
    shape = (backbone.geometry.layers, backbone.geometry.heads)
    return HeadAttention(
        example=example,
        grids=tuple(grid.reshape(*shape, *grid.shape[1:]) for grid in maps.pictures),
        image_share=maps.image_share.reshape(shape),
    )
