"""What every head looks at, for pointing: the model's attention from the prompt's last token to the places of a picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from sav_core.activations.attention import attention_maps
from sav_core.data.examples import Example
from sav_core.errors import CancelledError, InputError
from sav_core.models.backbones import Backbone
from sav_core.pointing.drawn import draw_two_sets
from sav_core.pointing.ranking import Look, PointingHeads, rank_by_boxes
from sav_core.scenes.draw import Sprites
from sav_core.types import Cancel, Progress, ProgressCallback

__all__ = ["look_of", "rank_on_scenes", "read_looks"]


def look_of(backbone: Backbone, example: Example) -> Look:
    """Run the model on an example once and return what each of its heads looks at.

    Raises:
        InputError: it has no picture.
        SavError: it cannot be known where this model's heads look, see ``attention_maps``.
    """
    if not example.images:
        raise InputError(f"There is nothing to point at in {example.name!r}: give an example with a picture.")
    maps = attention_maps(backbone, example)
    shape = backbone.geometry.shape[:2]
    pictures = tuple(grid.reshape(*shape, *grid.shape[1:]) for grid in maps.pictures)
    return Look(pictures, maps.image_share.reshape(shape))


def read_looks(
    backbone: Backbone,
    examples: Sequence[Example],
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> list[Look]:
    """Run the model once on each example and return what its heads look at in each.

    Args:
        backbone: the model.
        examples: what it is shown, each with a picture or more.
        progress: called after each example.
        cancel: asked before each example.

    Raises:
        SavError: as of ``look_of``.
        CancelledError: ``cancel`` said so.
    """
    looks: list[Look] = []
    started = time.perf_counter()
    for example in examples:
        if cancel is not None and cancel():
            raise CancelledError(f"Stopped after {len(looks)} of {len(examples)} pictures.")
        looks.append(look_of(backbone, example))
        if progress is not None:
            progress(Progress(len(looks), len(examples), time.perf_counter() - started))
    return looks


def rank_on_scenes(
    backbone: Backbone,
    sprites: Sprites,
    chosen: int,
    judged: int,
    *,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> PointingHeads:
    """Rank heads on some drawn scenes and return what others say of each, which show none of the same things.

    Args:
        backbone: the model.
        sprites: what is drawn.
        chosen: how many scenes to rank on.
        judged: how many others to look at.
        seed: decides everything.
        progress: called after each scene.
        cancel: asked before each scene.

    Raises:
        InputError: there are too few scenes, or too few things to draw.
        SavError: as of ``look_of``.
        CancelledError: ``cancel`` said so.
    """
    first, second = draw_two_sets(sprites, chosen, judged, seed=seed)
    looks = read_looks(backbone, [one.example for one in (*first, *second)], progress=progress, cancel=cancel)
    found, held_out = rank_by_boxes(looks[:chosen], first), rank_by_boxes(looks[chosen:], second)
    return replace(held_out, ranking=found.ranking, size=found.size)
