"""An untrusted ZIP -> names and bytes: entries are unpacked one at a time in memory, never onto the disk.

    with Archive("pets.zip") as archive:
        archive.names                       # ("cat/", "cat/1.png", ...), folders with a slash at their end
        archive.read("cat/1.png")

An archive that tries to do harm is refused as a whole, with `DatasetError`: names that lead out of it, links, more than
the limits below. One damaged entry costs that entry alone, with `OSError`, as one bad file in a folder would.
"""

from __future__ import annotations

import re
import stat
import threading
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sav_core.data.allowance import allowance
from sav_core.data.archives.names import read_names
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture, read_picture
from sav_core.errors import DatasetError

__all__ = ["MAX_DEPTH", "MAX_ENTRIES", "MAX_ENTRY_BYTES", "MAX_RATIO", "MAX_TOTAL_BYTES", "Archive", "count_with_folders"]

MAX_ENTRIES = 50_000
"""Files and folders in one ZIP."""

MAX_TOTAL_BYTES = 4 << 30
"""All entries together, unpacked: a thousand phone photographs."""

MAX_ENTRY_BYTES = 512 << 20
"""One entry, unpacked: the largest picture that is read."""

MAX_RATIO = 200
"""Unpacked over packed size of an entry above ``_RATIO_FREE_BYTES``; a drawing saved as BMP reaches 100."""

MAX_DEPTH = 64
"""Folders in one another: each is one on the disk of whoever unpacks it."""

_RATIO_FREE_BYTES = 16 << 20  # below this even a picture of one colour, packed a thousand times smaller, does no harm
_CHUNK_BYTES = 1 << 20
_ENCRYPTED = 0x1


class Archive:
    """A ZIP open for reading, safe to read from several threads.

    Attributes:
        path: of the file.
        name: the file's name, for messages.
        names: every file and folder in it, in the archive's order; folders end in a slash.
        notes: how the names were read, where that is a guess.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Open the ZIP and check its table of contents.

        Raises:
            DatasetError: it is missing, not a ZIP, protected by a password, too large or crafted to do harm.
        """
        self.path = Path(path)
        self.name = self.path.name
        try:
            self._zip = ZipFile(path)
        except OSError as error:
            raise DatasetError(f"{self.name!r} cannot be opened ({error.strerror}): check the path.") from error
        except Exception as error:
            raise DatasetError(f"{self.name!r} is not a ZIP archive, or it is damaged: make it again.") from error
        self.notes: tuple[Note, ...] = ()
        try:
            self._entries = self._checked(self._zip.infolist())
        except BaseException:
            self.close()
            raise
        self.names = tuple(self._entries)
        self._unpacked = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def read(self, name: str, most: int = MAX_ENTRY_BYTES) -> bytes:
        """Unpack one entry, of so many bytes at most.

        Raises:
            OSError: there is no such entry, or it is damaged.
            DatasetError: it, or all that was read so far, unpacks to more than the limits allow.
        """
        entry = self._entries.get(name)
        if entry is None or name.endswith("/"):
            raise FileNotFoundError(f"there is no such file in {self.name!r}")
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise OSError("it is compressed by a method other than the usual one, deflate")
        data = bytearray()
        try:
            with self._zip.open(entry) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    data += chunk
                    # Counted as they come: the sizes in the headers are whatever the author of the ZIP wrote there.
                    self._admit(name, len(chunk), len(data), entry.compress_size, most)
        except DatasetError:
            raise
        except Exception as error:
            raise OSError(f"its entry in {self.name!r} is damaged") from error
        return bytes(data)

    def picture(self, name: str, shown: str) -> Picture:
        """Unpack an image and open it, under the name that is to be shown.

        Raises:
            OSError, DatasetError: as ``read``.
            ImageError: it is no readable picture.
        """
        return read_picture(self.read(name), shown)

    def head(self, name: str, count: int) -> bytes:
        """Return the first bytes of a file; none where it cannot be read."""
        entry = self._entries.get(name)
        if entry is None or name.endswith("/") or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            return b""
        try:
            with self._zip.open(entry) as stream:
                return stream.read(count)
        except Exception:  # noqa: BLE001  # zipfile throws of every kind; whoever reads all of it is told why
            return b""

    def _admit(self, name: str, fresh: int, unpacked: int, packed: int, most: int) -> None:
        allowed = allowance()
        if allowed is not None:
            allowed.check_file(unpacked, name)
        with self._lock:
            self._unpacked += fresh
            total = self._unpacked
        if unpacked > most or unpacked > max(_RATIO_FREE_BYTES, MAX_RATIO * packed):
            raise DatasetError(
                f"{self.name!r} looks like a ZIP bomb, for {name!r} unpacks from {packed:,} to more than {unpacked:,} "
                f"bytes: leave that file out."
            )
        if total > MAX_TOTAL_BYTES:
            raise self._too_large()

    def _too_large(self) -> DatasetError:
        return DatasetError(
            f"{self.name!r} unpacks to more than the {MAX_TOTAL_BYTES >> 30} GiB that are read: split it, or unpack it "
            "yourself and give the folder."
        )

    def _checked(self, entries: list[ZipInfo]) -> dict[str, ZipInfo]:
        allowed = allowance()
        if allowed is not None:
            allowed.check_files(len(entries), self.name)
        if len(entries) > MAX_ENTRIES:
            raise DatasetError(
                f"{self.name!r} holds {len(entries):,} entries, more than the {MAX_ENTRIES:,} that are read: split it."
            )
        if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
            raise self._too_large()
        checked: dict[str, ZipInfo] = {}
        names, guess = read_names(entries)
        if guess:
            odd = [name for name in names if not name.isascii()]
            text = (
                f"The names in {self.name!r} say no encoding, and are read as {guess}, which is a guess; make the "
                "ZIP again if it is wrong"
            )
            self.notes = (Note("zip names", text, len(odd), tuple(odd[:3])),)
        if allowed is not None:
            allowed.check_files(count_with_folders(names), self.name)
        for entry, name in zip(entries, names, strict=True):
            if not name and entry.orig_filename.strip("./") == "" and ".." not in entry.orig_filename:
                continue  # the folder that was packed, as some programs list it
            if flaw := _flaw(entry, name) or ("which comes twice" if name in checked else ""):
                raise DatasetError(
                    f"{self.name!r} is refused because of its entry {name[-200:]!r}, {flaw}: make the ZIP again with plain "
                    "files and folders only."
                )
            checked[name] = entry
        return checked


def count_with_folders(names: Sequence[str]) -> int:
    """How many files and folders these are, with those folders that no entry is for."""
    whole = {name.rstrip("/") for name in names}
    for name in tuple(whole):
        above = name.rpartition("/")[0]
        while above and above not in whole:
            whole.add(above)
            above = above.rpartition("/")[0]
    return len(whole)


def _flaw(entry: ZipInfo, name: str) -> str:
    if name.count("/") > MAX_DEPTH:
        return f"which lies more than {MAX_DEPTH} folders deep"
    if entry.flag_bits & _ENCRYPTED:
        return "which is protected by a password"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "which is a link"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "which is an absolute path"
    if not name or ".." in name.split("/"):
        return "which leads out of the archive"
    if "\\" in name or "\0" in name:
        return "which has a backslash or a null character in its name"
    return ""
