"""Where planted looks point, and how that is judged beside simpler ways."""

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_core.pointing.boxes import Box
from sav_core.pointing.drawn import Pointed
from sav_core.pointing.judgement import CONDITIONS, judge, judgement_values
from sav_core.pointing.places import point, smoothed
from sav_core.pointing.ranking import Look
from sav_core.types import Head

BOX = Box(1 / 6, 1 / 2, 1 / 2, 5 / 6)  # columns 1 and 2 of six, rows 3 and 4


def looking_at(box, cells=6):
    grid = np.zeros((cells, cells), np.float32)
    left, top, right, bottom = (round(edge * cells) for edge in box.fractions())
    grid[top:bottom, left:right] = 1.0
    return grid / grid.sum()


def planted(box=BOX, cells=6):
    """Two layers of four heads: one head of each looks into the box, the others into corners or evenly."""
    other, even = looking_at(Box(0, 0, 1 / 6, 1 / 6)), np.full((cells, cells), 1 / cells**2, np.float32)
    layer = np.stack([other, looking_at(box, cells), even, other])
    grids = np.stack([layer, layer])
    return Look((grids,), grids.sum((2, 3)))


def test_the_box_is_that_of_what_the_heads_look_at():
    (place,) = point(planted(), [Head(0, 1), Head(1, 1)])
    assert place.box.iou(BOX) == pytest.approx(1)
    assert BOX.holds(*place.peak)
    assert place.inside > 0.95
    assert place.agree == 2
    assert place.grid.shape == (6, 6)


def test_one_head_that_looks_elsewhere_does_not_agree_and_the_larger_patch_is_taken():
    (place,) = point(planted(), [Head(0, 0), Head(0, 1), Head(1, 1)])
    assert place.box.iou(BOX) == pytest.approx(1)
    assert place.agree == 2
    assert 0.6 < place.inside < 0.7


def test_the_axes_of_a_grid_that_is_not_square_stay_apart():
    grid = np.zeros((2, 4), np.float32)
    grid[1, 3] = 1
    (place,) = point(Look((grid[None, None],), np.ones((1, 1), np.float32)), [Head(0, 0)])
    assert place.peak == (7 / 8, 3 / 4)
    assert place.box == Box(3 / 4, 1 / 2, 1, 1)


def test_a_look_at_nothing_in_particular_points_at_all_of_the_picture():
    (place,) = point(planted(), [Head(0, 2)])
    assert place.box == Box(0, 0, 1, 1)


def test_a_grid_is_smoothed_by_a_part_of_the_picture_however_fine_it_is():
    grid = np.zeros((48, 48))
    grid[24, 24] = 1
    fine, coarse = smoothed(grid), smoothed(grid[20:26, 20:26])
    assert fine[24, 26] == pytest.approx(fine[24, 24] * np.exp(-0.5), rel=1e-6)  # two cells are one deviation
    assert coarse[4, 4] > 0.99


def test_no_heads_point_nowhere():
    with pytest.raises(InputError, match="one head or more"):
        point(planted(), [])


def test_planted_heads_are_judged_better_than_others():
    boxes = [BOX, Box(0.5, 0, 5 / 6, 1 / 3), Box(2 / 3, 2 / 3, 1, 1)]
    pointed = [Pointed(Example((), "Where?"), box, family=name) for box, name in zip(boxes, "aab", strict=True)]
    looks = [planted(box) for box in boxes]
    found = judge(looks, pointed, [Head(0, 1), Head(1, 1)], draws=5, seed=1)
    assert {name: each.shape for name, each in found.iou.items()} == {
        **dict.fromkeys(CONDITIONS, (1, 3)),
        "random": (5, 3),
    }
    assert found.outcome("heads").iou > found.outcome("random").iou
    assert found.outcome("heads").hits == 1
    assert found.outcome("grid").iou == pytest.approx(1)  # they lie on cell edges
    assert found.outcome("centre").hits == pytest.approx(1 / 3)  # the middle is a corner of the first
    assert found.against_random.difference > 0
    assert found.of("b").n == 1
    again = judge(looks, pointed, [Head(0, 1), Head(1, 1)], draws=5, seed=1)
    np.testing.assert_array_equal(found.iou["random"], again.iou["random"])
    told = judgement_values(found)
    assert list(told["conditions"]) == list(CONDITIONS)
    assert told["conditions"]["heads"]["iou"] == pytest.approx(found.iou["heads"].mean())
    with pytest.raises(InputError, match="family 'c'"):
        found.of("c")


def test_judging_without_pictures_or_draws_is_refused():
    boxes, heads = [Pointed(Example((), "?"), BOX)], [Head(0, 1)]
    for looks, pointed, some, draws in (
        ([], [], heads, 5),
        ([planted()], [], heads, 5),
        ([planted()], boxes, heads, 0),
        ([planted()], boxes, [], 5),
    ):
        with pytest.raises(InputError, match="a box for each look"):
            judge(looks, pointed, some, draws=draws)
