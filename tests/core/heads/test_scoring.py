import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.neighbors import NearestCentroid

from sav_core.errors import InputError, SettingError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.scoring import cosines, fit_heads
from sav_core.heads.ties import ties_of
from sav_core.types import Head
from tests.support.oracle import Oracle
from tests.support.problems import clusters, head_vectors, problems


def codes_of(vectors):
    return np.unique(np.array(vectors.labels), return_inverse=True)[1]


def judgeable(labels):
    return any(labels.count(label) > 1 for label in labels)


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@settings(max_examples=250, deadline=None)
@given(problem=problems())
def test_the_published_algorithm_agrees_on_scores_heads_votes_and_labels(problem, scoring):
    support, labels, queries = problem
    if scoring == "leave_one_out" and not judgeable(list(labels)):
        with pytest.raises(SettingError, match="at least two examples"):
            HeadClassifier(scoring=scoring).fit(head_vectors(support, labels))
        return
    oracle = Oracle(support.astype(float).tolist(), list(labels), n_kept=5, scoring=scoring)

    classifier = HeadClassifier(n_kept=5, scoring=scoring).fit(head_vectors(support, labels))

    scores = classifier.fitted_.scores
    assert scores.scored == len(oracle.judged)
    for (layer, head), correct in oracle.correct.items():
        assert scores.correct[layer, head] == correct
        assert scores.margin[layer, head] == oracle.margin[layer, head]
    assert classifier.kept_heads_ == tuple(Head(*kept) for kept in oracle.kept)
    for query, prediction in zip(queries, classifier.predict(head_vectors(queries)), strict=True):
        label, votes = oracle.predict(query.astype(float).tolist())
        assert prediction.label == label
        assert [vote.label for vote in prediction.votes] == votes


def test_six_points_by_hand():
    # One head, two dimensions: "right" lies along (1, 0), "up" along (0, 1); one "up" example points right.
    points = np.array([[1, 0], [2, 0.2], [3, -0.2], [0, 1], [0.1, 2], [2, 0.9]], dtype=np.float32)
    vectors = head_vectors(points[:, None, None], ["right"] * 3 + ["up"] * 3)

    fit = fit_heads(vectors, codes_of(vectors), 2)

    np.testing.assert_allclose(fit.centroids[0, 0], [[2, 0], [0.7, 1.3]], atol=1e-6)
    assert fit.predicted[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 0]
    assert fit.scores.correct[0, 0] == 5
    assert fit.scores.accuracy[0, 0] == pytest.approx(5 / 6)


def test_a_head_is_a_nearest_centroid_classifier_on_unit_vectors():
    # On vectors of length one with centroids of length one, the nearest in angle is the nearest in distance.
    vectors = clusters(per_label=7)
    fit = fit_heads(vectors, codes_of(vectors), 3)
    for layer, head in [(0, 0), (2, 3), (3, 4)]:
        points = vectors.values[:, layer, head].astype(float)
        oracle = NearestCentroid()
        oracle.classes_ = np.arange(3)
        oracle.fit(points, codes_of(vectors))
        centroids = oracle.centroids_ / np.linalg.norm(oracle.centroids_, axis=1, keepdims=True)
        unit = points / np.linalg.norm(points, axis=1, keepdims=True)
        distance = np.linalg.norm(unit[:, None] - centroids, axis=-1)
        assert fit.predicted[:, layer, head].tolist() == distance.argmin(1).tolist()


def test_leave_one_out_is_fitting_without_the_example():
    vectors = clusters(per_label=4, noise=2.0)
    codes = codes_of(vectors)
    closed_form = fit_heads(vectors, codes, 3, scoring="leave_one_out")
    for left_out in range(len(vectors)):
        rows = np.delete(np.arange(len(vectors)), left_out)
        centroids = fit_heads(vectors, codes[rows], 3, rows=rows).centroids
        flat = centroids.reshape(-1, 3, 8)
        similarity = cosines(vectors.values[[left_out]].reshape(1, -1, 8), flat, ties_of(vectors.dtype))[0]
        assert closed_form.predicted[left_out].ravel().tolist() == similarity.argmax(-1).tolist()


def test_an_example_alone_in_its_label_is_not_judged_by_leave_one_out():
    vectors = clusters(n_labels=2, per_label=4)
    alone = head_vectors(np.concatenate([vectors.values, vectors.values[:1]]), [*vectors.labels, "label alone"])
    fit = fit_heads(alone, codes_of(alone), 3, scoring="leave_one_out")
    assert fit.scores.scored == 8
    assert (fit.margins[8] == 0).all()
    assert (fit.predicted[8] != 2).all()


def test_rows_are_the_same_as_taking_them():
    vectors = clusters()
    rows = np.array([0, 2, 3, 7, 9, 13, 17])
    taken = vectors.take(rows)
    by_rows = fit_heads(vectors, codes_of(taken), 3, rows=rows)
    by_taking = fit_heads(taken, codes_of(taken), 3)
    np.testing.assert_array_equal(by_rows.centroids, by_taking.centroids)
    np.testing.assert_array_equal(by_rows.scores.margin, by_taking.scores.margin)


def test_equal_scores_are_ranked_by_margin_then_layer_then_head():
    vectors = clusters(layers=2, heads=3, noise=0.01)  # every head is right about everything
    values = vectors.values.copy()
    values[:, 1, 1] = values[:, 0, 2]  # two heads alike in every number
    scores = fit_heads(head_vectors(values, vectors.labels), codes_of(vectors), 3).scores
    assert (scores.correct == 18).all()
    margins = [scores.margin[head.layer, head.index] for head in scores.ranking]
    assert margins == sorted(margins, reverse=True)
    assert scores.ranking.index(Head(0, 2)) + 1 == scores.ranking.index(Head(1, 1))


def test_heads_blocks_and_threads_change_nothing(monkeypatch):
    vectors = clusters(layers=6, heads=7)
    whole = fit_heads(vectors, codes_of(vectors), 3)
    monkeypatch.setattr("sav_core.heads.chunks._CHUNK_BYTES", 1)  # one head at a time
    single = fit_heads(vectors, codes_of(vectors), 3)
    assert single.scores.ranking == whole.scores.ranking
    np.testing.assert_array_equal(single.predicted, whole.predicted)


def test_a_vector_of_no_length_is_similar_to_nothing():
    assert cosines(np.zeros((1, 1, 3)), np.ones((1, 2, 3))).tolist() == [[[0.0, 0.0]]]


def test_overflow_in_the_model_is_named():
    values = clusters().values.copy()
    values[3, 1, 1, 0] = np.inf
    vectors = head_vectors(values, clusters().labels)
    with pytest.raises(InputError, match="not a finite number"):
        fit_heads(vectors, codes_of(vectors), 3)


def test_an_unknown_scoring_is_refused():
    vectors = clusters()
    with pytest.raises(SettingError, match="scoring must be one of resubstitution, leave_one_out, but is 'best'"):
        fit_heads(vectors, codes_of(vectors), 3, scoring="best")
