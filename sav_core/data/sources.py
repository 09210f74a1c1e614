"""Where the files of a data set lie: a folder or a ZIP, which answer the same few questions.

Names are relative, with slashes, and folders end in one. Hidden files and what systems leave behind (``__MACOSX``,
``Thumbs.db``) are passed over.
"""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sav_core.data.archives import Archive
from sav_core.data.images import IMAGE_SUFFIXES, Picture, open_picture, read_picture
from sav_core.errors import DatasetError, ImageError

__all__ = ["FolderSource", "Source", "ZipSource", "composed", "is_image", "natural_order"]

_IGNORED = {"__macosx", "thumbs.db", "desktop.ini"}


class Source(Protocol):
    """Where the files of a data set lie."""

    name: str

    @property
    def names(self) -> Sequence[str]:
        """Every file and folder that is not hidden; folders end in a slash."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes, or raise `OSError`."""

    def picture(self, path: str) -> Picture:
        """Open an image, or raise `ImageError`."""

    def locate(self, path: str, listing: str) -> str | None:
        """Return the name of what a JSONL line in the file ``listing`` calls ``path``; None if it leaves the archive."""


class FolderSource:
    """A folder on this computer; a path in a JSONL there may lead anywhere."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.name = root.name or str(root)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every file and folder at any depth, links followed."""
        return tuple(self._walk())

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self._root / path).read_bytes()

    def picture(self, path: str) -> Picture:
        """Open an image."""
        return open_picture(self._root / path, composed(path))

    def locate(self, path: str, listing: str) -> str | None:
        """Resolve the path against the listing's own folder, unless it is absolute."""
        return str(Path(posixpath.dirname(listing), path))

    def _walk(self) -> Iterator[str]:
        def refuse(error: OSError) -> None:
            raise DatasetError(f"The folder {error.filename!r} cannot be listed ({error.strerror}): allow reading it.")

        seen: set[tuple[int, int]] = set()
        for folder, subfolders, files in os.walk(self._root, followlinks=True, onerror=refuse):
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in seen:  # a link back to a folder above would never end
                subfolders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            subfolders[:] = [name for name in subfolders if not _is_hidden(name)]
            here = Path(folder).relative_to(self._root)
            yield from ((here / name).as_posix() + "/" for name in subfolders)
            yield from ((here / name).as_posix() for name in files if not _is_hidden(name))


class ZipSource:
    """A ZIP; nothing outside it can be named from inside."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.name = archive.name
        self.names = tuple(name for name in archive.names if not _is_hidden(name))
        self._stored = {composed(name): name for name in archive.names}

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return self._archive.read(path)

    def picture(self, path: str) -> Picture:
        """Open an image."""
        try:
            encoded = self._archive.read(path)
        except OSError as error:
            raise ImageError(f"{path!r} cannot be read, for {error}: make the ZIP again.") from error
        return read_picture(encoded, composed(path))

    def locate(self, path: str, listing: str) -> str | None:
        """Resolve the path against the listing's own folder in the archive."""
        if "\\" in path or re.match("/|[A-Za-z]:", path):
            return None
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(listing), path))
        return None if inside.split("/")[0] == ".." else self._stored.get(composed(inside), inside)


def is_image(name: str) -> bool:
    """Tell by its name whether a file is taken for an image."""
    return posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort so that ``2.png`` comes before ``10.png``, whatever the case, one folder after the other."""
    return sorted(names, key=_natural)


def composed(name: str) -> str:
    """Return one spelling for what macOS and the others write differently; bytes that are no text become question marks."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in _IGNORED for part in name.split("/"))


def _natural(name: str) -> tuple[list[list[object]], str]:
    # Digits compare by length, then as text: int() would refuse a number of five thousand digits.
    parts = (re.split("([0-9]+)", part.casefold()) for part in composed(name).split("/"))
    counted = [[(len(n := text.lstrip("0")), n) if k % 2 else text for k, text in enumerate(part)] for part in parts]
    return counted, name
