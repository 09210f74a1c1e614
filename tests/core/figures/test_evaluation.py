import numpy as np
import pytest

from sav_core.evaluation.baselines import Baseline, answer_baseline
from sav_core.evaluation.curves import reliability_diagram, roc, selective_accuracy
from sav_core.evaluation.sweeps import SweepPoint
from sav_core.figures.evaluation import calibration_figure, dot_plot, roc_figure, selective_figure, sweep_figure
from sav_core.wording import percent

CONFIDENCE = np.array([0.15, 0.55, 0.58, 0.95, 0.97, 1.0])
RIGHT = np.array([False, True, False, True, True, True])


def test_the_calibration_figure_draws_the_bins_that_have_answers():
    diagram = reliability_diagram(CONFIDENCE, RIGHT)
    diagonal, bins = calibration_figure(diagram).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]
    assert list(bins.y) == [0, 0.5, 1]
    assert list(bins.x) == pytest.approx([0.15, 0.565, 2.92 / 3])
    assert [cell[3] for cell in bins.customdata] == [1, 2, 3]
    assert percent(diagram.expected_error, 1) in calibration_figure(diagram).layout.title.text


def test_the_selective_figure_marks_the_threshold_on_the_curve():
    curve = selective_accuracy(CONFIDENCE, RIGHT)
    line, mark = selective_figure(curve, 0.9).data
    assert list(line.x) == list(curve.coverage)
    assert (mark.x[0], mark.y[0]) == (0.5, 1.0)
    assert len(selective_figure(curve).data) == 1
    assert len(selective_figure(curve, 1.01).data) == 1  # nothing is answered there


def test_a_curve_of_thousands_of_answers_is_drawn_with_what_can_be_told_apart():
    noise = np.random.default_rng(0)
    sure, taught = noise.uniform(size=3000), np.arange(3000) % 3 > 0
    curve, gone = selective_accuracy(sure, noise.uniform(size=3000) < sure), roc(sure, taught)
    assert len(curve.coverage) == 3000
    for figure, x, y in (
        (selective_figure(curve), curve.coverage, curve.accuracy),
        (roc_figure(gone), gone.false_rate, gone.true_rate),
    ):
        line = figure.data[-1]
        assert len(line.x) == len(line.customdata) == 400
        assert (line.x[0], line.x[-1], line.y[0], line.y[-1]) == (x[0], x[-1], y[0], y[-1])
        assert set(zip(line.x, line.y, strict=True)) <= set(zip(x, y, strict=True))
        assert len(figure.to_json()) < 40_000


def test_the_roc_figure_draws_the_curve_and_its_area():
    curve = roc(CONFIDENCE, RIGHT)
    figure = roc_figure(curve)
    assert list(figure.data[1].y) == list(curve.true_rate)
    assert figure.layout.title.text == f"area {curve.area:.3f}"


def test_the_dot_plot_puts_the_best_on_top_and_marks_ours():
    ours = answer_baseline("kept_heads", ["a", "a", "b", "b"], ["a", "a", "b", "a"])
    better = answer_baseline("hidden_mean", ["a"] * 4, ["a"] * 4)
    draws = Baseline("random_heads", np.full(4, 0.3), (0.31, 0.4))
    (dots,) = dot_plot([ours, better, draws], chance=0.5).data
    assert list(dots.y) == ["random heads", "kept heads", "hidden mean"]
    assert list(dots.x) == pytest.approx([0.3, 0.75, 1.0])
    assert len(set(dots.marker.color)) == 2
    assert dots.marker.color[1] not in (dots.marker.color[0], dots.marker.color[2])
    assert min(dots.error_x.arrayminus) == 0


def test_every_dot_plot_shows_none_right_to_all_right():
    """Two plots of near values must not look as far apart as two of unlike ones."""
    near = [
        answer_baseline(name, ["a"] * right + ["b"] * (40 - right), ["a"] * 40)
        for name, right in (("one", 39), ("two", 38))
    ]
    axis = dot_plot(near).layout.xaxis
    assert (axis.range[0] < 0, axis.range[1] > 1) == (True, True)
    assert len(axis.tickvals) <= 5  # words enough for a phone
    assert not dot_plot(near).data[0].cliponaxis


def test_the_sweep_figure_marks_the_number_in_use_and_keeps_intervals_around_their_points():
    points = [SweepPoint(number, 0.5, (0.4, 0.7), 10) for number in (1, 2, 3, 20, 30, 33)]
    figure = sweep_figure(points, "heads that vote", 20, 0.25)
    line = figure.data[0]
    assert list(line.x) == [1, 2, 3, 20, 30, 33]
    assert [place for place, size in enumerate(line.marker.size) if size > 8] == [3]
    assert list(line.error_y.array) == pytest.approx([0.2] * 6)
    assert list(line.error_y.arrayminus) == pytest.approx([0.1] * 6)
    assert list(figure.layout.xaxis.tickvals) == [1, 2, 3, 20, 33]  # 30 would touch 33
    assert figure.layout.xaxis.title.text == "heads that vote"
