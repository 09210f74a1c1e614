import io
import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sav_core.data.allowance import Allowance, open_allowance
from sav_core.data.archives import archive as archive_module
from sav_core.data.archives.archive import Archive
from sav_core.errors import DatasetError
from tests.support.archives import zipped


@pytest.fixture
def archive(tmp_path):
    """Write the entries into a ZIP and open it."""
    opened = []

    def open_with(entries, **options):
        path = tmp_path / "pets.zip"
        path.write_bytes(entries if isinstance(entries, bytes) else zipped(entries, **options))
        opened.append(Archive(path))
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


def test_names_and_bytes(archive):
    pets = archive({"cat/": b"", "cat/1.png": b"one", "notes.txt": b""})
    assert pets.name == "pets.zip"
    assert pets.names == ("cat/", "cat/1.png", "notes.txt")
    assert pets.read("cat/1.png") == b"one"
    assert pets.read("notes.txt") == b""


def test_several_threads_may_read(archive):
    entries = {f"{number}.bin": bytes([number]) * 300_000 for number in range(40)}
    pets = archive(entries)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pets.read, entries)) == list(entries.values())


def test_the_file_is_closed_at_the_end(tmp_path):
    path = tmp_path / "pets.zip"
    path.write_bytes(zipped({"a": b"1"}))
    with Archive(path) as pets:
        assert pets.read("a") == b"1"
    with pytest.raises(OSError, match="is damaged"):
        pets.read("a")


def test_names_of_the_finder_are_read_as_utf8(archive):
    data = zipped({"K\u00f6ln/1.png": b""})
    unmarked = data.replace(struct.pack("<HH", 0x800, 8), struct.pack("<HH", 0, 8))  # without the UTF-8 flag
    assert unmarked != data
    assert archive(unmarked).names == ("K\u00f6ln/1.png",)


DEEP = "a/" * 65 + "a.png"
HARMFUL_NAMES = [DEEP, "../a.png", "a/../../b.png", "/etc/passwd", "C:/a.png", "c:a.png", "a\\b.png", "..\\a.png", ".."]


@pytest.mark.parametrize("name", HARMFUL_NAMES)
def test_names_that_lead_out_are_refused(archive, name):
    with pytest.raises(DatasetError, match="is refused because of its entry") as caught:
        archive({"cat/1.png": b"", name: b""})
    assert str(caught.value).endswith("with plain files and folders only.")


def test_a_null_character_hides_no_name(archive):
    data = zipped({"a.png+../b": b""}).replace(b"a.png+", b"a.png\0")
    with pytest.raises(DatasetError, match="is refused"):
        archive(data)


