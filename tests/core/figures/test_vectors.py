import numpy as np
import pytest

from sav_core.figures.style import DIVERGING, OUTLINE
from sav_core.figures.vectors import effect_heatmap, place_heatmap, tuning_curve
from sav_core.types import Head


@pytest.fixture
def effect():
    """The effects of 3 layers x 4 heads, most of them small, one harmful."""
    values = np.random.default_rng(0).normal(0, 0.01, (3, 4))
    values[1, 2], values[2, 0] = 0.4, -0.1
    return values


def ranked(effect):
    order = np.argsort(-effect, axis=None, kind="stable")
    return tuple(Head(*divmod(int(flat), effect.shape[1])) for flat in order)


def luminance(colour):
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_no_effect_is_the_palest_colour_whatever_the_effects_are(effect):
    for values in (effect, -effect, np.zeros((3, 4))):
        trace = effect_heatmap(values, values, values, ranked(values), 2).data[0]
        assert trace.zmin == -trace.zmax
        assert trace.zmin < 0 < trace.zmax
        assert np.abs(values).max() <= trace.zmax


def test_small_effects_are_seen_beside_one_that_has_nearly_all_and_every_number_is_true():
    effect = np.full((8, 8), 0.0)
    effect[2, 3], effect[5, 5], effect[6, 1] = 0.87, 0.02, -0.02
    trace = effect_heatmap(effect, effect, effect, ranked(effect), 1).data[0]
    assert trace.z[5, 5] / trace.zmax > 0.15, "a fortieth of the largest has a sixth of its colour"
    assert trace.z[6, 1] == -trace.z[5, 5]
    np.testing.assert_array_equal(trace.customdata[:, :, 4].astype(float), effect)
    assert "%{z" not in trace.hovertemplate
    bar = trace.colorbar
    assert list(bar.ticktext) == ["-0.87", "-0.22", "0", "+0.22", "+0.87"]
    for place, words in zip(bar.tickvals, bar.ticktext, strict=True):
        assert np.sign(place) * place**2 == pytest.approx(float(words), abs=0.005)


def test_the_frame_of_a_head_at_the_edge_lies_inside_the_plot_and_stands_out_from_what_is_kept(effect):
    for head in (Head(0, 0), Head(2, 3)):
        figure = effect_heatmap(effect, effect, effect, ranked(effect), 1, selected=head)
        kept, halo, chosen = figure.layout.shapes
        assert (halo.line.color, chosen.line.color) == ("white", OUTLINE)
        assert halo.line.width > chosen.line.width > kept.line.width
        for axis, ends in ((figure.layout.xaxis, (chosen.x0, chosen.x1)), (figure.layout.yaxis, (chosen.y0, chosen.y1))):
            assert axis.range[0] < min(ends)
            assert max(ends) < axis.range[1]


def test_both_arms_darken_evenly_in_light_and_brighten_in_dark(effect):
    light = [luminance(colour) for colour in DIVERGING]
    assert light[:4] == sorted(light[:4])
    assert light[3:] == sorted(light[3:], reverse=True)
    trace = effect_heatmap(effect, effect, effect, ranked(effect), 1).data[0]
    dark = [luminance(colour) for _, colour in trace.meta["dark"]]
    assert dark[:4] == sorted(dark[:4], reverse=True)
    assert dark[3:] == sorted(dark[3:])


def test_leading_heads_are_framed_in_order_and_others_ringed_where_they_are(effect):
    also = (Head(0, 3), Head(1, 2))
    figure = effect_heatmap(effect, effect - 0.1, effect + 0.1, ranked(effect), 3, also=also, also_are="pets <b>")
    frames = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    rings = [shape for shape in figure.layout.shapes if shape.type == "circle"]
    middle = [((s.y0 + s.y1) / 2, (s.x0 + s.x1) / 2) for s in frames]
    assert middle == [(head.layer, head.index) for head in ranked(effect)[:3]]
    assert [((s.y0 + s.y1) / 2, (s.x0 + s.x1) / 2) for s in rings] == [(0, 3), (1, 2)]
    hover = figure.data[0].customdata
    assert hover[1, 2, 3] == "<br>number 2 of pets &lt;b&gt;"
    assert hover[1, 2, 2] == 1
    assert (hover[1, 2, 0], hover[1, 2, 1]) == pytest.approx((0.3, 0.5))
    assert hover[0, 0, 3] == ""


def test_the_place_in_use_is_framed_and_every_cell_says_its_accuracy():
    accuracy = np.array([[0.1, 0.9], [0.2, 0.4], [0.0, 0.3]])
    figure = place_heatmap(accuracy, (0.5, 2.0), (0, 1), 30)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.y0) == (0.5, -0.5)
    words = {(note.y, note.x): note.text for note in figure.layout.annotations if note.text.endswith("%")}
    assert words == {(row, column): f"{100 * accuracy[row, column]:.0f} %" for row in range(3) for column in range(2)}
    assert list(figure.layout.xaxis.ticktext) == ["0.5", "2"]
    (between,) = place_heatmap(accuracy, (0.5, 2.0), (2, 0.5), 30).layout.shapes
    assert (between.x0, between.x1, between.y0) == (0.0, 1.0, 1.5), "half-way between two scales"
    assert not place_heatmap(accuracy, (0.5, 2.0), None, 30).layout.shapes


def test_every_tuned_vector_has_its_line_and_every_level_its_name():
    curves = {"tuned": np.array([[0, 0.1, 0.2], [10, 0.6, 0.4]]), "random start": np.array([[0, 0.0, 0.1]])}
    figure = tuning_curve(curves, {"in context": 0.7, "zero-shot": 0.0}, steps=50)
    assert [(line.name, list(line.y)) for line in figure.data] == [
        ("tuned", [0.1, 0.6]),
        ("random start", [0.0]),
        ("in context 70 %", [0.7, 0.7]),
        ("zero-shot 0 %", [0.0, 0.0]),
    ]
    assert len({line.line.dash for line in figure.data}) == 4
    assert tuple(figure.layout.xaxis.range) == (0, 50)
