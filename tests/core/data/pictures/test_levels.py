"""What is black and what is white in a set: the rule, where it goes, and that queries follow it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sav_core.data.examples import Example
from sav_core.data.pictures.decoding import decode_whole
from sav_core.data.pictures.levels import Levels, decide, range_for, scaled, spread_of
from sav_core.data.pictures.no_data import missing_in
from sav_core.data.pictures.picture import as_picture, read_picture
from sav_core.data.sets.datasets import read_examples
from sav_core.data.sets.one_scale import at_levels, levels_of, on_one_scale
from tests.support.pictures import encoded, noise, solid
from tests.support.tiffs import png16, tiff


def of(values, kind=None):
    values = np.asarray(values)
    return decide([spread_of(values, kind or values.dtype.name)]).ranges[0][1:]


@pytest.mark.parametrize("bits", range(8, 17))
def test_as_many_bits_as_hold_the_values(bits):
    values = np.linspace(0, 2**bits - 1, 1000).astype(np.uint16)
    assert of(values) == (0, 2**bits - 1)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([8, 10, 12, 14, 16]))
def test_a_photograph_in_more_bits_is_the_photograph(seed, bits):
    photograph = np.asarray(noise(24, 24, seed=seed))
    wide = (photograph.astype(np.uint32) * (2**bits - 1) // 255).astype(np.uint16)
    again = read_picture(png16(wide), "it", decide([read_picture(png16(wide)).spread]))
    assert np.abs(np.asarray(again.rgb()).astype(int) - photograph).max() <= 1


def test_a_few_hot_pixels_decide_nothing():
    values = np.full((100, 100), 200, np.uint16)
    values[::2] = 3000
    values[0, :20] = 65535
    assert of(values) == (0, 4095)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(21000, 24000, 5000).astype(np.uint16), (21000, 24000)),  # a heat camera
        (np.linspace(-1024, 3071, 5000).astype(np.int16), (-1024, 3071)),  # Hounsfield units
        (np.linspace(0, 1, 5000).astype(np.float32), (0, 1)),
        (np.arange(5000).astype(np.uint16) % 6, (0, 5)),  # a map of classes
    ],
)
def test_the_own_range_where_the_bits_would_say_little(values, expected):
    found = of(values)
    reach = expected[1] - expected[0]
    assert found == pytest.approx(expected, abs=0.01 * reach)


def test_a_set_has_one_rule_and_equal_values_stay_equal():
    dark, bright = np.full((9, 9), 900, np.uint16), np.full((9, 9), 900, np.uint16)
    bright[4:] = 4000
    examples = on_one_scale([Example(as_picture(Image.fromarray(each)), label="a") for each in (dark, bright)])
    levels = levels_of(picture for example in examples for picture in example.images)
    assert levels.as_dict() == {"uint16": (0, 4095)}
    pixels = [np.asarray(example.images[0].rgb())[0, 0, 0] for example in examples]
    assert pixels == [56, 56]  # 900 of 4095


def test_a_set_that_grows_keeps_its_rule():
    first = on_one_scale([Example(tiff(np.linspace(0, 4095, 400).astype(np.uint16).reshape(20, 20)), label="a")])
    more = on_one_scale([*first, Example(tiff(np.linspace(0, 60000, 400).astype(np.uint16).reshape(20, 20)), label="b")])
    assert {example.images[0].levels for example in more} == {Levels((("uint16", 0.0, 4095.0),))}
    assert more[0].images[0] is first[0].images[0]


def test_a_kind_that_the_rule_does_not_name_is_scaled_by_itself():
    picture = read_picture(tiff(np.linspace(-50, 50, 400).astype(np.float32).reshape(20, 20)))
    (example,) = at_levels([Example(picture)], Levels((("uint16", 0.0, 4095.0),)))
    assert range_for(picture.spread, example.images[0].levels) == pytest.approx((-49.6, 49.6), abs=0.1)


def test_without_a_rule_sixteen_bits_keep_their_whole_range():
    picture = read_picture(tiff(np.array([[0, 4095]], np.uint16)))
    assert np.asarray(picture.rgb())[0, :, 0].tolist() == [0, 16]
    assert picture.at_levels(None) is picture


def test_a_large_picture_is_decoded_by_its_rule_again():
    values = np.tile(np.linspace(0, 4095, 1000).astype(np.uint16), (700, 1))
    picture = read_picture(tiff(values, compression=8), "it", Levels((("uint16", 0.0, 4095.0),)))
    assert np.asarray(picture.rgb())[0, -1, 0] == 255


def test_eight_bits_have_no_rule():
    picture = as_picture(noise())
    assert (picture.spread, picture.at_levels(Levels())) == (None, picture)
    assert levels_of([picture]) == Levels()


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=50))
def test_scaling_keeps_the_order_and_stays_in_eight_bits(numbers):
    values = np.array(sorted(numbers), np.int64)
    grey = scaled(values, *decide([spread_of(values, "int64")]).ranges[0][1:]).astype(int)
    assert (np.diff(grey) >= 0).all()


def test_reading_a_folder_decides_for_all_of_it_and_says_so(tmp_path):
    for label, top in (("a", 4095), ("b", 1500)):
        (tmp_path / label).mkdir()
        values = np.linspace(0, top, 400).astype(np.uint16).reshape(20, 20)
        (tmp_path / label / "1.tif").write_bytes(tiff(values))
        (tmp_path / label / "2.png").write_bytes(solid((1, 2, len(label))))
        (tmp_path / label / "3.png").write_bytes(encoded(Image.fromarray(values[::-1].copy())))
    examples = read_examples(tmp_path)
    assert [example.images[0].rgb().getextrema()[0][1] for example in examples] == [255, 1, 255, 93, 1, 93]
    (note,) = [note for note in examples.notes if note.kind == "levels"]
    assert (note.count, "uint16 from 0 to 4095" in note.text) == (4, True)


HEIGHTS = np.linspace(210, 868, 400)


@pytest.mark.parametrize("kind", ["float32", "float64", "int16", "int32"])
@pytest.mark.parametrize("fill", [-9999, -32768, -999, -3.4028235e38, 9.96921e36, -5000])
def test_a_value_far_from_all_others_is_no_value_and_that_is_said(tmp_path, kind, fill):
    if kind.startswith("int") and abs(fill) > 1e30:
        fill = np.iinfo(kind).min
    values = HEIGHTS.astype(kind)
    values[:40] = fill
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.tif").write_bytes(tiff(values.reshape(20, 20)))
    examples = read_examples(tmp_path)
    grey = np.asarray(examples[0].images[0].rgb())[..., 0].reshape(-1).astype(int)
    assert grey[:40].max() == 0
    assert grey[-1] - grey[40] > 60  # not all in one shade
    (note,) = [note for note in examples.notes if note.kind == "nodata"]
    assert (note.count, "guess" in note.text) == (2, True)


@pytest.mark.parametrize(
    "values",
    [
        HEIGHTS - 400,
        np.linspace(-1024, 3071, 400),  # Hounsfield units
        np.array([-1, 1] * 200),  # a mask
        np.r_[np.zeros(40), HEIGHTS],
        np.r_[np.full(40, -2000), np.linspace(-1000, 3000, 360)],
    ],
)
def test_values_that_reach_as_far_as_they_please_are_all_values(values):
    assert missing_in(np.asarray(values, np.float32), None) is None


def test_what_the_file_calls_no_value_and_what_is_no_number_is_said():
    values = HEIGHTS.astype(np.float32).reshape(20, 20)
    values[0, :5] = 300
    assert (
        "300 stands for no value, as the file says"
        in decode_whole(tiff(values, tags={42113: b"300\0"}), "it").remarks[0][1]
    )
    assert decode_whole(tiff(values, tags={42113: b"7\0"}), "it").remarks == ()
    values[1, :5] = np.finfo(np.float32).min
    for told in (b"-3.40282347E+38\0", b"-3.4028234663852886e+38\0"):
        assert "as the file says" in decode_whole(tiff(values, tags={42113: told}), "it").remarks[0][1]
    assert "a guess" in decode_whole(tiff(values, tags={42113: b"-1e300\0"}), "it").remarks[0][1]
    values[1, :5] = 300
    values[0, 0] = np.nan
    assert "are no numbers" in decode_whole(tiff(values), "it").remarks[0][1]
