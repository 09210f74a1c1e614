import numpy as np
import pytest
from PIL import Image

from sav_core.figures.overlay import PALETTE, overlay


def lightness(colours):
    """CIE L* of sRGB colours ``(..., 3)`` from 0 to 1."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(luminance) - 16


def palette():
    return np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in PALETTE]) / 255


def test_the_palette_grows_lighter_step_by_step_so_that_no_hue_is_needed():
    steps = np.diff(lightness(palette()))
    assert (steps > 10).all()
    assert steps.max() < 2 * steps.min()


def test_yellow_is_where_attention_is():
    grid = np.zeros((4, 6))
    grid[1, 4] = 1
    drawn = np.asarray(overlay(Image.new("RGB", (60, 40), "grey"), grid)).astype(int)
    assert drawn.shape == (40, 60, 3)
    row, column = np.unravel_index((drawn[..., 0] - drawn[..., 2]).argmax(), (40, 60))
    assert 10 <= row < 20
    assert 40 <= column < 50


def test_the_picture_stays_readable():
    black_and_white = np.zeros((40, 60, 3), dtype=np.uint8)
    black_and_white[:, 30:] = 255
    for grid in (np.zeros((4, 6)), np.ones((4, 6))):
        drawn = lightness(np.asarray(overlay(black_and_white, grid)) / 255)
        assert drawn[:, 35:].mean() - drawn[:, :25].mean() > 12


def test_a_common_peak_makes_two_heads_comparable():
    picture, strong, weak = Image.new("RGB", (40, 40), "grey"), np.full((4, 4), 0.2), np.full((4, 4), 0.05)
    assert overlay(picture, strong).tobytes() == overlay(picture, weak).tobytes()
    assert overlay(picture, strong, peak=0.2).tobytes() != overlay(picture, weak, peak=0.2).tobytes()


def test_large_pictures_are_drawn_small_and_no_attention_is_no_error():
    drawn = overlay(Image.new("RGB", (3000, 1500)), np.zeros((2, 3)), edge=300)
    assert (drawn.size, drawn.mode) == ((300, 150), "RGB")


@pytest.mark.parametrize("shape", [(1, 1), (200, 3)])
def test_any_grid_fits(shape):
    assert overlay(Image.new("RGB", (50, 40)), np.random.default_rng(0).random(shape)).size == (50, 40)
