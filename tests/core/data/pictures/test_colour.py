"""Colour profiles: what is converted, against Little CMS by itself, and what is left alone."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from sav_core.data.pictures.decoding import decode, decode_whole
from sav_core.data.pictures.picture import as_picture, read_picture
from tests.support.pictures import encoded, noise
from tests.support.profiles import ADOBE, GREY, P3, SRGB
from tests.support.tiffs import png16


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


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_saying(*chunks):
    """A PNG that says something of its colours before its pixels."""
    data = encoded(noise(16, 16))
    place = data.index(b"IDAT") - 4
    return data[:place] + b"".join(chunk(*each) for each in chunks) + data[place:]


def exif(space, mark=b""):
    """EXIF with a colour space, and the letters that stand for one."""
    inner = struct.pack("<HHHIHHHHIII", 2, 0xA001, 3, 1, space, 0, 0xA005, 4, 1, 56, 0)
    outer = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0)
    return b"Exif\0\0" + outer + inner + struct.pack("<HHHI4sI", 1, 1, 2, 4, mark, 0)


def jpeg2000(profile):
    """A JP2 with a profile in its colour box."""
    data = encoded(noise(16, 16), "JPEG2000")
    head, place = data.index(b"jp2h") - 4, data.index(b"colr") - 4
    (whole,), (old,) = struct.unpack_from(">I", data, head), struct.unpack_from(">I", data, place)
    box = struct.pack(">I4s3s", 11 + len(profile), b"colr", b"\2\0\0") + profile
    data = data[:place] + box + data[place + old :]
    return data[:head] + struct.pack(">I", whole + len(box) - old) + data[head + 4 :]


D65, ADOBE_POINTS = (31270, 32900), (64000, 33000, 21000, 71000, 15000, 6000)
GAMMA = (b"gAMA", struct.pack(">I", 45470))
NAMED = {
    "EXIF": (encoded(noise(16, 16), "JPEG", quality=95, exif=exif(2)), ADOBE),
    "EXIF, by DCF": (encoded(noise(16, 16), "JPEG", quality=95, exif=exif(0xFFFF, b"R03\0")), ADOBE),
    "chromaticities": (png_saying(GAMMA, (b"cHRM", struct.pack(">8I", *D65, *ADOBE_POINTS))), ADOBE),
    "cICP": (png_saying((b"cICP", bytes([12, 4, 0, 1]))), P3),
    "JPEG 2000": (jpeg2000(P3), P3),
}


@pytest.mark.parametrize(("data", "profile"), NAMED.values(), ids=NAMED.keys())
def test_a_space_that_is_named_is_as_good_as_its_profile(data, profile):
    bare = Image.open(io.BytesIO(data))
    found = decode_whole(data, "it")
    assert np.abs(np.asarray(found.rgb).astype(int) - by_hand(bare.convert("RGB"), profile)).max() <= 3
    assert found.remarks[0][0] == "profile"


@pytest.mark.parametrize(
    "data",
    [
        encoded(noise(16, 16), "JPEG", quality=95, exif=exif(1)),
        encoded(noise(16, 16), "JPEG", quality=95, exif=exif(0xFFFF, b"R98\0")),
        png_saying(GAMMA),
        png_saying((b"cICP", bytes([1, 13, 0, 1]))),
        png_saying(GAMMA, (b"cHRM", bytes(32))),
        png_saying((b"sRGB", b"\0"), (b"cHRM", struct.pack(">8I", *D65, *ADOBE_POINTS)), GAMMA),
        encoded(noise(16, 16), "JPEG2000"),
    ],
)
def test_srgb_by_any_name_is_left_alone(data):
    found = decode_whole(data, "it")
    assert np.array_equal(np.asarray(found.rgb), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert found.remarks == ()


@pytest.mark.parametrize("kept", [8, 20, 30, 40, 60])
def test_garbled_exif_takes_nothing_from_sound_pixels(kept):
    data = encoded(noise(16, 16), "JPEG", quality=95, exif=exif(1)[:kept])
    assert np.array_equal(
        np.asarray(decode(data, "it")), np.asarray(decode(encoded(noise(16, 16), "JPEG", quality=95), "it"))
    )


def test_hdr_is_left_as_it_is_with_a_word():
    found = decode_whole(png_saying((b"cICP", bytes([9, 16, 0, 1]))), "it")
    assert found.remarks == (("broken profile", "Its colours are HDR (PQ), which is not converted in pictures"),)


@pytest.mark.parametrize("colour", [(1000,), (1000, 2000, 3000)])
def test_the_one_colour_that_is_seen_through_is_white_in_sixteen_bits_too(colour):
    values = np.full((4, 4, len(colour)), colour, np.uint16)
    values[0] += 1
    data = encoded(Image.fromarray(values[..., 0])) if len(colour) == 1 else png16(values)
    place = data.index(b"IDAT") - 4
    data = data[:place] + chunk(b"tRNS", struct.pack(f">{len(colour)}H", *colour)) + data[place:]
    found = np.asarray(decode(data, "it"))
    assert (found[1:] == 255).all()
    assert (found[0] < 50).all()
