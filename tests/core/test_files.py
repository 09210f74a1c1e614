import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sav_core.errors import StorageError
from sav_core.files import write_atomically


def test_a_file_is_written_with_its_folders(tmp_path):
    write_atomically(tmp_path / "a" / "b.bin", b"content")
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"content"


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failure_half_way_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match=r"kept \(No space left on device\): free some space and save again"):
        write_atomically(path, b"new")
    assert os.listdir(tmp_path) == ["kept"]  # noqa: PTH208
    assert path.read_bytes() == b"old"


_WRITING = """
import sys
from pathlib import Path
from sav_core.files import write_atomically
while True:
    for letter in b"ab":
        write_atomically(Path(sys.argv[1]), bytes([letter]) * 3_000_000)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_process_that_is_killed_while_it_writes_leaves_one_content_or_the_other(tmp_path):
    path, deadline = tmp_path / "kept", time.monotonic() + 120
    with subprocess.Popen([sys.executable, "-c", _WRITING, str(path)]) as process:
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        for _ in range(20):
            content = path.read_bytes()
            assert content in (b"a" * 3_000_000, b"b" * 3_000_000), "also to who reads while it is written"
        process.kill()
    assert path.read_bytes() in (b"a" * 3_000_000, b"b" * 3_000_000)


def test_a_link_goes_on_pointing_to_what_it_did(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_what_is_no_ordinary_file_is_left_as_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(StorageError, match="no ordinary file"):
            write_atomically(path, b"content")
    assert (tmp_path / "pipe").is_fifo()


def test_a_name_of_nothing_is_refused():
    with pytest.raises(StorageError, match="names no file"):
        write_atomically(Path(), b"content")


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="choose another place"):
        write_atomically(tmp_path / "file" / "below", b"")
