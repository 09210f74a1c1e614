"""Boxes by hand: how two overlap, which cells one covers, and the best that a grid allows."""

import numpy as np
import pytest

from sav_core.errors import InputError
from sav_core.pointing.boxes import Box, covered, on_cell_edges


def test_intersection_over_union_by_hand():
    left, right = Box(0, 0, 0.5, 0.5), Box(0.25, 0, 0.75, 0.5)
    assert left.iou(right) == right.iou(left) == pytest.approx(1 / 3)  # an eighth of 3 eighths
    assert left.iou(left) == pytest.approx(1)
    assert left.iou(Box(0.5, 0.5, 1, 1)) == 0  # they touch at a corner


def test_pixels_and_points_of_a_box():
    box = Box(0.1, 0.2, 0.6, 0.8)
    assert box.pixels((200, 100)) == (20, 20, 120, 80)
    assert box.area == pytest.approx(0.3)
    assert box.middle == pytest.approx((0.35, 0.5))
    assert box.holds(0.1, 0.8)
    assert not box.holds(0.35, 0.81)


@pytest.mark.parametrize(
    "edges", [(0.5, 0, 0.5, 1), (0.6, 0, 0.5, 1), (0, 0, 1.1, 1), (-0.1, 0, 1, 1), (0, 0, float("nan"), 1)]
)
def test_what_is_no_box_within_the_picture_is_refused(edges):
    with pytest.raises(InputError, match="within the picture"):
        Box(*edges)


def test_a_cell_counts_by_how_much_of_it_lies_in_the_box():
    cells = covered(Box(0.25, 0, 1, 0.75), (2, 2))
    np.testing.assert_allclose(cells, [[0.5, 1], [0.25, 0.5]])
    assert cells.sum() / 4 == pytest.approx(Box(0.25, 0, 1, 0.75).area)


def test_the_best_box_on_cell_edges_is_the_best_of_all():
    rng = np.random.default_rng(0)
    for _ in range(20):
        left, right = sorted(rng.uniform(size=2))
        top, bottom = sorted(rng.uniform(size=2))
        box = Box(left, top, right, bottom)
        every = [Box(a / 4, c / 3, b / 4, d / 3) for b in range(5) for a in range(b) for d in range(4) for c in range(d)]
        assert box.iou(on_cell_edges(box, (3, 4))) == pytest.approx(max(map(box.iou, every)))
    assert on_cell_edges(Box(0.25, 1 / 3, 0.5, 1), (3, 4)) == Box(0.25, 1 / 3, 0.5, 1)
