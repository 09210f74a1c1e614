"""Colour profiles: what is converted, against Little CMS by itself, and what is left alone."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from sav_core.data.decoding import decode, decode_whole
from sav_core.data.images import as_picture, read_picture
from tests.support.pictures import encoded, noise
from tests.support.profiles import ADOBE, GREY, P3, SRGB


def by_hand(image, profile):
    """What Little CMS makes of it in one call of Pillow's."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"))


@pytest.mark.parametrize("profile", [P3, ADOBE], ids=["P3", "Adobe"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_another_space_becomes_srgb(profile, kind):
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    data = encoded(noise(32, 32), kind, icc_profile=profile, **options)
    bare = decode(encoded(noise(32, 32), kind, **options), "it")
    found = decode_whole(data, "it")
    assert np.abs(np.asarray(found.rgb).astype(int) - by_hand(bare, profile)).max() <= 1
    assert np.abs(np.asarray(found.rgb).astype(int) - np.asarray(bare)).max() > 10
    ((kind, text),) = found.remarks
    assert (kind, text.startswith("Converted to sRGB from the colour profile '")) == ("profile", True)


def test_srgb_under_any_name_changes_no_pixel():
    found = decode_whole(encoded(noise(), icc_profile=SRGB), "it")
    assert np.array_equal(np.asarray(found.rgb), np.asarray(noise()))
    assert found.remarks == ()


@pytest.mark.parametrize("broken", [b"no profile", P3[:100], P3[:-50], GREY])
def test_a_broken_or_foreign_profile_is_ignored_with_a_word(broken):
    found = decode_whole(encoded(noise(), icc_profile=broken), "it")
    if found.remarks[0][0] == "profile":
        pytest.skip("Little CMS reads it all the same")
    assert np.array_equal(np.asarray(found.rgb), np.asarray(noise()))
    assert found.remarks == (("broken profile", "The colour profile cannot be used and was ignored"),)


def test_transparency_and_grey_keep_their_profiles():
    layer = noise(16, 16).convert("RGBA")
    layer.putalpha(255)
    assert np.array_equal(
        np.asarray(decode(encoded(layer, icc_profile=P3), "it")),
        np.asarray(decode(encoded(noise(16, 16), icc_profile=P3), "it")),
    )
    ramp = Image.fromarray(np.arange(0, 256, 8, dtype=np.uint8)[None])
    linear = decode(encoded(ramp, icc_profile=GREY), "it")
    assert np.array_equal(np.asarray(linear), by_hand(ramp, GREY))
    assert linear.getpixel((8, 0))[0] > 120  # a quarter of the light is half as bright to the eye


def test_values_of_sixteen_bits_keep_their_profile():
    ramp = np.arange(0, 256, 8, dtype=np.uint8)[None]
    wide = Image.fromarray(ramp.astype(np.uint16) * 257)
    for kind in ("PNG", "TIFF"):
        found = decode(encoded(wide, kind, icc_profile=GREY), "it")
        assert np.array_equal(np.asarray(found), by_hand(Image.fromarray(ramp), GREY)), kind


def test_a_palette_is_converted_by_its_colours():
    picture = noise(16, 16).quantize(32)
    assert np.array_equal(
        np.asarray(decode(encoded(picture, icc_profile=ADOBE), "it")), by_hand(picture.convert("RGB"), ADOBE)
    )


def test_lab_is_read_as_the_colours_it_means():
    red = ImageCms.profileToProfile(
        Image.new("RGB", (8, 8), (200, 30, 40)),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert decode(encoded(red, "TIFF"), "it").getpixel((2, 2)) == pytest.approx((200, 30, 40), abs=4)


def test_an_open_picture_and_its_file_are_one():
    data = encoded(noise(), icc_profile=P3)
    assert as_picture(Image.open(io.BytesIO(data))) == read_picture(data)
