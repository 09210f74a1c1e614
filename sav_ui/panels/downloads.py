"""Files for a visitor to download: each at an address that cannot be guessed, gone after an hour."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from gradio.utils import get_upload_folder

from sav_core.errors import StorageError

__all__ = ["fresh_path", "link", "made_file", "remove"]

_KEEP_SECONDS = 3600
_made: dict[str, float] = {}  # folders by name, and when each was made


def fresh_path(name: str) -> Path:
    """Return where to write a file of that name, in a folder of its own; what lies there for an hour is removed.

    Raises:
        StorageError: the disk refuses.
    """
    saved, now = Path(get_upload_folder()).resolve() / "saved", time.monotonic()  # which nobody sets back
    try:
        saved.mkdir(parents=True, exist_ok=True)
        for folder in saved.iterdir():
            if now - _made.setdefault(folder.name, now) > _KEEP_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)  # another event may be removing it just now
                _made.pop(folder.name, None)
        folder = saved / secrets.token_hex(16)
        folder.mkdir()
        _made[folder.name] = now
    except OSError as error:
        raise StorageError(f"Nothing can be saved here ({error.strerror or error}): try again later.") from error
    return folder / name


def made_file(name: str, write: Callable[[Path], object]) -> Path:
    """Write a file of that name where it can be downloaded, or nothing at all; returns where.

    Raises:
        StorageError: the disk refuses; the sentence says nothing of where it lies.
    """
    path = fresh_path(name)
    try:
        write(path)
    except (OSError, StorageError) as error:
        remove(path)
        cause = error if isinstance(error, OSError) else error.__cause__
        why = getattr(cause, "strerror", None) or "the disk refuses"
        raise StorageError(f"{name!r} cannot be saved ({why}): try again later.") from error
    return path


def remove(path: Path) -> None:
    """Delete a file that was made to download, with its folder."""
    shutil.rmtree(path.parent, ignore_errors=True)  # it may be gone already
    _made.pop(path.parent.name, None)


def link(path: Path) -> dict[str, str]:
    """Return the file's address, relative to the page, and its name, for the script ``downloads.js``."""
    return {"url": f"gradio_api/file={path.as_posix()}", "name": path.name}
