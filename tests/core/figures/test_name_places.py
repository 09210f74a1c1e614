import re

import numpy as np
import pytest

from sav_core.figures.maps import head_map
from sav_core.figures.name_places import name_places
from sav_core.retrieval.projection import project
from sav_core.types import Head
from tests.support.problems import head_vectors

SIZE, SCALES = 13, (116.0, 160.0)


def placed(points, names):
    return name_places(np.array(points, dtype=float), names, size=SIZE, scales=SCALES, edge=1.16)


def box(point, name, place, scale):
    """Where Plotly draws a name: ``plots/scatter`` and ``components/drawing`` of its source, for a mark of 15 pixels."""
    width, clear = 0.5 * SIZE * len(name), 7.5 / 0.8 + 1
    (up, across), (x, y) = place.split(), np.array(point) * scale
    left = x + {"left": -clear - width, "center": -width / 2, "right": clear}[across]
    low = y + {"top": clear, "middle": -SIZE / 2, "bottom": -clear - SIZE}[up]
    return left, low, left + width, low + SIZE


def meet(one, other):
    return min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1


def test_a_name_alone_stands_above_its_point():
    assert placed([(0, 0)], ["alone"]) == ["top center"]
    assert placed(np.zeros((0, 2)), []) == []


@pytest.mark.parametrize("gap", [(0.02, 0.0), (0.0, 0.1), (0.15, 0.05), (0.0, 0.0)])
def test_names_of_points_that_lie_close_do_not_lie_on_each_other(gap):
    points, names = [(0.0, 0.0), gap, (0.5, 0.5)], ["butterfly", "dragonfly", "owl"]
    places = placed(points, names)
    assert None not in places
    for scale in SCALES:
        assert not meet(box(points[0], names[0], places[0], scale), box(points[1], names[1], places[1], scale))


def test_a_name_at_the_upper_edge_stands_inside():
    assert "top" not in placed([(0, 1.15)], ["a label"])[0]


def test_of_names_that_have_no_room_as_few_as_need_be_are_left_out():
    points = np.random.default_rng(3).uniform(-1, 1, (60, 2)).round(3)
    names = [f"label {number}" for number in range(60)]
    places = placed(points, names)
    shown = [(point, name, place) for point, name, place in zip(points, names, places, strict=True) if place]
    assert 30 < len(shown) < 60
    boxes = [box(*each, SCALES[-1]) for each in shown]
    assert not any(meet(one, other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert placed([(0, 0)] * 9, ["as wide as this"] * 9).count(None) >= 1


def test_a_map_says_how_many_names_it_leaves_out():
    vectors = head_vectors(np.ones((40, 1, 1, 4)), [f"the label {row:02}" for row in range(40)])
    figure = head_map(project(vectors, [Head(0, 0)]), vectors.names)
    shown = [name for name in figure.data[-1].text if name]
    missing = [re.match(r"(\d+) names have no room", note.text) for note in figure.layout.annotations]
    assert [int(each[1]) for each in missing if each] == [40 - len(shown)]
