"""Values of every kind, read as what they are: against the arrays that were written."""

import io

import numpy as np
import pytest
from PIL import Image

from sav_core.data.pictures.decoding import decode, decode_whole
from sav_core.data.pictures.raster import png_raster, tiff_raster, tiff_tags
from sav_core.errors import ImageError
from tests.support.tiffs import directory, png16, tiff

KINDS = ["i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
LAYOUTS = [
    {},
    {"rows": 3},
    {"tile": 16},
    {"compression": 8, "rows": 5},
    {"compression": 8, "predictor": 2},
    {"compression": 8, "predictor": 2, "tile": 16, "big_endian": True},
    {"planar": 2, "rows": 4, "big_endian": True},
    {"planar": 2, "compression": 8, "predictor": 2, "tile": 16},
]


def array(kind, bands=1, seed=0):
    values = np.random.default_rng(seed).normal(size=(21, 37, bands)) * 90
    return (np.abs(values) * 40 if kind[0] == "u" else values).astype(kind)


def read(encoded):
    found = tiff_raster(encoded, tiff_tags(encoded), "it")
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_kind_of_number_in_every_layout(kind, layout):
    for bands in (1, 3):
        values = array(kind, bands)
        found = read(tiff(values, photometric=2 if bands == 3 else 1, **layout))
        assert found.kind == np.dtype(kind).name
        assert np.array_equal(found.values, values)


@pytest.mark.parametrize("kind", ["f4", "i4", "u2"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", None])
def test_what_libtiff_writes_is_read_back(kind, compression):
    values = array(kind)[..., 0]
    for predictor in (1, 3 if kind == "f4" else 2) if str(compression).startswith("tiff") else (1,):
        buffer = io.BytesIO()
        big = predictor == 1
        Image.fromarray(values).save(buffer, "TIFF", compression=compression, tiffinfo={317: predictor}, big_tiff=big)
        assert np.array_equal(read(buffer.getvalue()).values[..., 0], values)


@pytest.mark.parametrize("bands", [2, 3, 4])
def test_all_sixteen_bits_of_a_png_colour_are_read(bands):
    values = np.random.default_rng(1).integers(0, 1 << 16, (7, 9, bands)).astype(np.uint16)
    found = png_raster(png16(values))
    colours = 1 if bands == 2 else 3
    assert np.array_equal(found.values, values[..., :colours])
    assert (found.alpha is None) == (bands == 3)
    if bands != 3:
        assert np.array_equal(found.alpha, values[..., -1] >> 8)


@pytest.mark.parametrize(
    ("bands", "chosen"), [(2, [0]), (4, [0, 1, 2]), (5, [0, 1, 2]), (8, [0, 1, 2]), (12, [3, 2, 1]), (13, [3, 2, 1])]
)
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_which_bands_are_taken_is_said(bands, chosen, kind):
    values = array(kind, bands)
    found = read(tiff(values))
    assert np.array_equal(found.values, values[..., chosen])
    assert found.bands.startswith(f"Of {'two' if bands == 2 else bands} bands ")
    assert ("as in Sentinel-2" in found.bands) == (bands > 11)


def test_a_fourth_band_that_is_no_transparency_is_said():
    values = array("u1", 4)
    found = read(tiff(values, photometric=2, tags={338: [0]}))
    assert np.array_equal(found.values, values[..., :3])
    assert found.bands == "Of 4 bands 1, 2, 3 are read as red, green and blue"


def test_bands_that_the_file_names_are_taken_by_their_names():
    names = ["nir", "blue", "green", "red", "swir"]
    items = "".join(
        f'<Item name="DESCRIPTION" sample="{n}" role="description">{name}</Item>' for n, name in enumerate(names)
    )
    values = array("u2", 5)
    found = read(tiff(values, tags={42112: f"<GDALMetadata>{items}</GDALMetadata>\0".encode()}))
    assert np.array_equal(found.values, values[..., [3, 2, 1]])


def test_more_bands_or_another_form_are_refused_in_one_sentence():
    with pytest.raises(ImageError, match=r"'it' is a TIFF of 14 bands of 16 bits, and up to 13 bands are read"):
        decode(tiff(array("u2", 14)), "it")
    odd = directory(
        {256: [8], 257: [8], 258: [24], 259: [1], 262: [1], 273: [8], 277: [1], 278: [8], 279: [192]}, bytes(192)
    )
    with pytest.raises(ImageError, match="in a form that is not read: save it with 8, 16 or 32 bits"):
        decode(odd, "it")


def test_signed_bytes_are_not_taken_for_unsigned_ones():
    ramp = np.arange(-100, 101, 10, dtype=np.int8)[None]
    grey = np.asarray(decode(tiff(ramp), "it"))[0, :, 0].astype(int)
    assert grey[0] == 0
    assert grey[-1] == 255
    assert (np.diff(grey) > 0).all()


def test_white_is_black_where_the_file_says_so():
    ramp = np.array([[0, 65535]], np.uint16)
    assert np.asarray(decode(tiff(ramp, photometric=0), "it"))[0, :, 0].tolist() == [255, 0]


def test_what_stands_for_no_value_is_black_and_decides_nothing():
    values = np.array([[-9999.0, 0.0, 50.0, 100.0]], np.float32)
    grey = decode_whole(tiff(values, tags={42113: b"-9999\0"}), "it").rgb
    assert np.asarray(grey)[0, :, 0].tolist() == [0, 0, 50, 100]


def test_transparent_values_are_white():
    values = np.zeros((2, 2, 4), np.uint16)
    values[0, 0, 3] = 65535
    image = decode(tiff(values, photometric=2, tags={338: [2]}), "it")
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((1, 1)) == (255, 255, 255)


def test_a_size_that_fits_no_memory_is_refused_from_the_tags():
    tags = {256: [8000], 257: [8000], 258: [64] * 13, 259: [1], 262: [1], 273: [8], 277: [13], 278: [8000], 279: [99]}
    with pytest.raises(ImageError, match="more than 1 GiB"):
        decode(directory(tags, bytes(99)), "it")


@pytest.mark.parametrize("tile", [46_000, 4096])
def test_tiles_far_larger_than_the_picture_are_refused_before_any_is_read(tile):
    tags = {256: [64], 257: [64], 258: [8], 259: [8], 262: [1], 277: [1], 322: [tile], 323: [tile], 324: [8], 325: [99]}
    with pytest.raises(ImageError, match=f"has 64 x 64 pixels in tiles of {tile:,} x {tile:,}, far more: save it again"):
        decode(directory(tags, bytes(99)), "it")


@pytest.mark.parametrize("cut", [9, 200, 2000])
def test_what_is_cut_short_is_refused(cut):
    whole = tiff(array("u2", 5), compression=8)
    with pytest.raises(ImageError, match="begins like TIFF but cannot be decoded"):
        decode(whole[:8] + whole[8 + cut :], "it")
