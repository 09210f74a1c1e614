"""Files that lie elsewhere, by their addresses: S3, GCS, HDFS and what fsspec knows, through the filesystems of pyarrow.

is_far("s3://pictures/pets/")            # True; a path of this computer is not
source = FarSource("s3://pictures/pets") # the same few questions as of a folder, see `sources`
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sav_core.data.folders.sources import composed, is_hidden
from sav_core.data.formats import HEAD_BYTES
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import MAX_FILE_BYTES, Picture, read_picture
from sav_core.data.places import foreign, spellings
from sav_core.errors import DatasetError, ImageError, first_line

__all__ = ["FarSource", "is_far", "open_filesystem", "opened"]

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_far(place: str) -> bool:
    """Whether a place is an address, such as ``s3://bucket/folder`` or ``file:///data``, and no path."""
    return bool(_ADDRESS.match(place))


def open_filesystem(address: str) -> tuple[Any, str]:
    """Return the filesystem of an address, and the path there.

    Raises:
        DatasetError: no library here knows such addresses, or its store cannot be reached.
    """
    import pyarrow as pa  # here, for it takes longer to import than most data sets to list
    import pyarrow.fs as pafs

    try:
        try:
            return pafs.FileSystem.from_uri(address)  # type: ignore[no-any-return]
        except pa.ArrowInvalid:
            return pafs.FileSystem.from_uri(f"fsspec+{address}")  # type: ignore[no-any-return]
    except (pa.ArrowException, OSError, ValueError, ImportError) as error:
        raise DatasetError(
            f"{address!r} cannot be opened ({first_line(error)}): check the address, and that the store's library and "
            "credentials are here."
        ) from error


def opened(place: str | os.PathLike[str] | FarSource) -> str | os.PathLike[str] | FarSource:
    """Return the folder at an address, to be listed once for all who ask; files and what is on this computer as they are.

    Raises:
        DatasetError: there is nothing at the address, or it cannot be asked.
    """
    if isinstance(place, FarSource) or not is_far(str(place)):
        return place
    return FarSource(str(place)) if _is_folder(str(place)) else place


def _is_folder(address: str) -> bool:
    import pyarrow.fs as pafs

    files, path = open_filesystem(address)
    try:
        kind = files.get_file_info(path).type
    except OSError as error:
        raise DatasetError(f"{address!r} cannot be asked for ({first_line(error)}): check access to it.") from error
    if kind == pafs.FileType.NotFound:
        raise DatasetError(f"There is nothing at {address!r}: check the address.")
    return bool(kind == pafs.FileType.Directory)


class FarSource:
    """A folder of a filesystem; a line of a list there may name any address of the same filesystem.

    Args:
        address: of the folder.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self.name = posixpath.basename(self.address) or self.address
        self.notes: tuple[Note, ...] = ()
        self._files, self._root = open_filesystem(address)

    def __str__(self) -> str:
        return self.address

    def __reduce__(self) -> tuple[type[FarSource], tuple[str]]:
        """Another process opens the filesystem anew."""
        return FarSource, (self.address,)

    @cached_property
    def names(self) -> Sequence[str]:
        """Every file and folder at any depth."""
        import pyarrow.fs as pafs

        try:
            found = self._files.get_file_info(pafs.FileSelector(self._root, recursive=True))
        except OSError as error:
            raise DatasetError(f"{self.address!r} cannot be listed ({first_line(error)}): allow reading it.") from error
        ends = {pafs.FileType.Directory: "/", pafs.FileType.File: ""}
        inside = ((info.path.removeprefix(self._root).strip("/"), ends.get(info.type)) for info in found)
        return tuple(f"{name}{end}" for name, end in inside if end is not None and name and not is_hidden(name))

    def open(self, path: str) -> Any:
        """Open a file of pyarrow, to be read anywhere in it, or raise `OSError`."""
        return self._files.open_input_file(self._path(path))

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        with self.open(path) as file:
            if file.size() > MAX_FILE_BYTES:
                raise OSError(f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
            content: bytes = file.read()
            return content

    def head(self, path: str) -> bytes:
        """Return a file's first bytes, none where it cannot be read."""
        try:
            with self.open(path) as file:
                content: bytes = file.read(HEAD_BYTES)
                return content
        except OSError:
            return b""

    def picture(self, path: str) -> Picture:
        """Open an image."""
        try:
            return read_picture(self.read(path), composed(path))
        except OSError as error:
            elsewhere = "" if path.startswith(self.address) else foreign(path)
            why = elsewhere or f"{path!r} cannot be read ({first_line(error)}): check the address."
            raise ImageError(why) from error

    def locate(self, path: str, listing: str) -> str | None:
        """Resolve a path against the listing's own folder, unless it is an address."""
        if is_far(path):
            return path
        return posixpath.normpath(posixpath.join(posixpath.dirname(listing), spellings(path)[0].replace("\\", "/")))

    def _path(self, name: str) -> str:
        """Where a file lies, named relative to the root or by an address of the same filesystem."""
        if not is_far(name):
            return posixpath.normpath(posixpath.join(self._root, name))
        if name.startswith(f"{self.address}/"):
            return posixpath.join(self._root, name[len(self.address) + 1 :])
        scheme = self.address.split("://")[0]
        if name.split("://")[0] != scheme:
            raise OSError(f"it lies elsewhere than in {scheme}://")
        return open_filesystem(name)[1]
