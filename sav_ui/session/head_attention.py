"""What heads look at, as pictures: the model runs once on an example, and then any head and any mean of heads is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture, as_picture
from sav_core.errors import InputError
from sav_core.figures.boxes import boxed
from sav_core.figures.overlay import overlay
from sav_core.pointing.places import Place, point_on
from sav_core.types import Head, at_heads
from sav_ui.panels.thumbnails import data_uri
from sav_ui.panels.wording import percent

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone
    from sav_core.models.batching import Encoded

__all__ = ["HeadAttention", "look_at"]

_Draw: TypeAlias = Callable[[Sequence[tuple[Picture, Any]], int], list[str]]

_EDGE, _SMALL = 320, 144
_FRAME_EDGE = 200  # of a clip's frames, which stand side by side
_DRAWN = 100  # heads and groups of heads whose overlays and boxes are kept
_LOOK, _LITTLE, _BOX = "look", "little", "box"  # what is drawn of them
_PICTURES = 4  # of one example that are drawn


@dataclass(frozen=True)
class HeadAttention:
    """What every head of a model makes of one example's pictures, and of the frames of its clips.

    Attributes:
        example: what was looked at.
        stills: its pictures and, in the places of its clips, their frames, as they are drawn.
        grids: for each still ``float32 (layer, head, row, column)``, the attention to that part of it.
        image_share: ``float32 (layer, head)``, how much of a head's attention is on pictures at all.
    """

    example: Example
    stills: tuple[Picture, ...]
    grids: tuple[npt.NDArray[np.float32], ...]
    image_share: npt.NDArray[np.float32]
    _drawn: LRUCache[tuple[tuple[Head, ...], str], list[dict[str, Any]]] = field(
        default_factory=lambda: LRUCache(_DRAWN), repr=False, compare=False
    )

    @property
    def held_bytes(self) -> int:
        """Of the arrays and of what was drawn."""
        views = [view for views in self._drawn.values() for view in views]
        drawn = sum(len(part["picture"]) for view in views for part in (view, *view["frames"]))
        stills = sum(still.held_bytes for still in self.stills) if self.example.clips else 0  # else they are others' too
        return sum(grid.nbytes for grid in self.grids) + self.image_share.nbytes + drawn + stills

    def of_head(self, head: Head) -> list[dict[str, Any]]:
        """One head's attention over each picture, with words."""
        share = self.image_share[head.layer, head.index]
        alt = f"Attention of {head} over {self.example.name}"
        where = "the frames" if self.example.clips else "the picture"
        return self._views([head], alt, f"{head}: {percent(share)} of its attention is on {where}")

    def in_small(self, head: Head) -> str:
        """One head's attention over the first picture, or a clip's middle frame, to stand among those of others."""
        key = (head,), _LITTLE
        if key not in self._drawn:
            first = self.example.images[0]
            place = len(first.times) // 2 if isinstance(first, Clip) else 0
            drawn = overlay(self.stills[place], self._seen_by([head])[place], edge=_SMALL)
            self._drawn[key] = [{"picture": data_uri(drawn), "frames": []}]
        picture: str = self._drawn[key][0]["picture"]
        return picture

    def of_mean(self, heads: Sequence[Head]) -> list[dict[str, Any]]:
        """The mean attention of some heads over each picture, with words."""
        alt = f"Mean attention of {len(heads)} heads over {self.example.name}"
        return self._views(heads, alt, f"the {len(heads)} heads that vote, on average")

    def _views(self, heads: Sequence[Head], alt: str, caption: str) -> list[dict[str, Any]]:
        key = tuple(heads), _LOOK
        if key not in self._drawn:
            self._drawn[key] = self._draw(list(zip(self.stills, self._seen_by(heads), strict=True)), _overlays)
        return [{**view, "alt": alt, "caption": caption} for view in self._drawn[key]]

    def boxes_of(self, heads: Sequence[Head]) -> list[dict[str, Any]]:
        """Each picture with the box that some heads give, with how sure; of a clip's frames each with its own."""
        key = tuple(heads), _BOX
        if key not in self._drawn:
            layers, indices = at_heads(heads)
            places = [point_on(grid[layers, indices], heads) for grid in self.grids]
            views, told = self._draw(list(zip(self.stills, places, strict=True)), _boxes), iter(places)
            alt = f"The box that {len(heads)} heads give on {self.example.name}"
            for view in views:
                own = list(islice(told, max(1, len(view["frames"]))))
                view |= {"alt": alt, "caption": "" if view["frames"] else _sure(own[0])}
            self._drawn[key] = views
        return self._drawn[key]

    def _draw(self, stills: Sequence[tuple[Picture, Any]], draw: _Draw) -> list[dict[str, Any]]:
        """Each picture with what is drawn on it, and each clip frame by frame, its frames on one scale."""
        left = iter(stills)
        views: list[dict[str, Any]] = []
        for image in self.example.images[:_PICTURES]:
            if not isinstance(image, Clip):
                views.append({"picture": draw([next(left)], _EDGE)[0], "frames": []})
                continue
            drawn = draw(list(islice(left, len(image.times))), _FRAME_EDGE)
            frames = [{"picture": uri, "time": f"{time:.1f} s"} for uri, time in zip(drawn, image.times, strict=True)]
            views.append({"picture": "", "frames": frames})
        return views

    def _seen_by(self, heads: Sequence[Head]) -> list[npt.NDArray[np.float32]]:
        """The mean attention of some heads to each still, ``(row, column)``."""
        layers, indices = at_heads(heads)
        return [grid[layers, indices].mean(0) for grid in self.grids]


def _overlays(stills: Sequence[tuple[Picture, npt.NDArray[np.float32]]], edge: int) -> list[str]:
    peak = max(float(grid.max()) for _, grid in stills)
    return [data_uri(overlay(still, grid, peak=peak, edge=edge)) for still, grid in stills]


def _boxes(stills: Sequence[tuple[Picture, Place]], edge: int) -> list[str]:
    return [data_uri(boxed(still.thumbnail(edge), place.box.fractions(), place.peak)) for still, place in stills]


def _sure(place: Place) -> str:
    """How much of what the heads look at lies in their box, and whether they agree."""
    return (
        f"{percent(place.inside)} of their look at the picture is in the box, which is {percent(place.box.area)} of it; "
        f"{place.agree} of {len(place.heads)} look hardest inside"
    )


def look_at(
    backbone: Backbone, example: Example, read: tuple[Encoded, Callable[[], object]] | None = None
) -> HeadAttention:
    """Run the model on an example and keep what all its heads look at.

    Args:
        backbone: the model.
        example: with a picture or more.
        read: the example as the model takes it, and what has it read, where something else is wanted of the same forward.

    Raises:
        SavError: there is no picture, or the model cannot show what its heads look at.
    """
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.attention import attention_maps, attention_of_reading

    if not example.images:
        raise InputError("This example has no picture to look at: choose another.")
    maps = attention_maps(backbone, example) if read is None else attention_of_reading(backbone, example, *read)
    stills = example.images
    if example.clips:
        stills = tuple(as_picture(still.thumbnail(_FRAME_EDGE), still.name) for still in example.as_stills().images)
    shape = (backbone.geometry.layers, backbone.geometry.heads)
    return HeadAttention(
        example=example,
        stills=stills,
        grids=tuple(grid.reshape(*shape, *grid.shape[1:]) for grid in maps.pictures),
        image_share=maps.image_share.reshape(shape),
    )
