import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from sav_core.data.pictures.decoding import MAX_ASPECT, MAX_PIXELS, decode, to_rgb
from sav_core.errors import ImageError
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, noise, png_header, solid

EVERY_FORMAT = {
    "PNG": encoded(corners()),
    "JPEG": encoded(corners(), "JPEG", quality=100, subsampling=0),
    "WebP": encoded(corners(), "WEBP", lossless=True),
    "WebP, lossy": encoded(corners(), "WEBP", quality=100),
    "GIF": encoded(corners(), "GIF"),
    "BMP": encoded(corners(), "BMP"),
    "TIFF": encoded(corners(), "TIFF"),
    "TIFF, LZW": encoded(corners(), "TIFF", compression="tiff_lzw"),
    "TIFF, big": encoded(corners(), "TIFF", big_tiff=True),
    "HEIC": encoded(corners(), "HEIC"),
    "AVIF": encoded(corners(), "AVIF", quality=100),
}


def pixel(data, x=2, y=2):
    return decode(data, "it").getpixel((x, y))


def near(colour, tolerance=6):
    return pytest.approx(colour, abs=tolerance)


@pytest.mark.parametrize("data", EVERY_FORMAT.values(), ids=EVERY_FORMAT.keys())
def test_every_format_gives_the_same_picture(data):
    image = decode(data, "it")
    assert image.mode == "RGB"
    assert image.size == (24, 16)
    assert image.getpixel((2, 2)) == near(RED)
    assert image.getpixel((21, 2)) == near(BLUE)
    assert image.getpixel((12, 12)) == near(WHITE)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_an_animation_is_read(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    assert pixel(encoded(frames[0], kind, save_all=True, append_images=frames[1:])) == near(RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(kind, orientation):
    undo = [None, None, 0, 3, 1, 5, 2, 6, 4][orientation]  # how a camera held that way stores an upright scene
    stored = corners(48, 32) if undo is None else corners(48, 32).transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(stored, kind, exif=exif.tobytes()), "it")
    assert image.size == (48, 32)
    assert image.getpixel((4, 4)) == near(RED, 40)
    assert image.getpixel((43, 4)) == near(BLUE, 40)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"garbage",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0",
    ],
)
def test_garbled_exif_takes_nothing_from_sound_pixels(exif):
    assert pixel(encoded(corners(), "PNG", exif=exif)) == RED


def test_transparent_parts_are_white():
    half = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    assert pixel(encoded(half)) == near((255, 127, 127), 1)
    assert pixel(encoded(clear)) == WHITE
    assert pixel(encoded(Image.new("LA", (4, 4), (0, 64)))) == near((191, 191, 191), 1)
    assert pixel(encoded(palette, transparency=0)) == WHITE
    assert pixel(encoded(palette, transparency=b"\x80\xff")) == near((255, 127, 127), 1)
    assert pixel(encoded(palette, "GIF", transparency=0)) == WHITE
    assert pixel(encoded(Image.new("RGB", (4, 4), RED), transparency=RED)) == WHITE
    assert pixel(encoded(Image.new("L", (4, 4), 7), transparency=7)) == WHITE
    assert pixel(encoded(clear, "WEBP", lossless=True)) == WHITE


def test_cmyk_is_converted_whichever_way_the_file_stores_it():
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert pixel(encoded(red, "JPEG")) == near(RED)  # Pillow writes the inverted form of Adobe
    assert pixel(encoded(red, "TIFF")) == near(RED)


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.array([[0, 128, 129, 257, 32896, 65535]], dtype=np.uint16)
    for data in (encoded(Image.fromarray(ramp)), encoded(Image.fromarray(ramp), "TIFF")):
        assert [pixel(data, x, 0)[0] for x in range(6)] == [0, 0, 1, 1, 128, 255]
    big_endian = Image.frombytes("I;16B", (6, 1), ramp.astype(">u2").tobytes())
    assert [value[0] for value in to_rgb(big_endian, "it").get_flattened_data()] == [0, 0, 1, 1, 128, 255]


@settings(deadline=None)
@given(st.integers(0, 255))
def test_eight_bits_stored_as_sixteen_come_back_exactly(value):
    sixteen = Image.fromarray(np.full((1, 1), value * 257, dtype=np.uint16))
    assert to_rgb(sixteen, "it").getpixel((0, 0)) == (value,) * 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        ([-5.0, -5.0, -5.0], [0, 0, 0]),
        ([np.nan, 1.0, np.inf], [0, 255, 0]),
        ([-3e38, 0.0, 3e38], [0, 128, 255]),
    ],
)
def test_floats_are_scaled_by_their_range(values, expected):
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert [pixel(encoded(image, "TIFF"), x, 0)[0] for x in range(3)] == expected


@pytest.mark.parametrize("mode", ["1", "L", "P", "I", "F", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "RGBX", "I;16"])
def test_every_mode_of_pillow_becomes_rgb(mode):
    assert to_rgb(Image.new(mode, (3, 2)), "it").mode == "RGB"


