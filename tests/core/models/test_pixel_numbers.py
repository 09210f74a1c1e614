"""The quick way from pixels to numbers is that of transformers to the last bit, and is taken by what does no more."""

import numpy as np
import pytest
from transformers.image_processing_backends import PilBackend

from sav_core.models.pixel_numbers import quicken

MEAN, SPREAD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


class Plain(PilBackend):
    pass


class Other(PilBackend):
    def normalize(self, image, mean, std, **more):
        return image


@pytest.fixture
def both():
    plain, quick = Plain(), Plain()
    quicken(quick)
    return plain, quick


def lying(layout):
    """Pixels of a picture, one channel after another or all of a pixel together as Pillow has them."""
    pixels = np.random.default_rng(0).integers(0, 256, (31, 47, 3), np.uint8)
    return np.moveaxis(pixels, -1, 0) if layout == "pixels" else np.ascontiguousarray(np.moveaxis(pixels, -1, 0))


@pytest.mark.parametrize("layout", ["pixels", "channels"])
def test_the_numbers_are_those_of_transformers(both, layout):
    plain, quick = (each.normalize(each.rescale(lying(layout), 1 / 255), MEAN, SPREAD) for each in both)
    assert (quick.dtype, quick.shape) == (plain.dtype, plain.shape)
    np.testing.assert_array_equal(quick, plain)


def test_what_is_no_picture_of_eight_bits_is_left_to_transformers(both):
    plain, quick = both
    numbers = lying("channels").astype(np.float32)
    np.testing.assert_array_equal(quick.rescale(numbers, 1 / 255), plain.rescale(numbers, 1 / 255))
    np.testing.assert_array_equal(quick.normalize(numbers, 0.5, 0.25), plain.normalize(numbers, 0.5, 0.25))
    with pytest.raises(ValueError, match="mean must have 3 elements"):
        quick.normalize(numbers, MEAN[:2], SPREAD[:2])


def test_a_processor_is_saved_under_its_name_and_one_with_a_way_of_its_own_keeps_it(both):
    assert both[1].to_dict() == both[0].to_dict()
    other = Other()
    quicken(other)
    assert type(other) is Other
