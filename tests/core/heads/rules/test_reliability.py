import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import sampled_from

from sav_core.errors import SettingError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules.reliability import BELIEFS, fit_reliability, heads_by_label, soft_votes, vote_weights
from sav_core.types import Head
from tests.support.oracle import mean
from tests.support.problems import clusters, head_vectors, problems
from tests.support.rule_oracles import reliabilities, soft_vote, weighted_vote


@settings(max_examples=120, deadline=None)
@given(problem=problems(), belief=sampled_from(BELIEFS))
def test_reliabilities_and_shares_are_those_of_the_formula(problem, belief):
    support, labels, queries = problem
    labels, classes = list(labels), sorted(set(labels))
    vectors = head_vectors(support, labels)
    if all(labels.count(label) == 1 for label in classes):
        with pytest.raises(SettingError, match="reliability voting"):
            HeadClassifier(voting="reliability").fit(vectors)
        return
    classifier = HeadClassifier(n_kept=2, voting="reliability", belief=belief).fit(vectors)
    plain = support.astype(float).tolist()
    heads = [Head(layer, index) for layer in range(support.shape[1]) for index in range(support.shape[2])]
    reliability, centroids = {}, {}
    for head in heads:
        points = [example[head.layer][head.index] for example in plain]
        reliability[head] = reliabilities(points, labels, classes, belief)
        centroids[head] = [mean([p for p, own in zip(points, labels, strict=True) if own == c]) for c in classes]
        found = classifier.fitted_.rule.reliability[head.layer, head.index]
        np.testing.assert_allclose(found, reliability[head], atol=2e-6)
        # ties are decided on what the library rounded: sums in another order differ in the last digit
        reliability[head] = found.tolist()
    ranking = classifier.fitted_.scores.ranking
    for query, prediction in zip(queries.astype(float), classifier.predict(head_vectors(queries)), strict=True):
        by_head = {head: query[head.layer, head.index].tolist() for head in heads}
        shares = weighted_vote(by_head, heads, centroids, reliability, classes, 2, ranking)
        np.testing.assert_allclose(list(prediction.shares.values()), shares, atol=2e-6)
        best = prediction.votes[0].head
        np.testing.assert_allclose(prediction.opinions[0], soft_vote(by_head[best], centroids[best]), atol=1e-8)


def test_each_label_rests_on_its_own_heads():
    reliability = np.zeros((1, 3, 2))
    reliability[0, 1, 0] = reliability[0, 2, 1] = 0.9
    scores = HeadClassifier(voting="reliability").fit(clusters(n_labels=2, layers=1, heads=3)).fitted_.scores
    heads, chosen = heads_by_label(reliability, scores, 1)
    assert set(heads) == {Head(0, 1), Head(0, 2)}
    assert chosen[heads.index(Head(0, 1))].tolist() == [True, False]
    assert chosen[heads.index(Head(0, 2))].tolist() == [False, True]
    np.testing.assert_array_equal(vote_weights(reliability, heads, chosen), chosen.astype(float))


def test_a_head_that_knows_nothing_counts_less():
    vectors = clusters(noise=1.0)
    values = vectors.values.copy()
    values[:, 2, 2] = np.random.default_rng(0).standard_normal(values[:, 2, 2].shape)
    codes = np.repeat(np.arange(3), 6)
    reliability = fit_reliability(head_vectors(values, vectors.labels), codes, 3)
    assert reliability[2, 2].mean() < np.median(reliability.mean(-1))
    heads = tuple(Head(layer, index) for layer in range(4) for index in range(5))
    weights = vote_weights(reliability, heads)
    np.testing.assert_allclose(weights.sum(0), 1)
    assert (weights[heads.index(Head(2, 2))] < 1 / len(heads)).all()


def test_a_label_with_one_example_takes_the_heads_mean():
    reliability = fit_reliability(clusters().take([0, 1, 2, 6, 7, 12]), np.array([0, 0, 0, 1, 1, 2]), 3)
    # Label 2 has nothing of its own; the others shrink towards the mean of what they had.
    own = np.stack([(reliability[..., 0] * 4), (reliability[..., 1] * 3)], -1) - reliability[..., 2:]
    np.testing.assert_allclose(reliability[..., 2], (own[..., 0] / 3 + own[..., 1] / 2) / 2, atol=2e-6)


def test_soft_votes_sum_to_one_and_follow_the_cosines():
    votes = soft_votes(np.array([[[0.9, 0.2, -1.0]]]))
    assert votes.sum() == pytest.approx(1)
    assert votes[0, 0, 0] / votes[0, 0, 1] == pytest.approx(np.exp(0.7 / 0.07))


def test_a_brier_belief_is_one_for_the_certain_and_right_and_none_for_the_certain_and_wrong():
    # Two labels far apart, two heads: one sees the labels as they are, one has them swapped in one example of each pair.
    right = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    values = np.stack([right, right[[0, 2, 1, 3]]], axis=1)[:, None]
    codes = np.array([0, 0, 1, 1])
    found = {name: fit_reliability(head_vectors(values), codes, 2, belief=name)[0] for name in BELIEFS}
    np.testing.assert_allclose([found[name][0] for name in BELIEFS], 1, atol=1e-4)
    np.testing.assert_allclose([found[name][1] for name in BELIEFS], 0, atol=1e-4)


def test_an_unknown_belief_is_refused_before_anything_is_fitted():
    with pytest.raises(SettingError, match="belief must be one of margin, probability, brier, but is 'hope'"):
        HeadClassifier(voting="reliability", belief="hope").fit(clusters())