def bmp_header(width, height):
    return (
        b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    )


def gif_header(width, height):
    image = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0)
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0" * 6 + image + b"\x02\x02\x44\x01\0;"


def gif_with_a_frame_larger_than_its_screen(width, height):
    data = bytearray(gif_header(8, 8))
    struct.pack_into("<HH", data, 13 + 6 + 5, width, height)
    return bytes(data)


def jpeg_header(width, height):
    data = bytearray(solid(kind="JPEG"))
    frame = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, height, width)
    return bytes(data)


def tiff_header(width, height):
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 100)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + b"\0" * 4


def heic_header(width, height):
    data = bytearray(EVERY_FORMAT["HEIC"])
    place = data.index(b"ispe")
    while place >= 0:
        struct.pack_into(">II", data, place + 8, width, height)
        place = data.find(b"ispe", place + 1)
    return bytes(data)


HEADERS = [
    png_header,
    bmp_header,
    gif_header,
    gif_with_a_frame_larger_than_its_screen,
    jpeg_header,
    tiff_header,
    heic_header,
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("size", [(50_000, 50_000), (10_000, 10_000), (65_000, 1)])
def test_a_decompression_bomb_is_refused_from_its_header(header, size, monkeypatch):
    def never(*_):
        pytest.fail("pixels were allocated")

    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", never)
    with pytest.raises(ImageError, match="pixels"):
        decode(header(*size), "bomb")


def test_the_limits_themselves_are_read():
    assert to_rgb(Image.new("1", (MAX_ASPECT, 1)), "it").size == (MAX_ASPECT, 1)
    with pytest.raises(ImageError, match="crop it"):
        to_rgb(Image.new("1", (MAX_ASPECT + 1, 1)), "it")
    with pytest.raises(ImageError, match=f"more than the {MAX_PIXELS:,}"):
        decode(png_header(8192, 8193), "it")


REFUSED = {
    "empty": (b"", "is empty"),
    "text": (b"this is a text", "by what it begins with"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9", "is not a PNG"),
    "photoshop": (encoded(corners(), "ICO"), "is not a PNG"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "begins like PNG but cannot be decoded"),
    "no size": (png_header(0, 0), "begins like PNG"),
    "truncated PNG": (encoded(noise(64, 64))[:5000], "begins like PNG"),
    "truncated JPEG": (encoded(noise(64, 64), "JPEG")[:1500], "begins like JPEG"),
    "truncated WebP": (encoded(noise(64, 64), "WEBP", lossless=True)[:5000], "begins like WebP"),
    "truncated GIF": (encoded(noise(64, 64), "GIF")[:2000], "begins like GIF"),
    "truncated BMP": (encoded(noise(64, 64), "BMP")[:5000], "begins like BMP"),
    "truncated TIFF": (encoded(noise(64, 64), "TIFF")[:5000], "begins like TIFF"),
    "truncated HEIC": (encoded(noise(64, 64), "HEIC")[:3000], "begins like HEIC"),
    "truncated AVIF": (encoded(noise(64, 64), "AVIF")[:1000], "begins like AVIF"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_in_one_sentence_that_names_the_picture(data, reason):
    with pytest.raises(ImageError) as caught:
        decode(data, "cat.png")
    message = str(caught.value)
    assert message.startswith("'cat.png' ")
    assert reason in message
    assert message.endswith(".")
    assert "\n" not in message


def test_whatever_a_decoder_throws_becomes_an_image_error(monkeypatch):
    for thrown in (SyntaxError, OverflowError, MemoryError, EOFError, struct.error, RecursionError, IndexError):

        def load(self, thrown=thrown):
            raise thrown("")

        monkeypatch.setattr(ImageFile.ImageFile, "load", load)
        with pytest.raises(ImageError, match=thrown.__name__):
            decode(EVERY_FORMAT["PNG"], "it")


@settings(deadline=None)
@given(st.sampled_from([data[:12] for data in EVERY_FORMAT.values()] + [b""]), st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_image_errors(start, rest):
    with pytest.raises(ImageError):
        decode(start + rest, "noise")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(EVERY_FORMAT.values())), st.data())
def test_damaged_files_are_read_or_refused(data, draw):
    damaged = bytearray(data[: draw.draw(st.integers(1, len(data)))])
    for place in draw.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=3)):
        damaged[place] = draw.draw(st.integers(0, 255))
    try:
        image = decode(bytes(damaged), "damaged")
    except ImageError:
        return
    assert image.mode == "RGB"


def test_pillow_and_the_warning_filters_stay_as_they_were():
    limit, truncated, known, filters = (
        Image.MAX_IMAGE_PIXELS,
        ImageFile.LOAD_TRUNCATED_IMAGES,
        set(Image.OPEN),
        warnings.filters[:],
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda data: decode(data, "it"), list(EVERY_FORMAT.values()) * 4))
    assert (limit, truncated) == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert "HEIF" not in set(Image.OPEN) - known
    assert warnings.filters == filters
