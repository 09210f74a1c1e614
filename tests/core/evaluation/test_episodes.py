import numpy as np
import pytest

from sav_core.errors import CancelledError, InputError, SettingError
from sav_core.evaluation.episodes import draw_episodes, run_episodes
from sav_core.heads.classifier import HeadClassifier
from tests.support.problems import clusters

LABELS = [f"label {row % 4}" for row in range(40)]


def test_an_episode_is_stratified_and_its_parts_are_disjoint():
    for episode in draw_episodes(LABELS, shots=3, count=20, n_way=2, queries=4, seed=1):
        support = [LABELS[row] for row in episode.support]
        queries = [LABELS[row] for row in episode.queries]
        assert len(episode.labels) == 2
        assert {label: support.count(label) for label in support} == dict.fromkeys(episode.labels, 3)
        assert {label: queries.count(label) for label in queries} == dict.fromkeys(episode.labels, 4)
        assert not set(episode.support) & set(episode.queries)


def test_all_that_is_left_is_judged_by_default_and_all_labels_take_part():
    (episode,) = draw_episodes(LABELS, shots=2, count=1)
    assert sorted([*episode.support, *episode.queries]) == list(range(40))


def test_the_seed_is_the_episode():
    def drawn(seed):
        return [e.support.tolist() for e in draw_episodes(LABELS, shots=2, count=5, seed=seed)]

    assert drawn(3) == drawn(3) != drawn(4)


def test_fewer_shots_are_a_part_of_more_with_the_same_queries():
    (episode,) = draw_episodes(LABELS, shots=5, count=1)
    fewer = episode.with_shots(2)
    assert set(fewer.support) < set(episode.support)
    assert sorted(LABELS[row] for row in fewer.support) == sorted(episode.labels * 2)
    np.testing.assert_array_equal(fewer.queries, episode.queries)
    with pytest.raises(SettingError, match="shots must be from 1 to 5"):
        episode.with_shots(6)


def test_running_is_fitting_on_each_support():
    vectors = clusters(n_labels=3, per_label=8, noise=2.0)
    episodes = draw_episodes(vectors.labels, shots=3, count=4, seed=2)
    result = run_episodes(HeadClassifier(n_kept=3), vectors, episodes)
    for accuracy, episode in zip(result.accuracy, episodes, strict=True):
        fitted = HeadClassifier(n_kept=3).fit(vectors.take(episode.support.tolist()))
        assert accuracy == pytest.approx(fitted.score(vectors.take(episode.queries.tolist())))
    assert result.mean == pytest.approx(result.accuracy.mean())
    assert result.evaluation.n == 4 * 15
    assert result.evaluation.accuracy == pytest.approx(result.mean)
    assert result.interval[0] <= result.mean <= result.interval[1]


def test_it_can_be_stopped():
    vectors = clusters()
    episodes = draw_episodes(vectors.labels, shots=2, count=3)
    with pytest.raises(CancelledError, match="after 0 of 3 episodes"):
        run_episodes(HeadClassifier(), vectors, episodes, cancel=lambda: True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shots": 10}, InputError, "'label 0' has 10"),
        ({"shots": 0}, SettingError, "shots must be 1 or more"),
        ({"shots": 1, "count": 0}, SettingError, "count must be 1 or more"),
        ({"shots": 1, "queries": 0}, SettingError, "queries must be 1 or more"),
        ({"shots": 1, "n_way": 5}, SettingError, "n_way must be from 2 to 4"),
        ({"shots": 1, "n_way": 1}, SettingError, "n_way must be from 2 to 4"),
    ],
)
def test_episodes_that_cannot_be_drawn_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        draw_episodes(LABELS, **{"count": 1, **options})


def test_examples_without_label_are_refused():
    with pytest.raises(InputError, match="one has no label"):
        draw_episodes(["a", None], shots=1, count=1)
    with pytest.raises(InputError, match="no episodes"):
        run_episodes(HeadClassifier(), clusters(), [])
