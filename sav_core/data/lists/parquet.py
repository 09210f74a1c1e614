"""Parquet files whose images are bytes in a column, as on the Hugging Face hub: read a row group at a time."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from sav_core.data.folders.filesystems import FarSource, is_far
from sav_core.data.folders.sources import FolderSource
from sav_core.data.formats import HEAD_BYTES
from sav_core.data.lists.keys import picture_keys
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture, read_picture
from sav_core.errors import DatasetError, ImageError, first_line

__all__ = ["PARQUET", "ParquetSource"]

PARQUET = ".parquet"
"""How the names of such files end."""

_ROWS = 4096  # of texts, at a time


class ParquetSource:
    """One Parquet file as a source of images, named ``row/column``, and of those beside it.

    Args:
        place: the file, or its address.

    Raises:
        DatasetError: it is not a Parquet file.
    """

    def __init__(self, place: str | Path) -> None:
        import pyarrow as pa  # here, for it takes longer to import than most data sets to list
        import pyarrow.parquet as pq

        self.place = str(place)
        self.notes: tuple[Note, ...] = ()
        self._beside: FarSource | FolderSource
        try:
            if is_far(self.place):
                folder, self.name = posixpath.split(self.place)
                self._beside = FarSource(folder)
                self._file = pq.ParquetFile(self._beside.open(self.name))
            else:
                self.name, self._beside = Path(place).name, FolderSource(Path(place).parent)
                self._file = pq.ParquetFile(place)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{place} cannot be read as Parquet ({error}): download it again.") from error
        starts = [0]
        for group in range(self._file.num_row_groups):
            starts.append(starts[-1] + self._file.metadata.row_group(group).num_rows)
        self._starts = starts
        self._lock = threading.Lock()
        self._held: tuple[int, str, list[Any]] = (-1, "", [])

    @property
    def names(self) -> Sequence[str]:
        """No files lie beside the rows."""
        return ()

    @cached_property
    def columns(self) -> set[str]:
        """Names of the columns."""
        return set(self._file.schema_arrow.names)

    def rows(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return every row of some columns; an image column only says whether there is an image.

        Raises:
            DatasetError: a column is missing.
        """
        import pyarrow as pa

        if absent := set(columns) - self.columns:
            raise DatasetError(f"{self.name} lacks the columns {sorted(absent)}: it has {sorted(self.columns)}.")
        images = [name for name in columns if pa.types.is_struct(self._file.schema_arrow.field(name).type)]
        texts = [name for name in columns if name not in images]
        rows: list[dict[str, Any]] = []
        for group in range(self._file.num_row_groups):
            part = self._file.read_row_group(group, columns=texts).to_pylist()
            for name in images:
                column = self._file.read_row_group(group, columns=[name]).column(name)
                for row, there in zip(part, column.is_valid().to_pylist(), strict=True):
                    row[name] = there
            rows += part
        return rows

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield where each row stands, for messages, and what it says: a picture in it as the name that ``picture`` takes.

        No picture is read for that. A column holds pictures by its name, see ``keys``, and its kind: bytes, or the hub's
        ``{"bytes", "path"}``; texts are paths.

        Raises:
            DatasetError: the file is damaged.
        """
        import pyarrow as pa

        kinds = {field.name: field.type for field in self._file.schema_arrow}
        pictures = [name for name in picture_keys(dict.fromkeys(kinds, "1")) if _holds_bytes(kinds[name])]
        texts = [name for name, kind in kinds.items() if not _holds_bytes(kind) and not pa.types.is_nested(kind)]
        number = 0
        try:
            for batch in self._file.iter_batches(_ROWS, columns=texts):
                for record in batch.to_pylist() if texts else [{}] * batch.num_rows:
                    cells = {name: f"{number}/{name}" for name in pictures}
                    number += 1
                    yield f"Row {number} of {self.name!r}", {**record, **cells}
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{self.name!r} cannot be read ({first_line(error)}): write it again.") from error

    def head(self, path: str) -> bytes:
        """Return the first bytes of an image, none where it cannot be read."""
        with suppress(OSError):
            return self.read(path)[:HEAD_BYTES]
        return b""

    def read(self, path: str) -> bytes:
        """Return an image's bytes, or raise `OSError`."""
        if not self._is_cell(path):
            return self._beside.read(path)
        row, _, column = path.partition("/")
        number = int(row)
        group = next(k for k, start in enumerate(self._starts[1:]) if number < start)
        with self._lock:  # the threads that open images come in order, so one row group at a time is enough
            if self._held[:2] != (group, column):
                values = self._file.read_row_group(group, columns=[column]).column(column)
                self._held = (group, column, values)
            value = self._held[2][number - self._starts[group]].as_py()
        content = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(content, bytes) or not content:
            raise OSError(f"row {number} of {self.name} has no bytes in {column}")
        return content

    def picture(self, path: str) -> Picture:
        """Open an image, or raise `ImageError`."""
        if not self._is_cell(path):
            return self._beside.picture(path)
        name = f"{self.name}:{path}"
        try:
            return read_picture(self.read(path), name)
        except OSError as error:
            raise ImageError(f"{name} cannot be read ({error}): download the file again.") from error

    def locate(self, path: str, listing: str) -> str | None:
        """Return the name of a picture in a row as it is, and what a text names relative to the file."""
        return path if self._is_cell(path) else self._beside.locate(path, listing)

    def _is_cell(self, path: str) -> bool:
        row, _, column = path.partition("/")
        return row.isdecimal() and column in self.columns


def _holds_bytes(kind: Any) -> bool:
    """Whether a column's values are bytes, or objects with such."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(field.name == "bytes" for field in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))
