import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from sav_core.errors import SettingError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules.gaussian import fit_gaussian
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors, problems
from tests.support.rule_oracles import GaussianHead, gaussian_merits

SCORINGS = ["resubstitution", "leave_one_out"]


def codes_of(vectors):
    return np.unique(np.array(vectors.labels), return_inverse=True)[1]


@pytest.mark.parametrize("scoring", SCORINGS)
@settings(max_examples=120, deadline=None)
@given(problem=problems())
def test_scores_and_shares_are_those_of_the_formula(problem, scoring):
    support, labels, queries = problem
    classes = sorted(set(labels))
    if scoring == "leave_one_out" and all(labels.count(label) == 1 for label in classes):
        with pytest.raises(SettingError, match="at least two examples"):
            HeadClassifier(voting="gaussian", scoring=scoring).fit(head_vectors(support, labels))
        return
    classifier = HeadClassifier(n_kept=3, voting="gaussian", scoring=scoring).fit(head_vectors(support, labels))
    scores = classifier.fitted_.scores
    for layer in range(support.shape[1]):
        for head in range(support.shape[2]):
            merits = gaussian_merits(support[:, layer, head], list(labels), classes, scoring)
            judged = [merit for merit in merits if merit is not None]
            assert scores.scored == len(judged)
            assert scores.ranking_score[layer, head] == pytest.approx(np.mean(judged), abs=1.1e-6)
    for query, prediction in zip(queries, classifier.predict(head_vectors(queries)), strict=True):
        each = [
            GaussianHead(support[:, h.layer, h.index], labels, classes).probabilities(query[h.layer, h.index])
            for h in classifier.kept_heads_
        ]
        np.testing.assert_allclose(prediction.opinions, each, atol=1e-7)
        np.testing.assert_allclose(list(prediction.shares.values()), np.mean(each, 0), atol=1e-7)
        assert prediction.shares[prediction.label] == pytest.approx(max(prediction.shares.values()), abs=1.1e-6)


def test_heads_are_ranked_by_the_probability_of_the_true_label():
    scores = fit_gaussian(clusters(), codes_of(clusters()), 3).scores
    merits = [scores.ranking_score[head.layer, head.index] for head in scores.ranking]
    assert merits == sorted(merits, reverse=True)


@pytest.mark.parametrize("counts", [(2, 1, 1), (3, 1, 4), (6, 6, 6)])
def test_the_closed_form_is_fitting_again_without_the_example(counts):
    vectors = clusters(per_label=6)
    rows = [6 * label + place for label, count in enumerate(counts) for place in range(count)]
    taken = vectors.take(rows)
    fit = fit_gaussian(taken, codes_of(taken), 3, scoring="leave_one_out")
    merits = gaussian_merits(taken.values[:, 2, 3], list(taken.labels), sorted(set(taken.labels)), "leave_one_out")
    judged = [merit for merit in merits if merit is not None]
    assert fit.scores.ranking_score[2, 3] == pytest.approx(np.mean(judged), abs=1.1e-6)


def test_with_much_data_it_is_fishers_discriminant():
    vectors = clusters(per_label=300, layers=1, heads=1, noise=0.4)
    points = vectors.values[:, 0, 0]
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    fisher = LinearDiscriminantAnalysis(priors=[1 / 3] * 3).fit(unit, vectors.labels).predict(unit)
    ours = HeadClassifier(n_kept=1, voting="gaussian").fit(vectors).predict(vectors)
    assert np.mean([p.label == label for p, label in zip(ours, fisher, strict=True)]) > 0.98


def test_one_example_a_label_falls_back_on_the_nearest_mean():
    vectors = clusters(noise=0.2).take([0, 6, 12])
    queries = clusters(noise=0.2)
    gaussian = HeadClassifier(n_kept=1, voting="gaussian").fit(vectors)
    nearest = HeadClassifier(n_kept=1).fit(vectors).voting_with(gaussian.kept_heads_)
    assert [p.label for p in gaussian.predict(queries)] == [p.label for p in nearest.predict(queries)]


def test_the_length_of_a_vector_does_not_matter():
    vectors, queries = clusters(), clusters(seed=2)
    classifier = HeadClassifier(voting="gaussian").fit(vectors)
    longer = head_vectors(queries.values * 5, queries.labels)
    for one, other in zip(classifier.predict(queries), classifier.predict(longer), strict=True):
        assert one.shares == pytest.approx(other.shares)


def test_blocks_and_threads_change_nothing(monkeypatch):
    vectors = clusters(layers=6, heads=7)
    whole = fit_gaussian(vectors, codes_of(vectors), 3, scoring="leave_one_out")
    monkeypatch.setattr("sav_core.heads.chunks._CHUNK_BYTES", 1)
    single = fit_gaussian(vectors, codes_of(vectors), 3, scoring="leave_one_out")
    assert whole.scores.ranking == single.scores.ranking
    np.testing.assert_allclose(whole.heads.weights, single.heads.weights)


def test_any_heads_can_vote():
    classifier = HeadClassifier(voting="gaussian").fit(clusters())
    alone = classifier.voting_with([Head(1, 2)]).predict(clusters())[0]
    assert [vote.head for vote in alone.votes] == [Head(1, 2)]
    np.testing.assert_allclose(list(alone.shares.values()), alone.opinions[0])
