"""What a file is, by its first bytes; RAW files in the clothes of a TIFF; what Pillow says of a file, with its name."""

import numpy as np
import pytest
from PIL import Image

from sav_core.data.formats import look
from sav_core.data.pictures.decoding import decode, decode_whole
from sav_core.data.sets.datasets import read_examples
from sav_core.errors import ImageError, NotedWarning
from tests.support.pictures import GREEN, RED, encoded, noise, solid
from tests.support.tiffs import directory

THUMBNAIL = {256: [4], 257: [4], 258: [8, 8, 8], 259: [1], 262: [2], 273: [8], 277: [3], 278: [4], 279: [48]}


def raw(marks, below=None):
    """A thumbnail with marks, and behind it perhaps the picture of a sensor that it stands for."""
    body = bytes(48)
    if below is None:
        return directory(THUMBNAIL | marks, body)
    whole = directory({256: [8], 257: [8], **below}, body)
    table = whole[8 + len(body) :]
    return directory(THUMBNAIL | marks | {330: [8 + len(body)]}, body + table)


RAWS = {
    "DNG": raw({50706: [1]}),
    "a thumbnail of a picture below": raw({254: [1]}, {262: [32803]}),
    "a sensor's picture below": raw({}, {262: [32803]}),
    "Nikon's compression below": raw({}, {259: [34713]}),
    "Sony's compression": raw({259: [32767]}),
    "CR2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(99),
}


@pytest.mark.parametrize("name", ["a.nef", "a.tif", "a", "a.jpg"])
@pytest.mark.parametrize("data", RAWS.values(), ids=RAWS.keys())
def test_a_raw_file_is_never_its_thumbnail(data, name):
    with pytest.raises(ImageError, match=f"'{name}' is not a PNG.* but a camera's RAW file: develop it"):
        decode(data, name)


def camera(first, *below, after=()):
    """A file as a camera lays it out: a small picture first, others below it or after it."""
    body, places = bytes(48), []
    for table in below:
        places.append(8 + len(body))
        body += directory(table)[8:]
    whole = directory(first | ({330: places} if places else {}), body)
    for table in after:  # the last four bytes of a table say where the next one is, here at the end of the file
        end = int.from_bytes(whole[4:8], "little") + 2 + 12 * (len(first) + bool(places))
        whole = whole[:end] + len(whole).to_bytes(4, "little") + whole[end + 4 :] + directory(table)[8:]
    return whole + solid(kind="JPEG")


PREVIEW, JPEG_FIRST = (
    {254: [1], 259: [6], 513: [8], 514: [40]},
    {256: [160], 257: [120], 259: [6], 262: [6], 513: [8], 514: [40]},
)
CAMERAS = {
    "NEF": camera(THUMBNAIL | {254: [1]}, PREVIEW, {254: [0], 258: [14], 259: [34713], 262: [32803]}),
    "NEF, uncompressed": camera(THUMBNAIL, PREVIEW, {254: [0], 258: [12], 259: [1], 262: [32803]}),
    "ARW": camera(JPEG_FIRST, {258: [14], 259: [32767], 262: [32803]}),
    "SRW": camera(THUMBNAIL, {258: [14], 259: [32770], 262: [32803]}),
    "PEF": camera({256: [60], 257: [40], 258: [12], 259: [65535], 262: [32803], 277: [1]}),
    "DNG, linear": camera(THUMBNAIL | {254: [1]}, {258: [16], 259: [1], 262: [34892]}),
    "pages one after the other": camera(THUMBNAIL, after=[{258: [12], 259: [1], 262: [32803]}]),
    "CR2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(99) + solid(kind="JPEG"),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + solid(kind="JPEG"),
    "CRW": b"II\x1a\0\0\0HEAPCCDR" + solid(kind="JPEG"),
    "RAF": b"FUJIFILMCCD-RAW 0201FF393101" + solid(kind="JPEG"),
    **{f"ORF {mark}": mark + b"\x08\0\0\0" + solid(kind="JPEG") for mark in (b"IIRO", b"IIRS", b"MMOR")},
    "RW2": b"IIU\0\x18\0\0\0" + solid(kind="JPEG"),
    "MRW": b"\0MRM\0\0\0\0" + solid(kind="JPEG"),
    "X3F": b"FOVb\0\0\2\0" + solid(kind="JPEG"),
}


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.tif"])
@pytest.mark.parametrize("data", CAMERAS.values(), ids=CAMERAS.keys())
def test_no_camera_s_file_is_read_as_the_small_picture_in_it(data, name):
    with pytest.raises(ImageError, match=f"'{name}' is not a PNG.* but a camera's RAW file: develop it"):
        decode(data, name)


