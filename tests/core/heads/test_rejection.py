import numpy as np
import pytest

from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rejection import class_radii, closeness
from sav_core.types import Head
from tests.support.oracle import cosine, mean
from tests.support.problems import clusters, head_vectors

KEPT = (Head(1, 2), Head(0, 4), Head(3, 0))


def codes_of(vectors):
    return np.unique(np.array(vectors.labels), return_inverse=True)[1]


def distance(point, others, heads):
    """One minus the mean cosine, in plain Python."""
    similarities = [
        cosine(point[head.layer, head.index].tolist(), mean([o[head.layer, head.index].tolist() for o in others]))
        for head in heads
    ]
    return 1 - sum(similarities) / len(similarities)


def test_a_radius_is_the_distance_of_each_labels_farthest_example_left_out():
    vectors = clusters(n_labels=3, per_label=5)
    codes = codes_of(vectors)
    radii = class_radii(vectors, codes, 3, KEPT)
    for code in range(3):
        own = vectors.values[codes == code].astype(float)
        farthest = max(distance(own[i], np.delete(own, i, axis=0), KEPT) for i in range(len(own)))
        assert radii[code] == pytest.approx(farthest, abs=1e-9)


def test_a_single_example_borrows_the_largest_radius_of_the_other_labels():
    vectors = clusters(n_labels=3, per_label=4).take([0, 1, 2, 3, 4, 5, 6, 7, 8])
    radii = class_radii(vectors, codes_of(vectors), 3, KEPT)
    assert radii[2] == max(radii[0], radii[1])


def test_where_no_label_has_two_examples_nothing_is_far():
    vectors = clusters(n_labels=3, per_label=1)
    radii = class_radii(vectors, codes_of(vectors), 3, KEPT)
    assert np.isinf(radii).all()
    assert closeness(np.zeros((2, 3, 3)), np.array([0, 2]), radii).tolist() == [1, 1]


def test_rows_are_the_examples_that_count():
    vectors = clusters(seed=3)
    rows = np.array([0, 2, 3, 7, 8, 11, 13, 14])
    found = class_radii(vectors, codes_of(vectors)[rows], 3, KEPT, rows=rows)
    assert found.tolist() == class_radii(vectors.take(rows), codes_of(vectors)[rows], 3, KEPT).tolist()


def test_a_prediction_tells_how_close_it_is_and_is_rejected_by_share_times_closeness():
    classifier = HeadClassifier(n_kept=4).fit(clusters(noise=0.5))
    predictions = classifier.predict(clusters(noise=4.0, seed=9))
    assert any(each.closeness < 1 for each in predictions)
    for each in predictions:
        assert each.acceptance == each.confidence * each.closeness
        assert not each.is_rejected(each.acceptance)
        assert each.is_rejected(np.nextafter(each.acceptance, 2))
        assert each.as_dict()["closeness"] == each.closeness
    unknown = HeadClassifier(n_kept=4).fit(clusters(per_label=1)).predict(clusters())[0]
    assert unknown.closeness is None
    assert unknown.acceptance == unknown.confidence
    assert "closeness" not in unknown.as_dict()


def test_closeness_is_reach_over_distance_and_never_more_than_one():
    # Two heads, two labels; the winner's mean cosines are 0.9, 0.8 and 0.5, its radii 0.2.
    similarities = np.array([[[0.95, 0], [0.85, 0]], [[0.7, 0], [0.9, 0]], [[0.5, 0], [0.5, 0]]])
    found = closeness(similarities, np.array([0, 0, 0]), np.array([0.2, 0.01]))
    assert found == pytest.approx([1.0, 1.0, 0.4])


def test_a_thing_unlike_every_example_is_farther_than_any_of_them():
    vectors = clusters(n_labels=3, per_label=8, noise=0.3)
    codes = codes_of(vectors)
    classifier = HeadClassifier(n_kept=5).fit(vectors)
    strange = head_vectors(np.random.default_rng(7).standard_normal((20, *vectors.geometry.shape)))

    def near(queries):
        predictions = classifier.predict(queries)
        winner = np.array([classifier.fitted_.labels.index(p.label) for p in predictions])
        radii = class_radii(vectors, codes, 3, classifier.kept_heads_)
        return closeness(np.stack([p.similarities for p in predictions]), winner, radii)

    assert near(vectors).min() == 1  # an example is nearer to a mean that it is part of
    assert near(strange).max() < 1


def test_the_length_of_vectors_does_not_matter():
    vectors = clusters(n_labels=2, per_label=4)
    longer = head_vectors(vectors.values * 8, vectors.labels)
    codes = codes_of(vectors)
    assert class_radii(longer, codes, 2, KEPT) == pytest.approx(class_radii(vectors, codes, 2, KEPT), abs=1e-9)
