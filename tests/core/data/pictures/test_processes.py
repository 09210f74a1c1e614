"""Pictures and archives read in processes: as they are read here, whatever they are; bombs are one sentence each."""

import io

import numpy as np
import pytest
from PIL import Image

from sav_core.data.allowance import MOST_LOST, Allowance, open_allowance
from sav_core.data.archives.archive import Archive
from sav_core.data.archives.processes import open_archive
from sav_core.data.pictures import processes
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import read_picture
from sav_core.data.pictures.processes import read_in_processes
from sav_core.data.sets.datasets import read_queries
from sav_core.data.workers.pool import Allotment, WorkerLostError, WorkerPool
from sav_core.errors import DatasetError, ImageError
from tests.support.archives import zipped
from tests.support.pictures import encoded, noise, solid
from tests.support.tiffs import tiff

GREY16 = tiff(np.arange(400, dtype=np.uint16).reshape(20, 20) * 10)


@pytest.fixture(autouse=True)
def in_processes():
    read_in_processes()
    yield
    read_in_processes(False)


def here(read):
    """What it is without processes."""
    read_in_processes(False)
    try:
        return read()
    finally:
        read_in_processes()


def facts(picture):
    return (picture.name, picture.size, picture.digest, picture.held_bytes, picture.spread, picture.levels, picture.remarks)


@pytest.mark.parametrize(
    ("data", "levels"),
    [
        (encoded(noise(30, 20)), None),
        (encoded(noise(30, 20), "JPEG"), None),
        (encoded(noise(30, 20), "HEIC"), None),
        (encoded(noise(900, 700), "JPEG"), None),
        (encoded(noise(30, 20), "GIF", save_all=True, append_images=[noise(30, 20, seed=1)]), None),
        (GREY16, None),
        (GREY16, Levels((("uint16", 0.0, 2047.0),))),
    ],
)
def test_a_picture_is_what_it_is_here(data, levels):
    found = read_picture(data, "a", levels)
    same = here(lambda: read_picture(data, "a", levels))
    assert facts(found) == facts(same)
    assert found.rgb().tobytes() == here(lambda: same.rgb().tobytes())


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a no", encoded(noise())[:60], encoded(noise(), "JPEG")[:200], b"\xff\x0a" * 9]
)
def test_what_cannot_be_read_is_told_as_here(data):
    with pytest.raises(ImageError) as told:
        read_picture(data, "a.png")
    with pytest.raises(ImageError) as same:
        here(lambda: read_picture(data, "a.png"))
    assert str(told.value) == str(same.value)