def test_pages_that_lead_round_in_a_circle_end():
    whole = directory(THUMBNAIL, bytes(48))
    place = int.from_bytes(whole[4:8], "little") + 2 + 12 * len(THUMBNAIL)
    assert decode(whole[:place] + whole[4:8] + whole[place + 4 :], "a.tif").size == (4, 4)


@pytest.mark.parametrize("ending", ["nef", "ARW", "dng", "orf", "cr2"])
def test_a_tiff_that_is_called_like_a_raw_file_is_one(ending):
    with pytest.raises(ImageError, match="but a camera's RAW file"):
        decode(encoded(noise(), "TIFF"), f"a.{ending}")


def test_a_plain_thumbnail_sized_tiff_is_read():
    assert decode(directory(THUMBNAIL, bytes(48)), "a.tif").size == (4, 4)


@pytest.mark.parametrize("kind", ["JPEG2000", "PPM"])
def test_more_formats_are_read(kind):
    picture = noise(32, 32)
    found = decode(encoded(picture, kind), "it")
    assert np.array_equal(np.asarray(found), np.asarray(picture))


def test_a_grey_map_of_more_bits_is_scaled_by_what_it_says():
    data = b"P5 3 1 4095\n" + np.array([0, 2048, 4095], ">u2").tobytes()
    assert np.asarray(decode(data, "it"))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a.jxl", "PNG"),
        (b"\xff\x0a", "a.png", "a JPEG XL image"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a", "a JPEG XL image"),
        (b"\0\0\0\x18ftypheic", "a.jpg", "HEIC"),
        (b"\0\0\0\x18ftypcrx ", "a", "a camera's RAW file"),
        (b"\0\0\0\x18ftypqt  ", "a", "a video"),
        (b"RIFF\0\0\0\0AVI ", "a", "a video"),
        (b"RIFF\0\0\0\0WEBP", "a", "WebP"),
        (b"", "a.mov", "a video"),
    ],
)
def test_the_bytes_come_before_the_name(head, name, kind):
    assert look(head, name).kind == kind


@pytest.mark.parametrize("head", [b"", b"Dear diary", b"{}", b"PK\x03\x04", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_picture_is_nothing(head):
    assert look(head, "notes") is None


def test_of_several_frames_the_first_is_read_and_that_is_said():
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        found = decode_whole(encoded(frames[0], kind, save_all=True, append_images=frames[1:]), "it")
        assert ("frames", "Only the first frame or page is read") in found.remarks, kind


def test_a_complaint_of_pillow_carries_the_name_of_the_file(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").write_bytes(solid((9, 9, len(label))))
    data = bytearray(encoded(noise(), "TIFF", tiffinfo={305: "made by hand, at length"}))
    place = data.index(b"\x31\x01\x02\x00")  # the tag's entry: where its text lies
    data[place + 8 : place + 12] = (1 << 20).to_bytes(4, "little")
    (tmp_path / "a" / "odd.tif").write_bytes(data)
    with pytest.warns(NotedWarning, match=r"Pillow says: .*: 'a/odd\.tif'"):
        examples = read_examples(tmp_path)
    assert len(examples) == 3
