"""A full disk is one sentence wherever something is written, with nothing half written and no place of the server in it."""

import errno
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest

from sav_core.data.clips.clip import read_clip
from sav_core.errors import StorageError
from sav_core.files import write_atomically
from sav_ui.pages.header import project_menu
from sav_ui.pages.vectors.uploads import read_task
from sav_ui.panels import downloads
from sav_ui.panels.downloads import made_file
from sav_ui.session.session import Session
from sav_ui.uploads.files import uploads
from tests.support.people import context, dropped, small_project
from tests.support.pictures import encoded, noise

ROOT = Path(__file__).resolve().parents[2]
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/place")


def refuse(*_, **__):
    raise FULL


def saved():
    return sorted(Path(downloads.get_upload_folder(), "saved").glob("*/*"))


def on_full(path):
    """Where the path is, a device that takes nothing."""
    path.symlink_to("/dev/full")
    return path


def zip_it(path):
    with zipfile.ZipFile(on_full(path), "w") as archive:
        archive.writestr("a", bytes(1 << 20))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
@pytest.mark.parametrize(
    "write",
    [lambda path: on_full(path).write_text("x" * 100_000), zip_it, lambda path: write_atomically(path, b"x")],
    ids=["a text", "a ZIP", "a whole file or none"],
)
def test_what_is_made_to_download_is_whole_or_not_there(monkeypatch, write):
    before = saved()
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError) as told:
        made_file("work.bin", write)
    assert str(told.value) == "'work.bin' cannot be saved (No space left on device): try again later."
    assert saved() == before


def test_nothing_is_made_to_download_in_another_way():
    for path in (ROOT / "sav_ui").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name not in ("downloads.py", "fetching.py"):  # what comes to the server is looked at in test_fetching.py
            assert not re.search(r"fresh_path|\bopen\([^)]*[\"']w", text), path


def test_a_project_is_not_saved_and_stays_as_it_is(models, monkeypatch):
    session = Session()
    session.project = project = small_project(labels=("a", "b"), each=1)
    before = saved()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", refuse)
    project_menu.act(context(session, models), {"do": "save"})
    assert session.notice.text == "'a-b.zip' cannot be saved (No space left on device): try again later."
    assert (session.project, session.download, saved()) == (project, None, before)


def test_of_what_one_visitor_saves_the_last_two_stay(models):
    session = Session()
    session.project = small_project(labels=("a", "b"), each=1)
    before = saved()
    for _ in range(5):
        project_menu.act(context(session, models), {"do": "save"})
        assert session.download.path.exists()
    assert len(saved()) == len(before) + 2


def test_what_was_made_to_download_goes_after_an_hour_whatever_the_clock_says(monkeypatch):
    path = made_file("a.txt", lambda path: path.write_text("a"))
    os.utime(path.parent, (0, 0))  # as if it were made in 1970: the clock was wrong, and was set
    made_file("b.txt", lambda path: path.write_text("b"))
    assert path.exists()
    now = downloads.time.monotonic()
    monkeypatch.setattr(downloads.time, "monotonic", lambda: now + 3601)
    made_file("c.txt", lambda path: path.write_text("c"))
    assert not path.exists()


def test_no_folder_for_a_download_is_a_sentence(monkeypatch):
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match=r"^Nothing can be saved here \(No space left on device\): try again later\.$"):
        made_file("work.bin", lambda path: None)


@pytest.mark.parametrize("what", ["the folder", "a file", "an entry"])
def test_relations_are_told_that_the_disk_is_full(monkeypatch, what):
    picture = encoded(noise())
    files = uploads(dropped({"a.png": picture}))
    if what == "the folder":
        monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    elif what == "a file":
        monkeypatch.setattr(shutil, "copyfile", refuse)
    else:
        from tests.support.archives import zipped

        files = uploads(dropped({"p.zip": zipped({"a.png": picture})}))
        monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(StorageError, match="there is no room on this server just now: try again later") as told:
        read_task(files)
    assert "/" not in str(told.value)


def test_what_is_wrong_with_relations_names_no_place_of_the_server():
    files = uploads(dropped({"r.jsonl": b"no json\n", "a.png": encoded(noise())}))
    with pytest.raises(Exception, match=r"r\.jsonl") as told:
        read_task(files)
    assert tempfile.gettempdir() not in str(told.value)


def test_a_clip_that_lies_in_an_archive_needs_room_and_says_so(monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(StorageError, match=r"'a\.mp4' needs room for a copy .*No space left on device") as told:
        read_clip(b"\0\0\0\x18ftypmp42" + bytes(100), name="a.mp4")
    assert "/secret" not in str(told.value)
