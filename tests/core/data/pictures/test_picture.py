import base64
import hashlib
import io
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from PIL import Image

from sav_core.data.pictures import picture as picture_module
from sav_core.data.pictures.levels import decide
from sav_core.data.pictures.picture import IMAGE_SUFFIXES, MAX_FILE_BYTES, Picture, as_picture, open_picture, read_picture
from sav_core.errors import ImageError
from tests.support.pictures import BLUE, RED, WHITE, corners, encoded, noise, solid

PIXELS = np.asarray(noise(10, 6))


def pixels(picture):
    return np.asarray(picture.rgb())


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "cat.png"
    file.write_bytes(encoded(noise(10, 6)))
    return file


def test_the_same_pixels_are_one_picture_whatever_holds_them(path):
    image = noise(10, 6)
    sources = [path, str(path), path.read_bytes(), image, PIXELS, encoded(image, "BMP"), encoded(image, "TIFF")]
    pictures = [as_picture(source) for source in sources]
    assert len(set(pictures)) == 1
    assert pictures[0].size == (10, 6)
    assert pictures[0].digest == hashlib.sha256(b"10x6:" + PIXELS.tobytes()).hexdigest()
    assert all((pixels(picture) == PIXELS).all() for picture in pictures)


def test_the_size_is_part_of_the_identity():
    assert as_picture(PIXELS) != as_picture(PIXELS.reshape(10, 6, 3))


def test_names(path):
    opened = Image.open(path)
    assert as_picture(path).name == "cat.png"
    assert as_picture(opened).name == "cat.png"
    assert as_picture(path.read_bytes()).name == as_picture(PIXELS).name == as_picture(noise()).name == "image"
    picture = as_picture(path, "tom")
    assert picture.name == "tom"
    assert as_picture(picture) is picture
    assert as_picture(picture, "tim").name == "tim"
    assert as_picture(picture, "tim") == picture
    assert repr(picture) == "Picture('tom', 10 x 6)"


@pytest.mark.parametrize("size", [(10, 6), (600, 500)])
def test_a_picture_cannot_be_changed(size):
    picture = as_picture(noise(*size))
    before = pixels(picture).copy()
    picture.rgb().paste(RED, (0, 0, 5, 5))
    assert (pixels(picture) == before).all()
    with pytest.raises(FrozenInstanceError):
        picture.name = "other"


def test_a_picture_is_not_changed_through_its_source():
    array, image = PIXELS.copy(), noise(10, 6)
    pictures = as_picture(array), as_picture(image)
    array[:] = 0
    image.paste(WHITE, (0, 0, 10, 6))
    assert all((pixels(picture) == PIXELS).all() for picture in pictures)


def test_a_large_file_that_changes_later_changes_no_example(tmp_path):
    file = tmp_path / "large.png"
    file.write_bytes(encoded(noise(600, 500)))
    picture = open_picture(file)
    file.unlink()
    assert (pixels(picture) == np.asarray(noise(600, 500))).all()


@pytest.mark.parametrize("size", [(10, 6), (600, 500)])
def test_pickling_keeps_everything(size):
    picture = read_picture(encoded(noise(*size)), "tom")
    again = pickle.loads(pickle.dumps(picture))
    assert again == picture
    assert (again.name, again.size, again.encoded) == (picture.name, picture.size, picture.encoded)
    assert (pixels(again) == pixels(picture)).all()


def test_large_pictures_keep_no_pixels():
    data = encoded(noise(4, 4).resize((1024, 768), Image.Resampling.NEAREST))
    assert len(pickle.dumps(read_picture(data))) < len(data) + 500


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "HEIC", "GIF"])
def test_the_original_bytes_are_kept(kind):
    data = encoded(corners(), kind)
    assert read_picture(data).encoded == data


@pytest.mark.parametrize("size", [(10, 6), (600, 500)])
def test_pictures_without_a_file_are_stored_as_png(size):
    picture = as_picture(noise(*size))
    assert picture.encoded.startswith(b"\x89PNG")
    assert read_picture(picture.encoded) == picture


def test_size_is_that_of_the_upright_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(corners(600, 500), "JPEG", exif=exif.tobytes(), quality=95)
    picture = read_picture(data)
    assert picture.size == picture.rgb().size == (500, 600)
    assert as_picture(Image.open(io.BytesIO(data))) == picture
    assert as_picture(picture.rgb()) == picture  # turned once, not twice


def test_thumbnail():
    picture = as_picture(noise(600, 500))
    assert picture.thumbnail(60).size == (60, 50)
    assert as_picture(noise(10, 6)).thumbnail(60).size == (10, 6)


def test_arrays():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    clear = np.zeros((3, 4, 4), dtype=np.uint8)
    assert (pixels(as_picture(grey)) == grey[:, :, None]).all()
    assert (pixels(as_picture(clear)) == 255).all()
    assert (pixels(as_picture(PIXELS[::-1, ::2])) == PIXELS[::-1, ::2]).all()


