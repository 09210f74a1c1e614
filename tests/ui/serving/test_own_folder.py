import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sav_core.errors import StorageError
from sav_ui.serving.own_folder import folder_bytes, remove_broken_off, take_folder
from tests.support.serving import ROOT

WAITING = """
import sys, time
from pathlib import Path
from sav_ui.serving.own_folder import take_folder
folder = take_folder()
(folder / "upload").write_bytes(b"secret")
print(folder, flush=True)
time.sleep(0 if sys.argv[1] == "end" else 600)
"""


def started(above, how="wait"):
    """A process that has such a folder, and the folder."""
    command = [sys.executable, "-c", WAITING, how]
    environment = os.environ | {"GRADIO_TEMP_DIR": str(above)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


def ended(process):
    process.stdout.close()
    return process.wait(60)


def test_the_folder_goes_with_its_process_and_of_a_killed_one_when_the_next_starts(tmp_path):
    living, theirs = started(tmp_path)
    killed, left = started(tmp_path)
    killed.kill()
    ended(killed)
    assert (left / "upload").exists()
    done, own = started(tmp_path, "end")
    assert ended(done) == 0
    assert not own.exists()
    assert not left.exists()
    assert (theirs / "upload").exists(), "its process lives"
    living.send_signal(signal.SIGTERM)
    assert ended(living) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_said_to(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(
        StorageError, match=r"The app needs a folder for uploads, but .*/file refuses .* GRADIO_TEMP_DIR name"
    ):
        take_folder({"GRADIO_TEMP_DIR": str(tmp_path / "file")})


def test_what_a_folder_holds_is_counted_as_the_disk_does(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(5000))
    (tmp_path / "c").write_bytes(b"12")
    folder = (tmp_path / "a").stat().st_size
    assert folder_bytes(tmp_path) == 5000 + 4096 + max(folder, 4096)


def test_what_is_left_of_uploads_that_were_broken_off_goes_and_nothing_else(tmp_path):
    (tmp_path / "hash").mkdir()
    stale, fresh, whole = tmp_path / "tmpa1", tmp_path / "tmpb2", tmp_path / "hash" / "tmp.png"
    for path in (stale, fresh, whole, tmp_path / "other"):
        path.write_bytes(b"1")
    for path in (stale, whole, tmp_path / "other"):
        os.utime(path, (0, 0))
    remove_broken_off(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["other", "tmp.png", "tmpb2"]
    remove_broken_off(tmp_path / "none")
