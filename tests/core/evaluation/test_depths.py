"""Accuracy by depth: the left-out figure of each depth is what ``judge_left_out`` says of the first layers alone."""

import numpy as np
import pytest

from sav_core.errors import CancelledError, SettingError
from sav_core.evaluation.depths import leave_out_by_depth
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.figures.depths import depth_figure
from sav_core.heads.classifier import HeadClassifier
from tests.support.problems import clusters, head_vectors


@pytest.fixture(scope="module")
def vectors():
    return clusters(layers=4, heads=3, noise=2.5)


@pytest.mark.parametrize("voting", ["majority", "reliability"])
def test_each_depth_is_judged_as_if_there_were_no_more_layers(vectors, voting):
    fits = leave_out_by_depth(HeadClassifier(1, voting), vectors)
    for n_kept in (1, 4, 99):
        curve = fits.at(n_kept)
        expected = [judge_left_out(HeadClassifier(n_kept, voting), vectors.up_to(layer)) for layer in range(4)]
        assert curve.right.tolist() == [each.right for each in expected]
        assert curve.n == expected[0].n


def test_layers_that_know_nothing_are_not_needed(vectors):
    values = vectors.values.copy()
    values[:, 2:] = np.random.default_rng(0).normal(size=values[:, 2:].shape)
    curve = leave_out_by_depth(HeadClassifier(2), head_vectors(values, vectors.labels)).at(2, [0.5, 1.0, 1.5, 4.0])
    assert curve.enough <= 2
    assert curve.timed
    assert curve.time.tolist() == [0.125, 0.25, 0.375, 1.0]
    assert all(low <= share <= high for (low, high), share in zip(curve.intervals, curve.accuracy, strict=True))


def test_without_a_model_at_hand_time_is_the_share_of_layers(vectors):
    curve = leave_out_by_depth(HeadClassifier(2), vectors).at(2)
    assert not curve.timed
    assert curve.time.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert "share of layers" in str(depth_figure(curve, 3).to_json())


def test_the_figure_has_both_curves_and_the_mark(vectors):
    curve = leave_out_by_depth(HeadClassifier(2), vectors).at(2, [1.0, 2.0, 3.0, 4.0])
    *_, accuracy, time, mark = depth_figure(curve, 2).data
    assert list(accuracy.y) == curve.accuracy.tolist()
    assert list(time.y) == curve.time.tolist()
    assert (list(mark.x), list(mark.y)) == ([2], [curve.accuracy[1]])


def test_it_can_be_stopped_and_says_what_it_cannot_judge(vectors):
    with pytest.raises(CancelledError):
        leave_out_by_depth(HeadClassifier(2), vectors, cancel=lambda: True)
    with pytest.raises(SettingError, match="needs another one"):
        leave_out_by_depth(HeadClassifier(2), clusters(per_label=1))
