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

from sav_core.data.archives.archive import Archive
from sav_core.data.clips.clip import Clip, open_clip, read_clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.formats import CLIP_SUFFIXES, HEAD_BYTES, VIDEO, Look, clip_container, is_clip, look
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import IMAGE_SUFFIXES, Picture, open_picture
from sav_core.data.places import foreign, is_address, spellings
from sav_core.errors import DatasetError, ImageError

__all__ = [
    "LIST_SUFFIXES",
    "Files",
    "FolderSource",
    "Source",
    "ZipSource",
    "composed",
    "is_hidden",
    "is_image",
    "natural_order",
    "picture_or_clip",
    "seen",
    "takes",
]

LIST_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".tsv"})
"""File names of lists that say what the examples of a set are."""

_LISTS = LIST_SUFFIXES | {".zip"}
_TEXTS = {".txt", ".md", ".rst", ".html", ".htm", ".xml", ".yaml", ".yml", ".toml", ".py", ".log", ".caption"}
_BRIEF = ("BMP", "PNM")  # known by two letters, which a text may begin with
_ANIMATED = ("GIF", "WebP", "PNG")
_IGNORED = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "lost+found", "system volume information"} | {
    *("$recycle.bin", "@eadir", "#recycle", "#snapshot"),  # of NAS boxes, with a thumbnail of each picture
}


class Files(Protocol):
    """Files that are opened by their names."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes, or raise `OSError`."""

    def head(self, path: str) -> bytes:
        """Return a file's first bytes, none where it cannot be read."""

    def picture(self, path: str) -> Picture:
        """Open an image, or raise `ImageError`."""


class Source(Files, Protocol):
    """Where the files of a data set lie."""

    name: str
    notes: tuple[Note, ...]

    @property
    def names(self) -> Sequence[str]:
        """Every file and folder that is not hidden; folders end in a slash."""

    def locate(self, path: str, listing: str) -> str | None:
        """Return the name of what a JSONL line in the file ``listing`` calls ``path``; None if it leaves the archive."""


class FolderSource:
    """A folder on this computer; a path in a JSONL there may lead anywhere.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = root.name or root.resolve().name or str(root)
        self.notes: tuple[Note, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every file and folder at any depth, links followed."""
        return tuple(self._walk())

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.root / path).read_bytes()

    def head(self, path: str) -> bytes:
        """Return a file's first bytes."""
        try:
            if not (self.root / path).is_file():  # a pipe could block for ever
                return b""
            with (self.root / path).open("rb") as file:
                return file.read(HEAD_BYTES)
        except OSError:
            return b""

    def file(self, path: str) -> Path:
        """Where a file lies."""
        return self.root / path

    def picture(self, path: str) -> Picture:
        """Open an image."""
        file = self.root / path
        if (elsewhere := foreign(path)) and not file.is_file():
            raise ImageError(elsewhere)
        return open_picture(file, composed(path))

    def locate(self, path: str, listing: str) -> str | None:
        """Resolve the path against the listing's own folder, unless it is absolute or no path at all."""
        if foreign(path):
            return path
        here = Path(posixpath.dirname(listing))
        meant = spellings(path)
        there = (each for each in meant if os.path.isfile(self.root / here / each))  # noqa: PTH113  # any name may come
        return str(here / next(there, meant[min(1, len(meant) - 1)] if "\\" in path else meant[0]))

    def _walk(self) -> Iterator[str]:
        def refuse(error: OSError) -> None:
            raise DatasetError(f"The folder {error.filename!r} cannot be listed ({error.strerror}): allow reading it.")

        above: dict[str, frozenset[tuple[int, int]]] = {}
        for folder, subfolders, files in os.walk(self.root, followlinks=True, onerror=refuse):
            status = Path(folder).stat()
            known, this = above.pop(folder, frozenset()), (status.st_dev, status.st_ino)
            if this in known:  # a link back to a folder above would never end
                subfolders.clear()
                continue
            subfolders[:] = [name for name in subfolders if not is_hidden(name)]
            above |= {os.path.join(folder, name): known | {this} for name in subfolders}  # noqa: PTH118  # as os.walk does
            here = Path(folder).relative_to(self.root)
            yield from ((here / name).as_posix() + "/" for name in subfolders)
            yield from ((here / name).as_posix() for name in files if not is_hidden(name))


