"""Files that are whole or not there: written beside their place, then moved into it in one step."""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sav_core.errors import StorageError

__all__ = ["whole_file", "write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash half-way, finds the old content or the new, never a part.

    Raises:
        StorageError: the disk is full, read-only or not ours to write; what was at ``path`` before is still there.
    """
    with whole_file(path) as file:
        file.write(content)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written bit by bit that appears at its place, whole, when this is left without an error.

    Raises:
        StorageError: the disk is full, read-only or not ours to write; what was at ``path`` before is still there.
    """
    if not path.name:
        raise StorageError(f"Cannot write {str(path)!r}, which names no file: give a name for it.")
    path = path.resolve()  # a link goes on pointing to what it did
    if path.exists() and not path.is_file():
        raise StorageError(f"Cannot write {path}, which is there and no ordinary file: choose another name.")
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            yield file
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> StorageError:
    """What to say where a disk refuses."""
    advice = "free some space" if error.errno == errno.ENOSPC else "choose another place"
    return StorageError(f"Cannot write {path} ({error.strerror or error}): {advice} and save again.")