def scan_bomb(scans):
    """A progressive JPEG whose last scan comes again and again."""
    data = encoded(noise(64, 64), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


def test_a_jpeg_of_hundreds_of_scans_is_refused_before_any_is_decoded():
    read_picture(encoded(noise(64, 64), "JPEG", progressive=True), "plain.jpg")
    with pytest.raises(ImageError, match=r"'bomb\.jpg' is a JPEG of \d{3} scans, and up to 100 are read here"):
        read_picture(scan_bomb(300), "bomb.jpg")


@pytest.mark.parametrize(
    "bomb",
    [solid(size=(4096, 4096)), solid(size=(4096, 4096), kind="WebP", lossless=True), solid(size=(4096, 4096), kind="AVIF")],
    ids=["png", "webp", "avif"],
)
def test_what_takes_more_memory_than_a_picture_may_is_refused_and_the_next_is_read(bomb, monkeypatch):
    monkeypatch.setattr(processes, "LITTLE", Allotment(8 << 20, 60.0, 30))
    monkeypatch.setattr(processes, "MUCH", Allotment(24 << 20, 60.0, 30))
    with pytest.raises(ImageError, match=r"'bomb'"):
        read_picture(bomb, "bomb")
    assert read_picture(encoded(noise()), "next").size == (8, 8)


def test_what_takes_more_than_little_is_read_with_much(monkeypatch):
    monkeypatch.setattr(processes, "LITTLE", Allotment(8 << 20, 60.0, 30))
    assert read_picture(solid(size=(1500, 1500)), "large").size == (1500, 1500)


class Asleep(WorkerPool):
    """Workers that never answer."""

    def ask(self, request, allotment, payload=b"", *, alone=False):
        return super().ask({**request, "do": "sleep"}, allotment, payload, alone=alone)


def test_one_that_takes_too_long_is_named_and_so_many_of_one_reading_end_it(monkeypatch):
    monkeypatch.setattr(processes, "_POOL", Asleep("tests.support.odd_worker"))
    monkeypatch.setattr(processes, "LITTLE", Allotment(64 << 20, 0.01, 30))
    allowed = Allowance(99, 99, 99, 9, 99, lambda size: None)
    with open_allowance(allowed):
        for number in range(MOST_LOST):
            with pytest.raises(ImageError, match=rf"'{number}\.png' was not read within 0\.01 seconds: try again"):
                read_picture(encoded(noise(seed=number)), f"{number}.png")
        with pytest.raises(DatasetError, match=rf"More than {MOST_LOST} of these files took too long .* such as '0\.png'"):
            read_picture(encoded(noise(seed=99)), "99.png")
    monkeypatch.undo()
    assert read_picture(encoded(noise()), "next").size == (8, 8)


@pytest.mark.parametrize(
    ("starved", "message"),
    [
        (False, "takes longer than 10 seconds to read: make it smaller"),
        (True, "was not read within 120 seconds: try again"),
    ],
)
def test_a_picture_is_blamed_for_what_it_has_computed_and_not_for_a_busy_machine(monkeypatch, starved, message):
    def lose(*_, **__):
        raise WorkerLostError(overdue=True, starved=starved)

    monkeypatch.setattr(processes._POOL, "ask", lose)
    with pytest.raises(ImageError, match=message):
        read_picture(encoded(noise()), "slow.png")


@pytest.fixture
def pets(tmp_path):
    files = {f"{number}.png": encoded(noise(seed=number)) for number in range(3)} | {"broken.png": b"\x89PNG\r\n\x1a\n"}
    (tmp_path / "pets.zip").write_bytes(zipped(files))
    return tmp_path / "pets.zip"


@pytest.mark.filterwarnings("ignore::sav_core.errors.SkippedWarning")
def test_an_archive_reads_as_here_and_nothing_of_it_here(pets, monkeypatch):
    same = here(lambda: read_queries(pets, clips=None))
    monkeypatch.setattr(Archive, "_admit", None)
    found = read_queries(pets, clips=None)
    assert [facts(one.images[0]) for one in found] == [facts(one.images[0]) for one in same]
    assert found.skipped == same.skipped
    with open_archive(pets) as archive:
        assert archive.read("0.png") == encoded(noise(seed=0))
        assert archive.head("0.png", 4) == b"\x89PNG"
        assert archive.head("nothing", 4) == b""
        with pytest.raises(OSError, match="there is no such file"):
            archive.read("nothing")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK no", "is not a ZIP archive"),
        (zipped({"../a.png": b""}), "leads out of the archive"),
        (zipped({"a.png": bytes(40 << 20)}), "looks like a ZIP bomb"),
    ],
)
def test_an_archive_that_does_harm_is_refused_as_here(tmp_path, content, message):
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_queries(tmp_path / "p.zip", clips=None)


def test_an_archive_of_more_files_than_may_be_is_refused_by_its_table_of_contents(pets):
    with (
        open_allowance(Allowance(3, 99, 99, 9, 99, lambda size: None)),
        pytest.raises(DatasetError, match="holds 4 files and folders, and up to 3"),
    ):
        read_queries(pets, clips=None)


def test_an_entry_is_unpacked_no_further_than_is_asked(pets):
    with open_archive(pets) as archive, pytest.raises(DatasetError, match="looks like a ZIP bomb"):
        archive.read("0.png", 10)


def test_the_file_itself_is_kept_as_it_came():
    data = encoded(noise(900, 700), "JPEG")
    assert read_picture(data, "a").encoded == data
    assert Image.open(io.BytesIO(data)).size == (900, 700)
