import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings

from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rejection import Rejection, closeness, label_radii, radii_without_each
from sav_core.heads.scoring import fit_heads
from sav_core.types import Head
from tests.support.oracle import cosine, mean
from tests.support.problems import clusters, head_vectors, problems


def codes_of(vectors):
    return np.unique(np.array(vectors.labels), return_inverse=True)[1]


def distances_of(vectors):
    return fit_heads(vectors, codes_of(vectors), len(set(vectors.labels))).distances


def distance(point, others, heads):
    """One minus the mean cosine, in plain Python."""
    similarities = [
        cosine(point[head.layer, head.index].tolist(), mean([o[head.layer, head.index].tolist() for o in others]))
        for head in heads
    ]
    return 1 - sum(similarities) / len(similarities)


def test_a_radius_is_the_distance_of_each_labels_farthest_example_left_out_in_every_head():
    vectors = clusters(n_labels=3, per_label=5)
    codes = codes_of(vectors)
    radii = label_radii(distances_of(vectors), codes)
    for code in range(3):
        own = vectors.values[codes == code].astype(float)
        farthest = max(distance(own[i], np.delete(own, i, axis=0), vectors.geometry.every_head()) for i in range(len(own)))
        assert radii[code] == pytest.approx(farthest, abs=1e-5)  # cosines of float32 are rounded to six decimals


def test_a_single_example_borrows_the_mean_radius_of_the_other_labels():
    vectors = clusters(n_labels=3, per_label=4).take([0, 1, 2, 3, 4, 5, 6, 7, 8])
    radii = label_radii(distances_of(vectors), codes_of(vectors))
    assert radii[0] != radii[1]
    assert radii[2] == pytest.approx((radii[0] + radii[1]) / 2)


def test_where_no_label_has_two_examples_nothing_is_known():
    vectors = clusters(n_labels=3, per_label=1)
    assert label_radii(distances_of(vectors), codes_of(vectors)) is None
    assert np.isinf(radii_without_each(vectors, codes_of(vectors), distances_of(vectors))).all()
    assert HeadClassifier().fit(vectors).reach_ is None


@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_radii_without_an_example_are_those_of_a_fit_without_it(problem):
    values, labels, _ = problem
    vectors = head_vectors(values, labels)
    codes = codes_of(vectors)
    found = radii_without_each(vectors, codes, distances_of(vectors))
    for row in range(len(vectors)):
        rest = [other for other in range(len(vectors)) if other != row]
        if (codes == codes[row]).sum() < 2:
            continue
        expected = label_radii(distances_of(vectors.take(rest)), codes_of(vectors.take(rest)))
        if expected is None:
            assert np.isinf(found[row]).all()
        else:
            np.testing.assert_allclose(found[row], expected, atol=1e-5)


def test_a_large_label_is_measured_without_leaving_out_pairs(monkeypatch):
    vectors = clusters(n_labels=2, per_label=60, noise=1.0)
    exact = radii_without_each(vectors, codes_of(vectors), distances_of(vectors))
    monkeypatch.setattr("sav_core.heads.rejection._PAIRS", 10)
    quick = radii_without_each(vectors, codes_of(vectors), distances_of(vectors))
    np.testing.assert_allclose(quick, exact, rtol=0.05)


def test_a_prediction_tells_how_close_it_is_and_is_rejected_by_share_times_closeness():
    classifier = HeadClassifier(n_kept=4).fit(clusters(noise=0.5))
    predictions = classifier.predict(clusters(noise=4.0, seed=9))
    assert any(each.closeness < 1 for each in predictions)
    for each in predictions:
        assert each.acceptance == each.confidence * each.closeness
        assert not each.is_rejected(each.acceptance)
        assert each.is_rejected(np.nextafter(each.acceptance, 2))
        assert not each.is_rejected(), "nothing was learned yet"
        assert each.as_dict()["closeness"] == each.closeness
        assert "acceptance" not in each.as_dict()
    unknown = HeadClassifier(n_kept=4).fit(clusters(per_label=1)).predict(clusters())[0]
    assert unknown.closeness is None
    assert unknown.acceptance == unknown.confidence
    assert "closeness" not in unknown.as_dict()


def test_what_was_learned_decides_where_nothing_else_is_asked_for():
    classifier = HeadClassifier(n_kept=4).fit(clusters(noise=0.5))
    classifier.rejection_ = Rejection(0.6, 18, 1, 18, 2)
    predictions = classifier.predict(clusters(noise=0.5)) + classifier.predict(clusters(noise=4.0, seed=9))
    assert {each.is_rejected() for each in predictions} == {True, False}
    for each in predictions:
        assert each.is_rejected() == (each.acceptance < 0.6)
        assert not each.is_rejected(0)
        said = each.as_dict()
        assert (said["acceptance"], said["none_below"], said["none"]) == (each.acceptance, 0.6, each.is_rejected())
        known = dataclasses.replace(each, probability=0.9)
        assert ("probability" in known._repr_html_()) is not each.is_rejected()
        assert ("none of these" in known._repr_html_()) is each.is_rejected()


def test_closeness_is_reach_over_distance_and_never_more_than_one():
    found = closeness(np.array([0.1, 0.2, 0.5]), np.array([0.2, 0.2, 0.2]))
    assert found == pytest.approx([1.0, 1.0, 0.4])


def test_closeness_is_of_every_head_whichever_vote():
    vectors, queries = clusters(noise=0.5), clusters(noise=4.0, seed=9)
    one, many = (HeadClassifier(n_kept=n).fit(vectors).predict(queries) for n in (1, 20))
    same = [(a.closeness, b.closeness) for a, b in zip(one, many, strict=True) if a.label == b.label]
    assert len(same) > 5
    assert all(a == b for a, b in same)


def test_a_thing_unlike_every_example_is_farther_than_any_of_them():
    vectors = clusters(n_labels=3, per_label=8, noise=0.3)
    classifier = HeadClassifier(n_kept=5).fit(vectors)
    strange = head_vectors(np.random.default_rng(7).standard_normal((20, *vectors.geometry.shape)))
    assert min(each.closeness for each in classifier.predict(vectors)) == 1  # nearer to a mean that it is part of
    assert max(each.closeness for each in classifier.predict(strange)) < 1


def test_the_length_of_vectors_does_not_matter():
    vectors = clusters(n_labels=2, per_label=4)
    longer = head_vectors(vectors.values * 8, vectors.labels)
    assert HeadClassifier().fit(longer).reach_ == HeadClassifier().fit(vectors).reach_


def test_a_reach_of_the_voting_heads_is_measured_by_their_cosines():
    """So that files of an earlier version say what they said."""
    classifier = HeadClassifier(n_kept=2).fit(clusters(noise=0.5))
    classifier.reach_ = dataclasses.replace(classifier.reach_, every_head=False)
    for each in classifier.predict(clusters(noise=4.0, seed=9)):
        label = classifier.fitted_.labels.index(each.label)
        far = 1 - each.similarities.mean(0)[label]
        assert each.closeness == pytest.approx(min(1.0, classifier.reach_.radii[label] / far))
        assert len(each.votes) == 2
        assert all(isinstance(vote.head, Head) for vote in each.votes)
