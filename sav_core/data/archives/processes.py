"""A ZIP that a stranger sent, opened and unpacked in worker processes where pictures are read in those."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path

from sav_core.data.allowance import FILE_BYTES, allowance
from sav_core.data.archives.archive import MAX_ENTRY_BYTES, MAX_TOTAL_BYTES, Archive, count_with_folders
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture, take_picture
from sav_core.data.pictures.processes import ask, found_picture, in_processes
from sav_core.data.workers.pool import Answer
from sav_core.errors import DatasetError, ImageError

__all__ = ["open_archive"]


def open_archive(path: str | PathLike[str]) -> Archive:
    """Open a ZIP here, or in worker processes.

    Raises:
        DatasetError: it is missing, not a ZIP, protected by a password, too large or crafted to do harm.
    """
    return _RemoteArchive(path) if in_processes() else Archive(path)


class _RemoteArchive(Archive):
    """A ZIP of which nothing is read in this process."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path, self.name = Path(path).absolute(), Path(path).name
        self._read = 0
        says = self._asked("names", "", 0).says
        self.names = tuple(says["names"])
        self.notes = tuple(Note(kind, text, count, tuple(examples)) for kind, text, count, examples in says["notes"])
        allowed = allowance()
        if allowed is not None:
            allowed.check_files(count_with_folders(self.names), self.name)

    def close(self) -> None:
        """Let go of it; the workers forget it by themselves."""

    def read(self, name: str, most: int = MAX_ENTRY_BYTES) -> bytes:
        """Unpack one entry, as ``Archive.read`` does."""
        (data,) = self._asked("entry", name, min(most, FILE_BYTES)).parts
        self._count(len(data))
        return data

    def picture(self, name: str, shown: str) -> Picture:
        """Unpack an image and open it, in one go."""
        request = {"do": "picture", "path": os.fspath(self.path), "entry": name, "name": shown, "most": FILE_BYTES}
        answer = ask(request, shown)
        encoded = answer.parts[0]
        self._count(len(encoded))
        return take_picture(encoded, shown, found_picture(answer.says, answer.parts[1:]))

    def _count(self, fresh: int) -> None:
        self._read += fresh
        if self._read > MAX_TOTAL_BYTES:
            raise self._too_large()

    def head(self, name: str, count: int) -> bytes:
        """Return the first bytes of a file; none where it cannot be read."""
        return self._asked("head", name, count).parts[0]

    def _asked(self, what: str, name: str, most: int) -> Answer:
        try:
            return ask({"do": what, "path": os.fspath(self.path), "entry": name, "most": most}, self.name)
        except ImageError as error:  # the worker is gone over it
            raise DatasetError(str(error)) from error
