"""Drawn scenes with a question about one thing of each, and the box of that thing: known, for it was drawn there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.errors import InputError
from sav_core.pointing.boxes import Box
from sav_core.scenes.draw import Sprites, arrange, draw, extent
from sav_core.scenes.questions import WORDINGS, Claim

__all__ = ["ALONE", "FAMILIES", "Pointed", "draw_pointed", "draw_two_sets", "where_is"]

FAMILIES = ("where", "colour", "presence")
"""Families of questions that name one thing, of those in ``WORDINGS``."""

ALONE = "name"
"""The one that names none, and is asked of scenes that hold one thing."""

_SIDE = 192  # px: what the embedded model reads
_THINGS = (2, 3, 4)  # in a scene, so that a look at whatever stands out is not a look at what is asked about


@dataclass(frozen=True)
class Pointed:
    """A picture with a question about a thing in it.

    Attributes:
        example: the picture and the question.
        box: where the thing is.
        others: where other things are, if that is known.
        family: of the question, where it was drawn.
    """

    example: Example
    box: Box
    others: tuple[Box, ...] = ()
    family: str = ""


def where_is(thing: str) -> str:
    """The question that asks for a thing."""
    return WORDINGS["where"][0].format(name=thing)


def draw_pointed(
    sprites: Sprites,
    count: int,
    *,
    seed: int = 0,
    words: Sequence[str] | None = None,
    families: Sequence[str] = FAMILIES,
    side: int = _SIDE,
) -> tuple[Pointed, ...]:
    """Draw scenes and ask about a thing in each, the families of questions in turn; the same seed draws the same.

    Args:
        sprites: the cut-outs.
        count: how many scenes.
        seed: decides everything.
        words: which things to draw; all by default.
        families: of the questions, some of ``FAMILIES`` and ``ALONE``.
        side: of the pictures, in pixels.

    Raises:
        InputError: there is not one scene, or there are fewer things than a scene may hold.
    """
    words = sorted(sprites.names if words is None else words)
    if count < 1 or len(words) < max(_THINGS):
        raise InputError(
            f"Drawing needs one scene or more and {max(_THINGS)} different things or more, but {count} scenes of "
            f"{len(words)} were asked for."
        )
    return tuple(_scene(sprites, words, families[place % len(families)], place, seed, side) for place in range(count))


def draw_two_sets(
    sprites: Sprites, chosen: int, judged: int, *, seed: int = 0, families: Sequence[str] = FAMILIES, side: int = _SIDE
) -> tuple[tuple[Pointed, ...], tuple[Pointed, ...]]:
    """Draw scenes to choose heads on and others to judge them on, which show none of the same things.

    Args:
        sprites: the cut-outs.
        chosen: how many scenes to choose heads on.
        judged: how many to judge them on.
        seed: decides everything.
        families: of the questions, as of ``draw_pointed``.
        side: of the pictures, in pixels.

    Raises:
        InputError: as of ``draw_pointed``.
    """
    words = list(sprites.names)
    Random(f"{seed} things").shuffle(words)  # noqa: S311  # pictures, not secrets
    half = len(words) // 2
    return (
        draw_pointed(sprites, chosen, seed=2 * seed, words=words[:half], families=families, side=side),
        draw_pointed(sprites, judged, seed=2 * seed + 1, words=words[half:], families=families, side=side),
    )


def _scene(sprites: Sprites, words: Sequence[str], family: str, place: int, seed: int, side: int) -> Pointed:
    rng = Random(f"{seed} pointing {place}")  # noqa: S311
    names = rng.sample(words, 1 if family == ALONE else rng.choice(_THINGS))
    scene = arrange(rng, sprites, names, tinted=1.0 if family == "colour" else 0.5)
    thing = rng.choice(scene.things)
    question = WORDINGS[family][0].format(name=thing.name, a_thing=Claim(thing.name))
    picture = as_picture(draw(scene, sprites, side), f"scene {place + 1}: {thing.name}")
    boxes = {id(each): Box(*extent(each, sprites, side)) for each in scene.things}
    others = tuple(boxes[id(each)] for each in scene.things if each is not thing)
    return Pointed(Example(picture, question), boxes[id(thing)], others, family)
