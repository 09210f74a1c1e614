"""Heads ranked on planted looks: the one that looks into the box is first, and a look in one patch is compact."""

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_core.pointing.boxes import Box
from sav_core.pointing.drawn import Pointed
from sav_core.pointing.ranking import Look, rank_by_boxes, rank_by_entropy, share_inside, spatial_entropy
from sav_core.types import Head

CORNERS = {(0, 0): Box(0, 0, 0.5, 0.5), (0, 1): Box(0.5, 0, 1, 0.5), (1, 0): Box(0, 0.5, 0.5, 1)}


def at(row, column, on_picture=1.0):
    """A look at one of four cells alone."""
    grid = np.zeros((2, 2), np.float32)
    grid[row, column] = on_picture
    return grid


def even(on_picture=1.0):
    return np.full((2, 2), on_picture / 4, np.float32)


def look(*heads):
    """One layer of heads, each given by its map."""
    grids = np.stack(heads)[None]
    return Look((grids,), grids.sum((2, 3)))


def pointed(box, *others):
    return Pointed(Example((), "Where?"), box, others)


def test_the_head_that_looks_into_the_right_box_is_first():
    places = list(CORNERS)
    looks = [look(even(), at(1, 1), at(*place, 0.2), at(0, 0)) for place in places]
    found = rank_by_boxes(looks, [pointed(CORNERS[place], Box(0.5, 0.5, 1, 1)) for place in places])
    assert found.ranking == (Head(0, 2), Head(0, 3), Head(0, 0), Head(0, 1))
    np.testing.assert_allclose(found.inside[0], [0.25, 0, 1, 1 / 3])
    np.testing.assert_allclose(found.elsewhere[0], [0.25, 1, 0, 0])
    np.testing.assert_allclose(found.on_pictures[0], [1, 1, 0.2, 1])
    assert (found.even, found.size, found.n) == (0.25, (0.5, 0.5), 3)
    assert [found.points(head) for head in found.ranking] == [True, True, False, False]
    assert found.of(Head(0, 2))["inside"] == pytest.approx(1)
    assert found.best(2) == found.ranking[:2]


def test_without_other_things_known_nothing_is_said_of_them():
    found = rank_by_boxes([look(at(0, 0), even())], [pointed(CORNERS[0, 0])])
    assert found.of(Head(0, 0))["elsewhere"] is None
    assert found.of(Head(0, 1))["entropy"] is None  # of a look at no place in particular
    assert found.points(Head(0, 0))
    assert not found.points(Head(0, 1))


def test_a_share_counts_parts_of_cells_and_an_empty_look_is_even():
    grids = np.stack([at(0, 0), even(), np.zeros((2, 2), np.float32)])
    np.testing.assert_allclose(share_inside(grids, Box(0, 0, 0.25, 1)), [0.5, 0.25, 0.25])


def test_entropy_by_hand():
    grid = np.zeros((5, 5))
    assert spatial_entropy(grid) == float("inf")
    grid[0, 0] = grid[1, 1] = 1.0  # touch at a corner: one patch
    assert spatial_entropy(grid) == 0.0
    grid[4, 4] = grid[4, 0] = 1.0  # patches of 2, 1 and 1 cells
    assert spatial_entropy(grid) == pytest.approx(1.5 * np.log(2))
    assert spatial_entropy(3 * grid + 0.01) == pytest.approx(1.5 * np.log(2))


def test_without_boxes_the_compact_looks_of_heads_that_look_at_the_picture_are_first():
    compact, scattered = np.zeros((6, 6)), np.zeros((6, 6))
    compact[2:4, 2:4] = 1 / 4
    scattered[::2, ::2] = 1 / 9
    heads = [0.02 * compact, 0.01 * compact, *[0.8 * scattered] * 12, 0.9 * compact, 0.85 * scattered]
    found = rank_by_entropy([look(*(each.astype(np.float32) for each in heads))] * 2)
    assert found.ranking[0] == Head(0, 14)
    assert not {Head(0, 0), Head(0, 1)} & set(found.ranking)  # compact, but hardly at the picture
    assert found.selected.sum() == pytest.approx(10)
    assert found.selected[0, 15] == 1  # of equal entropy, who looks at the picture more
    assert found.of(Head(0, 14))["inside"] is None


def test_nothing_to_rank_is_refused():
    for rank in (lambda: rank_by_boxes([], []), lambda: rank_by_entropy([]), lambda: rank_by_boxes([look(even())], [])):
        with pytest.raises(InputError):
            rank()
    with pytest.raises(InputError, match="1 or more"):
        rank_by_entropy([look(even())]).best(0)
