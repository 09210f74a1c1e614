"""Drawn scenes that ask about one thing: its box is where it is drawn, and heads are judged on other things."""

from random import Random

import numpy as np
import pytest

from sav_core.errors import InputError
from sav_core.pointing.drawn import ALONE, FAMILIES, draw_pointed, draw_two_sets
from sav_core.scenes.draw import Ground, Scene, arrange, draw, extent
from sav_core.vectors import shipped_sprites


@pytest.fixture(scope="module")
def sprites():
    return shipped_sprites()


def test_the_extent_of_a_thing_is_where_the_picture_differs_from_its_ground(sprites):
    scene = arrange(Random(5), sprites, ["cat", "bus", "key"])
    for thing in scene.things:
        empty, full = (np.asarray(draw(Scene(things, Ground(seed=1)), sprites, 192), int) for things in ((), (thing,)))
        rows, columns = np.nonzero(np.abs(empty - full).max(-1) > 40)
        seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert (
            np.abs(np.array(extent(thing, sprites, 192)) * 192 - seen).max() <= 4
        )  # what is nearly clear, or like the ground


def test_each_scene_asks_about_one_of_its_things_and_knows_where_the_others_are(sprites):
    scenes = draw_pointed(sprites, 8, seed=2, families=(*FAMILIES, ALONE))
    assert [one.family for one in scenes] == [*FAMILIES, ALONE] * 2
    for one in scenes:
        thing = one.example.name.split(": ")[1]
        assert one.family == ALONE or thing in one.example.question
        assert len(one.others) == 0 if one.family == ALONE else 1 <= len(one.others) <= 3
        assert not [other for other in one.others if other.iou(one.box) > 0.01]
    again = draw_pointed(sprites, 8, seed=2, families=(*FAMILIES, ALONE))
    assert [one.example.images[0].digest for one in scenes] == [one.example.images[0].digest for one in again]


def test_heads_are_judged_on_things_that_they_were_not_chosen_on(sprites):
    first, second = draw_two_sets(sprites, 8, 8)
    names = [{one.example.name.split(": ")[1] for one in side} for side in (first, second)]
    assert not set.intersection(*names)
    assert not {one.example.images[0].digest for one in first} & {one.example.images[0].digest for one in second}


def test_too_few_scenes_or_things_are_refused(sprites):
    for count, words in ((0, None), (4, ["cat", "bus"])):
        with pytest.raises(InputError, match="different things"):
            draw_pointed(sprites, count, words=words)