def test_links_are_refused(archive):
    link = zipfile.ZipInfo("cat/1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(DatasetError, match="which is a link"):
        archive({link: b"/etc/passwd"})


def test_protected_archives_are_refused(archive):
    data = bytearray(zipped({"a": b"1"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DatasetError, match="protected by a password"):
        archive(bytes(data))


def test_an_entry_that_comes_twice_is_refused(archive):
    data = zipped({"cat/1.png": b"1", "cat/2.png": b"2"}).replace(b"cat/2.png", b"cat/1.png")
    with pytest.raises(DatasetError, match="comes twice"):
        archive(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"not a zip", b"PK\x03\x04", b"Rar!\x1a\x07", zipped({"a": b"1" * 99})[:-30]],
    ids=["empty", "text", "start", "rar", "cut"],  # a ZIP holds the time: workers would name the last case differently
)
def test_what_is_no_zip_is_refused(archive, data):
    with pytest.raises(DatasetError, match=r"'pets\.zip' is not a ZIP archive"):
        archive(data)


def test_a_missing_zip_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"'none\.zip' cannot be opened"):
        Archive(tmp_path / "none.zip")


def test_a_missing_entry_or_a_folder_is_no_file(archive):
    pets = archive({"cat/": b"", "cat/1.png": b""})
    for name in ("dog/1.png", "cat/"):
        with pytest.raises(FileNotFoundError):
            pets.read(name)


def test_a_damaged_entry_costs_only_itself(archive):
    data = zipped({"a": b"sound", "b": b"to be damaged"}, compression=zipfile.ZIP_STORED)
    pets = archive(data.replace(b"to be damaged", b"to be damagEd"))
    with pytest.raises(OSError, match="damaged"):
        pets.read("b")
    assert pets.read("a") == b"sound"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_costs_only_that_entry(archive, method):
    with pytest.raises(OSError, match="deflate"):
        archive({"a": b"1"}, compression=method).read("a")


def test_too_many_entries_are_refused(archive, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_ENTRIES", 3)
    archive({str(number): b"" for number in range(3)})
    with pytest.raises(DatasetError, match="holds 4 entries"):
        archive({str(number): b"" for number in range(4)})


def test_folders_that_no_entry_is_for_are_counted(archive):
    deep = {"/".join([f"{number}", *"abcdefgh", "1.png"]): b"" for number in range(3)}
    with (
        open_allowance(Allowance(27, 99, 99, 9, 99, lambda size: None)),
        pytest.raises(DatasetError, match="holds 30 files"),
    ):
        archive(deep)
    with open_allowance(Allowance(30, 99, 99, 9, 99, lambda size: None)):
        assert len(archive(deep).names) == 3


def test_too_much_by_the_headers_is_refused_unread(archive, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_TOTAL_BYTES", 1000)
    with pytest.raises(DatasetError, match="unpacks to more than"):
        archive({"a": bytes(600), "b": bytes(600)})


def test_too_much_is_refused_while_reading(archive, monkeypatch):
    pets = archive({"a": bytes(600), "b": bytes(600)})
    monkeypatch.setattr(archive_module, "MAX_TOTAL_BYTES", 1000)
    pets.read("a")
    with pytest.raises(DatasetError, match="unpacks to more than"):
        pets.read("b")


def test_a_bomb_is_refused_while_reading(archive):
    pets = archive({"bomb.bmp": bytes(40 << 20), "flat.bmp": bytes(10 << 20)})
    assert len(pets.read("flat.bmp")) == 10 << 20  # one colour packs a thousand times smaller and is no bomb
    with pytest.raises(DatasetError, match="looks like a ZIP bomb"):
        pets.read("bomb.bmp")


def test_headers_that_lie_change_nothing(archive):
    data = bytearray(zipped({"bomb.bmp": bytes(40 << 20)}))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 100)  # claims 100 bytes unpacked
    with pytest.raises(OSError, match="damaged"):
        archive(bytes(data)).read("bomb.bmp")
    struct.pack_into("<II", data, directory + 20, 1 << 30, 1 << 30)  # claims not to be packed at all
    with pytest.raises((DatasetError, OSError)):
        archive(bytes(data)).read("bomb.bmp")


def test_a_large_entry_is_refused(archive):
    with pytest.raises(DatasetError, match="looks like a ZIP bomb"):
        archive({"a": bytes(200)}).read("a", most=100)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_zips_are_read_or_refused(tmp_path_factory, data):
    sound = zipped({"cat/": b"", "cat/1.png": b"some bytes" * 20, "dog/1.png": b"more"})
    damaged = bytearray(sound[: data.draw(st.integers(0, len(sound)))])
    for place in data.draw(st.lists(st.integers(0, max(len(damaged) - 1, 0)), max_size=4)):
        if damaged:
            damaged[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(damaged)
    with suppress(DatasetError), Archive(path) as archive:
        for name in archive.names:
            with suppress(OSError):
                archive.read(name)


def test_reading_needs_no_disk(archive, monkeypatch):
    pets = archive({"a": b"1"})
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    monkeypatch.setattr(io, "open", None)
    assert pets.read("a") == b"1"