class ZipSource:
    """A ZIP; nothing outside it can be named from inside.

    Attributes:
        path: of the file.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive, self.path = archive, archive.path
        self.name, self.notes = archive.name, archive.notes
        self.names = tuple(name for name in archive.names if not is_hidden(name))
        self._stored = {composed(name): name for name in archive.names}

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return self._archive.read(path)

    def head(self, path: str) -> bytes:
        """Return a file's first bytes."""
        return self._archive.head(path, HEAD_BYTES)

    def picture(self, path: str) -> Picture:
        """Open an image."""
        if is_address(path):
            raise ImageError(foreign(path))
        try:
            return self._archive.picture(path, composed(path))
        except OSError as error:
            raise ImageError(f"{path!r} cannot be read, for {error}: make the ZIP again.") from error

    def locate(self, path: str, listing: str) -> str | None:
        """Resolve the path against the listing's own folder in the archive."""
        if is_address(path):
            return path
        found = [inside for each in spellings(path) if (inside := _inside(posixpath.dirname(listing), each))]
        there = (self._stored[composed(inside)] for inside in found if composed(inside) in self._stored)
        return next(there, found[0] if found else None)


def picture_or_clip(source: Files, path: str, sampling: ClipSampling | None) -> Picture:
    """Open an image, or a clip where clips are taken and the file is one by its first bytes or its name.

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    if sampling is None or is_address(path):
        return source.picture(path)
    if not is_image(path) and is_clip(source.head(path), path):
        return _clip(source, path, sampling)
    picture = source.picture(path)
    animated = sampling.animated and any(kind == "frames" for kind, _ in picture.remarks)
    seen = look(source.head(path), "") if animated else None
    if seen is None or seen.kind not in _ANIMATED:
        return picture
    return read_clip(picture.encoded, sampling, picture.name)


def takes(source: Source, name: str, what: Look, sampling: ClipSampling | None) -> bool:
    """Whether a file that was seen is read: as a picture, or as a clip where clips are taken."""
    if what.read or sampling is None or what.kind != VIDEO:
        return what.read
    return posixpath.splitext(name)[1].lower() in CLIP_SUFFIXES or bool(clip_container(source.head(name)))


def is_image(name: str) -> bool:
    """Tell by its name whether a file is taken for an image."""
    return posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES


def seen(source: Source, names: Iterable[str]) -> dict[str, Look]:
    """Say which of these files are pictures, of a format that is read or not: by their names, else by their first bytes.

    A text beside a picture of its name, as many sets have them for each picture, is not looked into.
    """
    found: dict[str, Look] = {}
    names = tuple(names)
    described = {posixpath.splitext(name)[0] for name in names if is_image(name)}
    for name in names:
        stem, suffix = posixpath.splitext(name)
        if is_image(name):
            found[name] = Look("", read=True)
        elif name.endswith("/") or suffix.lower() in _LISTS:
            continue
        elif suffix.lower() not in _TEXTS:
            what = look(b"", name) or look(source.head(name), name)
            found |= {} if what is None else {name: what}
        elif stem not in described and (what := look(source.head(name), "")) and what.read and what.kind not in _BRIEF:
            found[name] = what
    return found


def _clip(source: Files, path: str, sampling: ClipSampling) -> Clip:
    """A clip on the disk is read where it lies, one in an archive from its bytes."""
    if isinstance(source, FolderSource):
        return open_clip(source.file(path), sampling, composed(path))
    try:
        return read_clip(source.read(path), sampling, composed(path))
    except OSError as error:
        raise ImageError(f"{path!r} cannot be read, for {error}: make the ZIP again.") from error


def _inside(folder: str, path: str) -> str:
    """Where a path of a line leads in an archive; nowhere, which is empty, if it leads out of it."""
    path = path.replace("\\", "/")
    inside = posixpath.normpath(posixpath.join(folder, path))
    return "" if re.match("/|[A-Za-z]:", path) or inside.split("/")[0] == ".." else inside


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort so that ``2.png`` comes before ``10.png``, whatever the case, one folder after the other."""
    return sorted(names, key=_natural)


def composed(name: str) -> str:
    """Return one spelling for what macOS and the others write differently; bytes that are no text become question marks."""
    return unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, lies in a hidden folder, or is what systems leave behind."""
    return any(part.startswith(".") or part.lower() in _IGNORED for part in name.split("/"))


def _natural(name: str) -> tuple[list[list[object]], str]:
    # Digits compare by length, then as text: int() would refuse a number of five thousand digits.
    parts = (re.split("([0-9]+)", part.casefold()) for part in composed(name).split("/"))
    counted = [[(len(n := text.lstrip("0")), n) if k % 2 else text for k, text in enumerate(part)] for part in parts]
    return counted, name
