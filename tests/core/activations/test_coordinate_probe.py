from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from sav_core.activations.coordinate_probe import extent, tile_regions
from sav_core.data.examples import Example
from sav_core.models.batching import Encoded

MEAN, STD = (0.48, 0.46, 0.41), (0.27, 0.26, 0.28)


class Processor:
    """A model's processor, as far as a probe sees it: pictures become tiles in a way that the test knows."""

    do_normalize, do_rescale, rescale_factor, image_mean, image_std = True, True, 1 / 255, MEAN, STD

    def __init__(self, cut):
        self.processor, self.cut = SimpleNamespace(image_processor=self), cut

    def encode(self, example):
        tiles = [np.asarray(tile, dtype=float) for picture in example.images for tile in self.cut(picture.rgb())]
        values = np.stack([((tile / 255 - MEAN) / STD).transpose(2, 0, 1) for tile in tiles])
        return Encoded({}, {"pixel_values": torch.tensor(values)[None]}, torch.ones(1, dtype=torch.bool))


def regions(cut, *sizes):
    return tile_regions(Processor(cut), Example([Image.new("RGB", size) for size in sizes], "?"))


def assert_regions(found, expected):
    assert [len(tiles) for tiles in found] == [len(tiles) for tiles in expected]
    for tiles, known in zip(found, expected, strict=True):
        np.testing.assert_allclose(tiles, known, atol=0.01)


@pytest.mark.parametrize("size", [(64, 48), (640, 480), (7, 300)])
def test_stretching_shows_the_whole(size):
    assert_regions(regions(lambda image: [image.resize((32, 32), Image.Resampling.BICUBIC)], size), [[(0, 0, 1, 1)]])


def test_a_crop_is_measured():
    crop = regions(lambda image: [image.crop((20, 30, 80, 90)).resize((32, 32))], (100, 120))
    assert_regions(crop, [[(0.2, 0.25, 0.8, 0.75)]])


@pytest.mark.parametrize("colour", [(0, 0, 0), tuple(round(255 * mean) for mean in MEAN), (127, 127, 127)])
def test_padding_lies_beyond_the_picture(colour):
    def pad(image):
        square = Image.new("RGB", (100, 100), colour)
        square.paste(image, (0, 25))
        return [square.resize((50, 50), Image.Resampling.BICUBIC)]

    assert_regions(regions(pad, (100, 50)), [[(0, -0.5, 1, 1.5)]])


def test_tiles_of_several_pictures_are_told_apart():
    def cut(image):
        wide = image.width > image.height
        halves = [image.crop((0, 0, 60, 60)), image.crop((60, 0, 120, 60))] if wide else []
        return [*(half.resize((40, 40)) for half in halves), image.resize((40, 40))]

    whole, halves = (0, 0, 1, 1), [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]
    assert_regions(
        regions(cut, (120, 60), (50, 50), (50, 50), (120, 60)),
        [[*halves, whole], [whole], [whole], [*halves, whole]],
    )


def test_tiles_that_fill_a_batch_are_no_pictures():
    blank = Image.new("RGB", (40, 40))
    assert_regions(regions(lambda image: [image.resize((40, 40)), blank, blank], (50, 50)), [[(0, 0, 1, 1)]])


def test_a_picture_one_pixel_wide_is_whole():
    assert_regions(regions(lambda image: [image.resize((32, 32))], (1, 1)), [[(0, 0, 1, 1)]])


def test_an_extent_goes_half_a_cell_beyond_the_centres():
    assert extent(np.array([0.125, 0.375, 0.625, 0.875])) == pytest.approx((0, 1))
    assert extent(np.array([np.nan, 0.3, 0.4, np.nan])) == pytest.approx((0.15, 0.55))
    assert extent(np.array([np.nan, 0.3])) == (0.0, 1.0)
