import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sav_core.errors import InputError, SettingError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.support_checks import check_labels
from tests.support.problems import clusters, head_vectors


def answers(classifier, vectors):
    return [prediction.label for prediction in classifier.predict(vectors)]


def test_it_classifies_what_it_was_shown():
    vectors = clusters(noise=0.3)
    classifier = HeadClassifier(n_kept=7).fit(vectors)
    assert classifier.score(vectors) == 1.0
    assert len(classifier.kept_heads_) == 7
    assert classifier.head_scores_.shape == (4, 5)


def test_a_prediction_carries_every_vote():
    prediction = HeadClassifier(n_kept=4).fit(clusters()).predict(clusters(seed=1))[0]
    assert sum(prediction.shares.values()) == pytest.approx(1)
    assert prediction.confidence == max(prediction.shares.values()) == prediction.shares[prediction.label]
    assert prediction.similarities.shape == (4, 3)
    for place, (head, label, similarity) in enumerate(prediction.votes):
        row = dict(zip(prediction.shares, prediction.similarities[place], strict=True))
        assert str(head).startswith("L")
        assert row[label] == similarity == max(row.values())


def test_permuting_labels_permutes_predictions():
    vectors, queries = clusters(), clusters(seed=3)
    renamed = {"label 0": "label 2", "label 1": "label 0", "label 2": "label 1"}
    permuted = head_vectors(vectors.values, [renamed[label] for label in vectors.labels])
    plain = answers(HeadClassifier().fit(vectors), queries)
    assert answers(HeadClassifier().fit(permuted), queries) == [renamed[label] for label in plain]


def test_the_order_of_examples_changes_nothing():
    vectors, queries = clusters(), clusters(seed=3)
    shuffled = vectors.take(np.random.default_rng(0).permutation(len(vectors)))
    one, other = HeadClassifier().fit(vectors), HeadClassifier().fit(shuffled)
    assert one.kept_heads_ == other.kept_heads_
    assert answers(one, queries) == answers(other, queries)


def test_scaling_a_query_changes_nothing():
    vectors, queries = clusters(), clusters(seed=3)
    scaled = head_vectors(queries.values * 7, queries.labels)
    classifier = HeadClassifier().fit(vectors)
    assert answers(classifier, scaled) == answers(classifier, queries)


def test_unequal_counts_and_one_example_per_label_work():
    vectors = clusters(n_labels=4, noise=0.2)
    assert HeadClassifier().fit(vectors, rows=[0, 6, 7, 8, 12, 18]).fitted_.examples == (1, 3, 1, 1)
    single = HeadClassifier().fit(vectors, rows=[0, 6, 12, 18])
    assert single.score(vectors) > 0.9


def test_removing_an_example_by_rows_is_fitting_without_it():
    vectors = clusters()
    rows = [row for row in range(len(vectors)) if row != 4]
    by_rows = HeadClassifier().fit(vectors, rows=rows)
    without = HeadClassifier().fit(vectors.take(rows))
    assert by_rows.kept_heads_ == without.kept_heads_
    np.testing.assert_array_equal(by_rows.fitted_.centroids, without.fitted_.centroids)


def test_more_heads_than_there_are_keeps_all():
    assert len(HeadClassifier(n_kept=1000).fit(clusters()).kept_heads_) == 20


def test_it_keeps_the_estimator_contract():
    classifier = HeadClassifier(n_kept=3, scoring="leave_one_out")
    assert classifier.get_params() == {"n_kept": 3, "voting": "majority", "scoring": "leave_one_out", "belief": "margin"}
    assert classifier.fit(clusters()) is classifier
    assert classifier.classes_.tolist() == ["label 0", "label 1", "label 2"]
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(clusters())


@pytest.mark.parametrize("n_kept", [0, -1, 2.5, True, "20"])
def test_a_number_of_heads_that_cannot_be_is_refused(n_kept):
    with pytest.raises(SettingError, match="n_kept must be a whole number from 1"):
        HeadClassifier(n_kept=n_kept).fit(clusters())


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["cat"] * 4, "at least two labels, but all 4 are of 'cat'"),
        (["cat", None, "dog", "dog"], "example 1 has none"),
        (["cat", "dog"], "4 examples need as many labels, but 2"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(labels, message):
    vectors = head_vectors(np.random.default_rng(0).standard_normal((4, 2, 2, 3)))
    with pytest.raises(InputError, match=message):
        HeadClassifier().fit(vectors, labels)


def test_no_examples_are_refused():
    with pytest.raises(InputError, match="no example at all"):
        HeadClassifier().fit(head_vectors(np.zeros((0, 2, 2, 3))))


def test_vectors_of_another_model_are_refused():
    classifier = HeadClassifier().fit(clusters())
    with pytest.raises(InputError, match=r"4 layers x 5 heads x 8 dim, but these vectors have 4 layers x 5 heads x 16 dim"):
        classifier.predict(clusters(dim=16))


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_a_sweep_is_the_vote_of_each_number_of_heads(voting):
    support, queries = clusters(noise=2.0), clusters(noise=2.0, seed=4)
    classifier = HeadClassifier(voting=voting).fit(support)
    numbers = [1, 3, 8, 20]
    for number, ballot in zip(numbers, classifier.sweep(queries, numbers), strict=True):
        alone = HeadClassifier(n_kept=number, voting=voting).fit(support).vote(queries)
        np.testing.assert_array_equal(ballot.winner, alone.winner)
        np.testing.assert_allclose(ballot.shares, alone.shares)


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_queries_are_judged_in_parts_or_some_of_them_alike(voting, monkeypatch):
    classifier = HeadClassifier(voting=voting).fit(clusters())
    queries = clusters(seed=4)
    whole = classifier.vote(queries)
    monkeypatch.setattr("sav_core.heads.fitted_heads._QUERY_BYTES", 1)
    np.testing.assert_allclose(classifier.vote(queries).shares, whole.shares, atol=1e-12)
    np.testing.assert_allclose(classifier.vote(queries, rows=[4, 1]).shares, whole.shares[[4, 1]], atol=1e-12)
    labels = [prediction.label for prediction in classifier.predict(queries)]
    assert labels == classifier.classes_[whole.winner].tolist()


def test_a_classifier_needs_two_labels_and_one_for_every_example():
    assert check_labels(["b", "a", "b"], ["1", "2", "3"]) == ["b", "a", "b"]
    for labels, told in (([], "no example at all"), (["a", "a"], "all 2 are of 'a'"), (["a", None], "2 has none")):
        with pytest.raises(InputError, match=told):
            check_labels(labels, ["1", "2"][: len(labels)])
