"""What heads look at, as pictures with a caption: one head's attention beside the mean of those that vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sav_core.errors import InputError
from sav_core.overlays import overlay
from sav_core.records import Example, Head
from sav_ui.thumbs import data_uri

if TYPE_CHECKING:
    from sav_core.backbones import Backbone

__all__ = ["attention_views"]

_EDGE = 320


def attention_views(
    backbone: Backbone, example: Example, heads: Sequence[Head], kept: Sequence[Head]
) -> list[list[dict[str, Any]]]:
    """For each head: its attention over the example's first picture, and the mean of the kept heads'.

    Raises:
        SavError: the model cannot show what its heads look at.
    """
    from sav_core.attention import attention_maps  # torch takes seconds, and the page must not wait for them

    if not example.images:
        raise InputError("This example has no picture to look at: choose another.")
    maps = attention_maps(backbone, example, [*heads, *kept])
    grids, picture = maps.pictures[0], example.images[0]
    mean = {
        "picture": data_uri(overlay(picture, grids[len(heads) :].mean(0), edge=_EDGE)),
        "alt": f"Mean attention of {len(kept)} heads over {example.name}",
        "caption": f"the {len(kept)} heads that vote, on average",
    }
    return [
        [
            {
                "picture": data_uri(overlay(picture, grids[place], edge=_EDGE)),
                "alt": f"Attention of {head} over {example.name}",
                "caption": f"{head}: {maps.image_share[place]:.0%} of its attention is on the picture",
            },
            mean,
        ]
        for place, head in enumerate(heads)
    ]
