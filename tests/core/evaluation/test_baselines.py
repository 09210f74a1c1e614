import dataclasses

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.errors import CancelledError
from sav_core.evaluation.baselines import RANDOM_DRAWS, answer_baseline, episode_baselines, pixel_baseline, vector_baselines
from sav_core.evaluation.episodes import draw_episodes
from sav_core.evaluation.metrics import wilson_interval
from sav_core.heads.classifier import HeadClassifier
from tests.support.problems import clusters

OF_HEADS = {"all_heads", "random_heads", "best_head", "nearest_examples", "logistic_heads"}
OF_HIDDEN = {"hidden_mean", "hidden_logistic"}


def with_hidden(vectors, noise=0.5):
    rng = np.random.default_rng(0)
    means = np.random.default_rng(9).standard_normal((3, 12))
    codes = [int(label[-1]) for label in vectors.labels]
    hidden = means[codes] + noise * rng.standard_normal((len(codes), 12))
    return dataclasses.replace(vectors, hidden=hidden.astype(np.float32))


@pytest.fixture
def sets():
    both = with_hidden(clusters(per_label=12, noise=2.0))
    rows = np.arange(36).reshape(3, 12)
    return both.take(rows[:, :6].ravel()), both.take(rows[:, 6:].ravel())


def by_name(controls):
    return {control.name: control for control in controls}


def test_every_control_judges_the_same_queries(sets):
    support, test = sets
    classifier = HeadClassifier(n_kept=3).fit(support)
    found = by_name(vector_baselines(classifier, support, test))
    assert set(found) == OF_HEADS | OF_HIDDEN
    assert all(len(control.right) == 18 for control in found.values())
    assert found["all_heads"].accuracy == HeadClassifier(n_kept=20).fit(support).score(test)
    assert found["best_head"].accuracy == HeadClassifier(n_kept=1).fit(support).score(test)
    assert found["best_head"].interval == wilson_interval(int(found["best_head"].right.sum()), 18)
    without = dataclasses.replace(support, hidden=None)
    assert set(by_name(vector_baselines(classifier, without, test))) == OF_HEADS


def test_the_hidden_state_is_judged_by_the_cosine_to_its_class_means(sets):
    support, test = sets
    found = by_name(vector_baselines(HeadClassifier().fit(support), support, test))["hidden_mean"]
    codes = [int(label[-1]) for label in support.labels]
    means = np.stack([support.hidden[np.array(codes) == code].mean(0) for code in range(3)])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    winner = (test.hidden @ unit.T).argmax(1)
    assert found.right.tolist() == [
        float(f"label {code}" == label) for code, label in zip(winner, test.labels, strict=True)
    ]


def test_random_heads_are_seeded_draws_with_their_spread(sets):
    support, test = sets
    classifier = HeadClassifier(n_kept=3).fit(support)
    one, again, other = (by_name(vector_baselines(classifier, support, test, seed))["random_heads"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.right, again.right)
    assert one.right.tolist() != other.right.tolist()
    np.testing.assert_allclose(one.right * RANDOM_DRAWS, np.round(one.right * RANDOM_DRAWS))
    assert one.interval[0] <= one.accuracy <= one.interval[1]


def test_the_nearest_examples_vote(sets):
    support, test = sets
    classifier = HeadClassifier(n_kept=1).fit(support)
    found = by_name(vector_baselines(classifier, support, test))["nearest_examples"]
    head = classifier.kept_heads_[0]
    points, queries = support.values[:, head.layer, head.index], test.values[:, head.layer, head.index]
    cosine = (queries / np.linalg.norm(queries, axis=1, keepdims=True)) @ (
        points / np.linalg.norm(points, axis=1, keepdims=True)
    ).T
    for row, near in enumerate(np.argsort(-cosine, axis=1)[:, :5]):
        labels = [support.labels[place] for place in near]
        most = max(labels.count(label) for label in labels)
        winner = next(label for label in labels if labels.count(label) == most)
        assert found.right[row] == float(winner == test.labels[row])


def test_over_episodes_each_control_has_an_accuracy_each():
    vectors = with_hidden(clusters(noise=2.0))
    episodes = draw_episodes(vectors.labels, shots=3, count=3)
    found = episode_baselines(HeadClassifier(n_kept=3), vectors, episodes)
    assert set(found) == OF_HEADS | OF_HIDDEN
    support, test = (vectors.take(part.tolist()) for part in (episodes[1].support, episodes[1].queries))
    second = by_name(vector_baselines(HeadClassifier(n_kept=3).fit(support), support, test, seed=1))
    assert {name: accuracy[1] for name, accuracy in found.items()} == {n: c.accuracy for n, c in second.items()}
    with pytest.raises(CancelledError):
        episode_baselines(HeadClassifier(), vectors, episodes, cancel=lambda: True)


def test_pixels_are_a_nearest_mean_too():
    rng = np.random.default_rng(0)

    def painted(label, shade):
        noisy = np.clip(shade + rng.integers(-20, 20, (20, 20, 3)), 0, 255)
        return Example(noisy.astype(np.uint8), "?", label)

    support = [painted(label, shade) for label, shade in (("dark", 30), ("light", 220)) for _ in range(3)]
    assert pixel_baseline(support, [painted("dark", 40), painted("light", 200)]).accuracy == 1
    assert pixel_baseline(support, [painted("light", 40)]).accuracy == 0
    words = [Example((), "one", "a"), Example((), "two", "b")]
    assert pixel_baseline(words, words) is None


def test_answers_are_right_where_they_are_the_truth():
    control = answer_baseline("mine", ["a", "b", "b"], ["a", "a", "b"])
    assert control.right.tolist() == [1, 0, 1]
    assert control.interval == wilson_interval(2, 3)
