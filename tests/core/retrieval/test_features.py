import numpy as np
from PIL import Image

from sav_core.data.examples import Example
from sav_core.retrieval.features import PIXEL_EDGE, as_vectors, pixel_features
from sav_core.retrieval.nearest import nearest
from sav_core.types import Head


def plain(value):
    return Image.new("RGB", (40, 30), (value, value, value))


def test_pixels_go_from_black_to_white():
    features = pixel_features([Example(plain(0)), Example(plain(255))])
    assert features.shape == (2, PIXEL_EDGE * PIXEL_EDGE * 3)
    np.testing.assert_array_equal(features[0], -1)
    np.testing.assert_array_equal(features[1], 1)


def test_pictures_lie_side_by_side_and_missing_ones_are_zeros():
    features = pixel_features([Example([plain(255), plain(0)]), Example(plain(255)), Example(question="no picture")])
    size = PIXEL_EDGE * PIXEL_EDGE * 3
    assert features.shape == (3, 2 * size)
    np.testing.assert_array_equal(features[0, size:], -1)
    np.testing.assert_array_equal(features[1, size:], 0)
    np.testing.assert_array_equal(features[2], 0)


def test_features_can_be_searched_like_heads():
    examples = [Example(plain(value), label=str(value)) for value in (0, 250, 10)]
    vectors = as_vectors(pixel_features(examples), examples)
    assert vectors.labels == ("0", "250", "10")
    found = nearest(vectors, vectors, [Head(0, 0)], k=1, exclude_self=True)
    assert found.positions[0].tolist() == [2]