@pytest.mark.parametrize("kind", ["u2", ">u2", "u4", "i2", "i4", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
def test_arrays_of_all_numbers_are_scaled_as_their_files_are(kind, shape):
    array = np.linspace(0, 1 if kind[-2] == "f" else 4095, np.prod(shape)).reshape(shape).astype(kind)
    if shape[2:] == (4,):
        array[..., 3] = 1 if kind[-2] == "f" else np.iinfo(array.dtype).max
    picture = as_picture(array)
    assert picture.spread.kind == array.dtype.name
    for levels in (None, decide([picture.spread])):
        again = picture.at_levels(levels)
        assert again == read_picture(picture.encoded, levels=levels)
    channel = pixels(again)[..., 0]
    assert channel.min() == 0
    assert channel.max() >= 240
    assert (np.diff(channel.ravel().astype(int)) >= 0).all()


def test_arrays_of_truth_are_black_and_white():
    assert pixels(as_picture(np.eye(3, dtype=bool)))[..., 0].tolist() == (255 * np.eye(3, dtype=int)).tolist()


def test_channels_that_come_first_are_told():
    with pytest.raises(ImageError, match=r"is uint8 \(3, 8, 8\): put its channels last"):
        as_picture(np.zeros((3, 8, 8), dtype=np.uint8))


def test_a_text_that_is_the_picture_itself_is_read():
    written = base64.b64encode(encoded(noise(6, 5))).decode()
    assert as_picture(f"data:image/png;base64,{written}") == as_picture(noise(6, 5))
    with pytest.raises(ImageError, match="lies on the web"):
        as_picture("https://example.org/cat.png")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 4), dtype=complex),
        np.zeros((3, 4, 3), dtype="datetime64[s]"),
        np.zeros((3, 4, 5), dtype=np.uint8),
        np.zeros((3, 4, 2), dtype=np.uint8),
        np.zeros((1, 3, 4, 3), dtype=np.uint8),
        np.zeros(3, dtype=np.uint8),
        np.array("text"),
    ],
)
def test_other_arrays_are_refused_with_what_came(array):
    with pytest.raises(ImageError) as caught:
        as_picture(array)
    assert f"{array.dtype} {array.shape}" in str(caught.value)


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3), (0, 0)])
def test_arrays_without_pixels_are_refused(shape):
    with pytest.raises(ImageError, match="at least one"):
        as_picture(np.zeros(shape, dtype=np.uint8))


def write(tmp_path, name, data):
    file = tmp_path / name
    file.write_bytes(data)
    return file


BAD_FILES = {
    "missing": (lambda tmp: tmp / "cat.png", "There is no image file"),
    "a folder": (lambda tmp: tmp, "is a folder"),
    "empty": (lambda tmp: write(tmp, "cat.png", b""), "'cat.png' is empty"),
    "text": (lambda tmp: write(tmp, "cat.png", b"a text file"), "'cat.png' is not a PNG"),
    "truncated": (lambda tmp: write(tmp, "cat.png", encoded(noise(64, 64))[:900]), "'cat.png' begins like PNG"),
    "a device": (lambda tmp: "/dev/null", "There is no image file"),
    "a null character": (lambda tmp: "cat\0.png", "There is no image file"),
    "a name too long": (lambda tmp: "cat" * 5000, "cannot be read"),
    "nothing": (lambda tmp: "", "is a folder"),
    "a number": (lambda tmp: 7, "but int came"),
    "a list": (lambda tmp: [solid()], "but list came"),
    "a closed image": (lambda tmp: closed(), "cannot be decoded"),
}


def closed():
    image = noise()
    image.close()
    return image


@pytest.mark.parametrize(("source", "reason"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_refused_in_one_sentence(source, reason, tmp_path):
    with pytest.raises(ImageError) as caught:
        as_picture(source(tmp_path))
    message = str(caught.value)
    assert reason in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 500


def test_an_unreadable_file_is_refused(path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(ImageError, match=r"cannot be read \(Permission denied\)"):
        open_picture(path)


def test_a_file_too_large_is_refused_unread(path, monkeypatch):
    monkeypatch.setattr(picture_module, "MAX_FILE_BYTES", 10)
    with pytest.raises(ImageError, match="is larger than"):
        open_picture(path)
    assert MAX_FILE_BYTES == 512 << 20


def test_a_truncated_pil_image_is_refused(tmp_path):
    file = write(tmp_path, "cat.jpg", encoded(noise(64, 64), "JPEG")[:1500])
    with Image.open(file) as image, pytest.raises(ImageError, match=r"'cat\.jpg' cannot be decoded"):
        as_picture(image)


def test_suffixes_are_lower_case_with_a_dot():
    assert {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tiff", ".heic", ".heif", ".avif"} <= IMAGE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)


def test_pictures_are_equal_only_to_pictures():
    picture = as_picture(solid(BLUE))
    assert picture != picture.digest
    assert isinstance(picture, Picture)
