import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from sav_core.errors import InputError, SettingError
from sav_core.retrieval.nearest import nearest
from sav_core.retrieval.projection import PROJECTIONS, project
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors

HEADS = [Head(0, 1), Head(2, 3), Head(3, 4)]
ONE = [Head(0, 0)]


def on_a_sphere(places, dim=9, seed=0, scale=0.05):
    """One head's vectors around a far point, spread in two directions alone: at length one, nearly a plane."""
    axes = np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, 3)))[0].T
    return (axes[0] + scale * np.asarray(places, dtype=float) @ axes[1:])[:, None, None, :]


def planted(seed=0, n=24):
    places = np.random.default_rng(seed).standard_normal((n, 2)) * [3, 1]
    return places, head_vectors(on_a_sphere(places), ["ab"[row % 2] for row in range(n)])


@pytest.mark.parametrize("by", PROJECTIONS)
def test_a_planted_structure_in_two_dimensions_comes_out(by):
    places, vectors = planted()
    found = project(vectors, ONE, by=by)
    drawn = pdist(found.examples)
    assert np.corrcoef(drawn, pdist(places))[0, 1] > 0.99
    assert found.kept > 0.98


def test_pca_is_that_of_scikit_learn_on_what_the_heads_say():
    vectors = clusters()
    unit = np.concatenate(
        [part / np.linalg.norm(part, axis=1, keepdims=True) for part in vectors.of(HEADS).astype(float).swapaxes(0, 1)],
        axis=1,
    ) / np.sqrt(len(HEADS))
    oracle = PCA(2, svd_solver="full").fit(unit)
    found = project(vectors, HEADS)
    np.testing.assert_allclose(np.abs(found.examples), np.abs(oracle.transform(unit)), atol=1e-9)
    np.testing.assert_allclose(found.spread, oracle.explained_variance_ratio_, atol=1e-9)


@pytest.mark.parametrize("by", PROJECTIONS)
def test_what_is_kept_is_the_distance_that_is_drawn_and_what_is_drawn_too_far_counts_as_lost(by):
    vectors = clusters(seed=3)
    found = project(vectors, HEADS, by=by)
    similarity = nearest(vectors, vectors, HEADS, k=len(vectors))
    true = np.zeros((len(vectors), len(vectors)))
    for row, (others, cosines) in enumerate(zip(similarity.positions, similarity.similarity, strict=True)):
        true[row, others] = np.sqrt(np.maximum(0, 2 - 2 * cosines))
    true = true[np.triu_indices(len(vectors), 1)]
    drawn = pdist(found.examples)
    assert found.kept == pytest.approx(1 - np.abs(true - drawn).sum() / true.sum(), abs=1e-6)
    if by == "pca":
        assert found.kept == pytest.approx(drawn.sum() / true.sum(), abs=1e-6)


def test_distances_that_are_sought_are_kept_better():
    vectors = clusters(n_labels=4, per_label=9)
    pca, distances = (project(vectors, HEADS, by=by) for by in PROJECTIONS)
    assert distances.kept > pca.kept + 0.05
    assert distances.spread is None


@pytest.mark.parametrize("by", PROJECTIONS)
def test_the_order_of_the_examples_and_what_is_beside_them_change_nothing(by):
    vectors, queries = clusters(), clusters(per_label=2, seed=5)
    order = np.random.default_rng(1).permutation(len(vectors))
    one, other = project(vectors, HEADS, by=by), project(vectors.take(order), HEADS, queries, by=by)
    np.testing.assert_allclose(one.examples[order], other.examples, atol=1e-6)
    np.testing.assert_allclose(one.means, other.means, atol=1e-6)
    assert one.kept == pytest.approx(other.kept)
    assert other.queries.shape == (6, 2)


def test_an_axis_points_to_the_later_labels_so_that_a_mirrored_head_looks_the_same():
    values = np.repeat(clusters(n_labels=2).values[:, :1, :1], 2, axis=2)
    values[:, 0, 1] *= -1
    vectors = head_vectors(values, clusters(n_labels=2).labels)
    one, mirrored = project(vectors, [Head(0, 0)]), project(vectors, [Head(0, 1)])
    np.testing.assert_allclose(one.examples, mirrored.examples, atol=1e-9)
    assert one.means[1, 0] > one.means[0, 0]


