import numpy as np
import pytest

from sav_core.evaluation.intervals import MeanDifference
from sav_core.figures.causes import SwitchedOff, loss_figure


def test_bars_stand_in_the_order_given_and_draws_are_dots():
    accuracy, likely = MeanDifference(0.25, (0.1, 0.4), 0.01, 20), MeanDifference(1.5, (1.0, 2.0), 0.01, 20)
    none = MeanDifference(0.0, (0.0, 0.0), 1.0, 20)
    figure = loss_figure(
        [SwitchedOff("kept <b>", accuracy, likely, ours=True), SwitchedOff("random", none, none, draws=(0.1, -0.1))]
    )
    above, below, dots = figure.data
    assert list(above.y) == list(below.y) == ["random", "kept &lt;b&gt;"]  # the last is drawn on top
    assert list(above.x) == [0, 25]
    assert list(below.x) == [0, 1.5]
    np.testing.assert_allclose([below.error_x.array[1], below.error_x.arrayminus[1]], [0.5, 0.5])
    assert above.customdata[1][0] == "+25"
    assert above.marker.color[0] != above.marker.color[1]
    assert list(dots.x) == pytest.approx([0.1, -0.1])
    assert set(dots.y) == {"random"}
