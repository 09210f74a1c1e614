import numpy as np
import pytest

from sav_core.errors import CancelledError, InputError, SettingError
from sav_core.evaluation.episodes import draw_episodes, run_episodes
from sav_core.evaluation.metrics import wilson_interval
from sav_core.evaluation.sweeps import head_numbers, sweep_draws, sweep_heads, sweep_heads_over, sweep_shots, transfer_heads
from sav_core.heads.classifier import HeadClassifier
from tests.support.problems import clusters, head_vectors


def test_numbers_of_heads_end_with_all():
    assert head_numbers(784)[-1] == 784
    assert head_numbers(12) == (1, 2, 3, 5, 10, 12)
    assert head_numbers(1) == (1,)


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_each_point_is_a_fit_with_so_many_heads(voting):
    support, test = clusters(noise=2.5), clusters(noise=2.5, seed=7)
    points = sweep_heads(HeadClassifier(voting=voting).fit(support), test, [20, 1, 4, 4])
    assert [point.value for point in points] == [1, 4, 20]
    for point in points:
        accuracy = HeadClassifier(n_kept=point.value, voting=voting).fit(support).score(test)
        assert point.accuracy == pytest.approx(accuracy)
        assert point.interval == wilson_interval(round(accuracy * 18), 18)


def test_a_label_that_was_not_taught_is_never_right():
    test = head_vectors(clusters().values[:6], ["label 0"] * 3 + ["emu"] * 3)
    (point,) = sweep_heads(HeadClassifier().fit(clusters(noise=0.1)), test, [20])
    assert point.accuracy <= 0.5


def test_shots_are_episodes_with_fewer_examples():
    vectors = clusters(n_labels=3, per_label=10, noise=3.0)
    episodes = draw_episodes(vectors.labels, shots=6, count=6)
    points = sweep_shots(HeadClassifier(), vectors, episodes, [6, 1, 3])
    assert [(point.value, point.n) for point in points] == [(1, 6), (3, 6), (6, 6)]
    assert points[-1].accuracy == run_episodes(HeadClassifier(), vectors, episodes).mean
    with pytest.raises(SettingError, match="shots must be from 1 to 6"):
        sweep_shots(HeadClassifier(), vectors, episodes, [7])


def test_draws_that_are_all_the_support_have_the_interval_of_the_headline():
    """Five times the same answers are no surer than once: on the same queries both sweeps say the same."""
    support, test = clusters(noise=3.0), clusters(noise=3.0, seed=7)
    rows = np.arange(len(support)).reshape(3, 6).T.ravel()  # labels in turn
    draws = [rows, np.roll(rows, 3), np.roll(rows, 6)]
    fitted = HeadClassifier().fit(support)
    few, every = sweep_draws(HeadClassifier(), support, test, draws, [6, 1])
    (beside,) = sweep_heads(fitted, test, [20])
    assert (every.value, every.accuracy, every.interval, every.n) == (6, beside.accuracy, beside.interval, 18)
    wilson = wilson_interval(few.accuracy * 18, 18)
    assert few.interval[0] <= wilson[0] + 1e-9 < few.accuracy < wilson[1] - 1e-9 <= few.interval[1]
    with pytest.raises(SettingError, match="shots must be from 1 to 6"):
        sweep_draws(HeadClassifier(), support, test, draws, [7])
    with pytest.raises(CancelledError):
        sweep_draws(HeadClassifier(), support, test, draws, [1], cancel=lambda: True)


def test_heads_move_to_another_task_with_its_own_centroids():
    source = HeadClassifier(n_kept=4).fit(clusters(seed=1))
    target = HeadClassifier(n_kept=4).fit(clusters(seed=2))
    moved = transfer_heads(source, target)
    assert moved.kept_heads_ == source.kept_heads_ != target.kept_heads_
    assert moved.classes_.tolist() == target.classes_.tolist()
    np.testing.assert_array_equal(moved.fitted_.centroids, target.fitted_.centroids)
    with pytest.raises(InputError, match="classifiers of one model"):
        transfer_heads(HeadClassifier().fit(clusters(dim=4)), target)


def test_nothing_to_sweep_is_refused():
    classifier = HeadClassifier().fit(clusters())
    with pytest.raises(SettingError, match="Numbers of heads"):
        sweep_heads(classifier, clusters(), [0])
    with pytest.raises(InputError, match="nothing to evaluate"):
        sweep_heads(classifier, clusters(), [1], rows=[])


def test_heads_swept_over_episodes_are_the_mean_of_each_episodes_sweep():
    vectors = clusters(noise=3.0)
    episodes = draw_episodes(vectors.labels, shots=3, count=4, seed=2)
    points = sweep_heads_over(HeadClassifier(), vectors, episodes, [1, 5])
    each = [
        sweep_heads(HeadClassifier().fit(vectors, rows=e.support.tolist()), vectors, [1, 5], e.queries.tolist())
        for e in episodes
    ]
    assert [point.value for point in points] == [1, 5]
    for place, point in enumerate(points):
        assert point.accuracy == pytest.approx(np.mean([own[place].accuracy for own in each]))
        assert point.interval[0] <= point.accuracy <= point.interval[1]
        assert point.n == 4
    with pytest.raises(CancelledError):
        sweep_heads_over(HeadClassifier(), vectors, episodes, cancel=lambda: True)