def test_where_every_turn_is_as_good_the_order_of_the_examples_does_not_choose_one():
    vectors = head_vectors(np.eye(3)[:, None, None, :], ["a", "b", "c"])
    one, other = project(vectors, ONE), project(vectors.take([2, 0, 1]), ONE)
    np.testing.assert_allclose(one.examples[[2, 0, 1]], other.examples, atol=1e-7)
    assert one.kept == pytest.approx(1)


def test_the_nearest_mean_is_the_label_that_the_head_votes_for():
    vectors, queries = clusters(), clusters(per_label=3, seed=9)
    found = project(vectors, [Head(1, 1)], queries)
    mean = np.stack([vectors.values[np.array(vectors.labels) == label, 1, 1].mean(0) for label in found.labels])
    cosines = queries.values[:, 1, 1] @ mean.T
    cosines /= np.linalg.norm(queries.values[:, 1, 1], axis=1)[:, None] * np.linalg.norm(mean, axis=1)
    np.testing.assert_allclose(found.query_similarity, cosines, atol=1e-5)


@pytest.mark.parametrize("by", PROJECTIONS)
@pytest.mark.parametrize(
    ("values", "labels"),
    [([[1, 2, 3]], ["a"]), ([[1, 2, 3]] * 4, list("aabb")), ([[0, 0, 0]] * 3, list("abb")), ([[1, 0], [0, 1]], ["a", "b"]),
     ([[2.0], [-1.0], [3.0]], list("abb"))],
)  # fmt: skip
def test_few_and_equal_examples_have_their_place_too(by, values, labels):
    vectors = head_vectors(np.array(values, dtype=float)[:, None, None, :], labels)
    found = project(vectors, ONE, vectors, by=by)
    for places in (found.examples, found.means, found.queries):
        assert np.isfinite(places).all()
    np.testing.assert_allclose(found.queries, found.examples, atol=1e-6)
    assert found.kept == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), by=st.sampled_from(PROJECTIONS))
def test_vectors_full_of_ties_and_without_length_have_finite_places(seed, by):
    rng = np.random.default_rng(seed)
    vectors = head_vectors(rng.integers(-1, 2, size=(9, 2, 2, 3)), [f"l{rng.integers(3)}" for _ in range(9)])
    found = project(vectors, [Head(0, 0), Head(1, 1)], vectors, by=by)
    assert np.isfinite(np.concatenate([found.examples, found.means, found.queries])).all()
    assert 0 <= found.kept <= 1 + 1e-9


def test_many_examples_are_put_beside_those_that_are_moved(monkeypatch):
    monkeypatch.setattr("sav_core.retrieval.projection._MOST_MOVED", 20)
    monkeypatch.setattr("sav_core.retrieval.projection._MOST_PAIRED", 30)
    vectors = clusters(per_label=12)
    found = project(vectors, HEADS, by="distances")
    whole = project(vectors, HEADS, by="pca")
    assert len(found.examples) == 36
    assert found.kept > whole.kept


def test_what_cannot_be_mapped_says_why():
    vectors = clusters()
    with pytest.raises(SettingError, match="by must be one of"):
        project(vectors, HEADS, by="tsne")
    with pytest.raises(SettingError, match="heads must name"):
        project(vectors, [])
    with pytest.raises(SettingError, match="does not exist"):
        project(vectors, [Head(9, 0)])
    with pytest.raises(InputError, match="label them all"):
        project(head_vectors(vectors.values), HEADS)
    with pytest.raises(InputError, match="one model"):
        project(vectors, HEADS, head_vectors(vectors.values[:, :2]))
    values = vectors.values.copy()
    values[0, 0, 1, 0] = np.inf
    with pytest.raises(InputError, match="finite"):
        project(head_vectors(values, vectors.labels), HEADS)
