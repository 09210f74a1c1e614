"""The folder that this process keeps uploads and downloads in: its own, wiped when it starts and when it ends."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from sav_core.errors import StorageError

__all__ = ["folder_bytes", "remove_broken_off", "take_folder"]

_NAME = re.compile(r"serving-(.+)-(\d+)")
_VARIABLE = "GRADIO_TEMP_DIR"
_BLOCK = 4096  # bytes of a disk that the smallest file takes, and the smallest folder
_STALE_SECONDS = 600.0  # for so long nothing has come of an upload


def take_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Make the folder, have Gradio use it, and see to it that it goes with the process, also at SIGTERM.

    To be called before any page is built: Gradio's components remember the folder. What processes of this machine left
    behind that were killed is removed; a folder whose process lives stays.

    Raises:
        StorageError: the disk refuses.
    """
    above = Path(environment.get(_VARIABLE) or Path(tempfile.gettempdir()) / "sav-explorer")
    own = above / f"serving-{_machine()}-{os.getpid()}"
    try:
        above.mkdir(parents=True, exist_ok=True)
        for left in above.iterdir():
            if left == own or _is_left_behind(left.name):
                shutil.rmtree(left, ignore_errors=True)  # another process that starts may be removing it just now
        own.mkdir(mode=0o700)
    except OSError as error:
        raise StorageError(
            f"The app needs a folder for uploads, but {above} refuses ({error.strerror or error}): make room there, or let "
            f"{_VARIABLE} name another."
        ) from error
    os.environ[_VARIABLE] = str(own.resolve())
    owner = os.getpid()
    atexit.register(_wipe, own, owner)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, _: _end_by(number, own, owner))
    return own


def folder_bytes(folder: Path) -> int:
    """What all files and folders in a folder take of the disk, where a file of one byte takes a whole block."""
    total = 0
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            try:
                found = (Path(place) / name).lstat()
            except OSError:  # it went in between
                continue
            total += max(found.st_size, _BLOCK)
    return total


def remove_broken_off(folder: Path) -> None:
    """Remove what is left of uploads that were broken off: Gradio writes each into a file of no folder, and leaves that."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # it went in between
                if (
                    entry.name.startswith(tempfile.gettempprefix())
                    and entry.is_file()
                    and abs(time.time() - entry.stat().st_mtime) > _STALE_SECONDS
                ):
                    Path(entry.path).unlink()


def _machine() -> str:
    """Which machine or container this is, for in another the same number is another process."""
    return re.sub(r"[^\w.]", "_", socket.gethostname()) or "here"


def _is_left_behind(name: str) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and found[1] == _machine() and not psutil.pid_exists(int(found[2]))


def _wipe(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and not a process that was forked from it
        shutil.rmtree(folder, ignore_errors=True)


def _end_by(number: int, folder: Path, owner: int) -> None:
    """Wipe the folder and end at once: waiting for what is being worked on is what the sender has no patience for."""
    _wipe(folder, owner)
    os._exit(128 + number)  # the first process of a container gets no default action, and exit() would wait for threads
