import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from sav_core.errors import InputError, SettingError
from sav_core.retrieval.nearest import Neighbours, nearest, recall_at
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors

HEADS = [Head(0, 1), Head(2, 3), Head(3, 4)]


def concatenated(vectors, heads=HEADS):
    """What the heads say, each at length one, as the definition has it."""
    parts = [vectors.values[:, head.layer, head.index].astype(float) for head in heads]
    return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts], axis=1)


def test_neighbours_are_those_of_scikit_learn_on_the_concatenated_unit_vectors():
    index, queries = clusters(seed=1), clusters(per_label=3, seed=2)
    oracle = NearestNeighbors(n_neighbors=4, metric="cosine").fit(concatenated(index))
    distance, rows = oracle.kneighbors(concatenated(queries))

    found = nearest(index, queries, HEADS, k=4)

    np.testing.assert_array_equal(found.positions, rows)
    np.testing.assert_allclose(found.similarity, 1 - distance, atol=1e-9)


def test_one_head_alone_is_searched_in_its_own_space():
    vectors = clusters()
    only = head_vectors(vectors.values[:, 2:3, 3:4])
    whole, alone = nearest(vectors, vectors, [Head(2, 3)], k=3), nearest(only, only, [Head(0, 0)], k=3)
    np.testing.assert_array_equal(whole.positions, alone.positions)


def test_no_head_speaks_louder_than_another():
    vectors = clusters()
    louder = vectors.values.copy()
    louder[:, 2, 3] *= 1000
    before, after = (nearest(each, each, HEADS, k=5) for each in (vectors, head_vectors(louder)))
    np.testing.assert_array_equal(before.positions, after.positions)
    np.testing.assert_allclose(before.similarity, after.similarity, atol=1e-9)


def test_equally_near_examples_come_in_the_order_of_their_rows():
    values = np.ones((7, 1, 1, 3))
    values[3] = [[[1, 1, 1.5]]]
    found = nearest(head_vectors(values), head_vectors(values[:1]), [Head(0, 0)], k=7)
    assert found.positions.tolist() == [[0, 1, 2, 4, 5, 6, 3]]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 9), block=st.integers(1, 4000), exclude=st.booleans())
def test_the_size_of_a_block_changes_nothing(seed, k, block, exclude):
    values = np.random.default_rng(seed).integers(-1, 2, size=(9, 2, 2, 3))  # full of ties and of vectors of no length
    vectors, heads = head_vectors(values), [Head(0, 0), Head(1, 1)]
    whole = nearest(vectors, vectors, heads, k, exclude_self=exclude)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sav_core.retrieval.nearest._BLOCK_BYTES", block)
        parts = nearest(vectors, vectors, heads, k, exclude_self=exclude)
    np.testing.assert_array_equal(whole.positions, parts.positions)
    np.testing.assert_array_equal(whole.similarity, parts.similarity)
    for row, found in enumerate(whole.positions):
        assert len(set(found)) == len(found) == min(k, 9 - exclude)
        assert not (exclude and row in found)


def test_every_row_is_nearest_to_itself_and_can_be_left_out():
    vectors = clusters()
    with_itself = nearest(vectors, vectors, HEADS, k=3)
    without = nearest(vectors, vectors, HEADS, k=2, exclude_self=True)
    assert with_itself.positions[:, 0].tolist() == list(range(len(vectors)))
    np.testing.assert_allclose(with_itself.similarity[:, 0], 1)
    np.testing.assert_array_equal(with_itself.positions[:, 1:], without.positions)


def test_an_index_smaller_than_k_gives_all_it_has():
    vectors = clusters(per_label=1)
    assert nearest(vectors, vectors, HEADS, k=50).positions.shape == (3, 3)
    assert nearest(vectors, vectors, HEADS, k=50, exclude_self=True).positions.shape == (3, 2)


def test_no_queries_find_nothing():
    vectors = clusters()
    assert nearest(vectors, vectors.take([]), HEADS, k=2).positions.shape == (0, 2)


def test_a_vector_of_no_length_is_similar_to_nothing():
    values = np.zeros((2, 1, 1, 3))
    values[1] = 1
    found = nearest(head_vectors(values), head_vectors(values), [Head(0, 0)], k=2)
    assert found.similarity.tolist() == [[0, 0], [1, 0]]
    assert found.positions.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("heads", "k", "message"),
    [
        ([], 1, "one head or more"),
        ([Head(0, 0), Head(0, 0)], 1, "each once"),
        ([Head(4, 0)], 1, "L4.H0 does not exist: the model has 4 layers x 5 heads"),
        ([Head(0, -1)], 1, "does not exist"),
        ([Head(0, 0)], 0, "k must be 1 or more"),
    ],
)
def test_wrong_settings_are_named(heads, k, message):
    with pytest.raises(SettingError, match=message):
        nearest(clusters(), clusters(), heads, k)


def test_wrong_inputs_are_named():
    vectors, few = clusters(), clusters(per_label=1)
    with pytest.raises(SettingError, match="the index itself as queries"):
        nearest(vectors, few, HEADS, exclude_self=True)
    with pytest.raises(InputError, match="head vectors of one model"):
        nearest(vectors, clusters(layers=5), HEADS)
    with pytest.raises(InputError, match="of another model"):
        nearest(head_vectors(vectors.values, model="a"), head_vectors(vectors.values, model="b"), HEADS)
    with pytest.raises(InputError, match="nothing to find"):
        nearest(vectors.take([]), vectors, HEADS)
    overflowed = head_vectors(np.where(vectors.values > 1, np.inf, vectors.values))
    with pytest.raises(InputError, match="not a finite number"):
        nearest(overflowed, vectors, HEADS)


def test_recall_counts_queries_with_their_label_among_the_first_k():
    found = Neighbours(np.array([[0, 1], [1, 2], [2, 0], [0, 1]]), np.ones((4, 2)))
    index, queries = ["cat", "dog", None], ["cat", "cat", "cat", None]
    assert recall_at(1, found, index, queries) == pytest.approx(1 / 3)
    assert recall_at(2, found, index, queries) == pytest.approx(2 / 3)
    with pytest.raises(SettingError, match="from 1 to 2"):
        recall_at(3, found, index, queries)
    with pytest.raises(InputError, match="as many labels"):
        recall_at(1, found, index, queries[:2])
    with pytest.raises(InputError, match="none has one"):
        recall_at(1, found, index, [None] * 4)
