import numpy as np
import pytest

from sav_core.errors import InputError, SettingError
from sav_core.retrieval.compression import compress, compression_cost
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors

HEADS = [Head(3, 4), Head(0, 1)]


def test_kept_heads_come_in_the_order_asked_for_and_unchanged():
    vectors = clusters()
    small = compress(vectors, HEADS)
    assert small.vectors.values.shape == (len(vectors), 1, 2, 8)
    np.testing.assert_array_equal(small.vectors.values[:, 0, 0], vectors.values[:, 3, 4])
    np.testing.assert_array_equal(small.vectors.values[:, 0, 1], vectors.values[:, 0, 1])
    assert (small.vectors.labels, small.vectors.names) == (vectors.labels, vectors.names)
    assert small.size_bytes == len(vectors) * 2 * 8 * 4


def test_everything_at_single_precision_is_what_there_was():
    vectors = clusters()
    whole = compress(vectors)
    np.testing.assert_array_equal(whole.vectors.values.reshape(vectors.values.shape), vectors.values)
    assert compression_cost(vectors, whole).share == 1


def test_half_precision_halves_the_size_and_rounds_to_three_digits():
    vectors = clusters()
    half = compress(vectors, half=True)
    np.testing.assert_allclose(half.vectors.values.reshape(vectors.values.shape), vectors.values, rtol=1e-3, atol=1e-7)
    assert half.size_bytes == compress(vectors).size_bytes / 2


def test_half_precision_refuses_what_it_cannot_hold():
    for bad in (1e5, np.nan):
        vectors = head_vectors(np.full((2, 1, 1, 3), bad))
        with pytest.raises(InputError, match="Half precision ends at 65504"):
            compress(vectors, half=True)


def test_the_cost_is_the_accuracy_of_the_nearest_other_example():
    """Head 0 tells the labels apart, head 1 confuses them: keeping the one or the other costs nothing or all."""
    told, confused = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]]), np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1]])
    vectors = head_vectors(np.stack([told, confused], axis=1)[:, None], ["a", "a", "b", "b"])
    good, bad = (compression_cost(vectors, compress(vectors, [Head(0, index)])) for index in (0, 1))
    assert (good.accuracy, bad.accuracy, good.n) == (1, 0, 4)
    assert good.share == bad.share == 0.5
    assert good.full_accuracy == bad.full_accuracy


def test_the_cost_of_half_precision_is_told_from_that_of_the_heads():
    """Head 0 tells the labels apart by numbers that half precision rounds to nought."""
    told, confused = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]]), np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1]])
    vectors = head_vectors(np.stack([1e-9 * told, confused], axis=1)[:, None], ["a", "a", "b", "b"])
    cost = compression_cost(vectors, compress(vectors, [Head(0, 0)], half=True))
    assert cost.kept_accuracy == compression_cost(vectors, compress(vectors, [Head(0, 0)])).accuracy == 1
    assert cost.accuracy < 1
    single = compression_cost(vectors, compress(vectors, [Head(0, 1)]))
    assert single.kept_accuracy == single.accuracy == 0


def test_without_two_examples_of_a_label_there_is_no_cost_to_tell():
    with pytest.raises(InputError, match="labels with two examples or more"):
        compression_cost(clusters(per_label=1), compress(clusters(per_label=1)))


@pytest.mark.parametrize("heads", [[], [Head(0, 0), Head(0, 0)], [Head(9, 0)], [Head(0, -1)]])
def test_heads_that_cannot_be_are_refused(heads):
    with pytest.raises(SettingError):
        compress(clusters(), heads)
