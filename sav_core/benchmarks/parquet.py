"""Parquet files of the Hugging Face hub, whose images are bytes in a column: read a row group at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sav_core.data.formats import HEAD_BYTES
from sav_core.data.images import Picture, read_picture
from sav_core.data.notes import Note
from sav_core.errors import DatasetError, ImageError

__all__ = ["ParquetSource"]


class ParquetSource:
    """One Parquet file as a source of images, named ``row/column``.

    Args:
        path: the file.

    Raises:
        DatasetError: it is not a Parquet file.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # here, for it takes longer to import than most data sets to list
        import pyarrow.parquet as pq

        self.name = path.name
        self.notes: tuple[Note, ...] = ()
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f"{path} cannot be read as Parquet ({error}): download it again.") from error
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

    @property
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

    def head(self, path: str) -> bytes:
        """Return the first bytes of an image, none where it cannot be read."""
        with suppress(OSError):
            return self.read(path)[:HEAD_BYTES]
        return b""

    def read(self, path: str) -> bytes:
        """Return an image's bytes, or raise `OSError`."""
        row, _, column = path.partition("/")
        number = int(row)
        group = next(k for k, start in enumerate(self._starts[1:]) if number < start)
        with self._lock:  # the threads that open images come in order, so one row group at a time is enough
            if self._held[:2] != (group, column):
                values = self._file.read_row_group(group, columns=[column]).column(column).to_pylist()
                self._held = (group, column, values)
            value = self._held[2][number - self._starts[group]]
        if not value or not value.get("bytes"):
            raise OSError(f"row {number} of {self.name} has no bytes in {column}")
        content: bytes = value["bytes"]
        return content

    def picture(self, path: str) -> Picture:
        """Open an image, or raise `ImageError`."""
        name = f"{self.name}:{path}"
        try:
            return read_picture(self.read(path), name)
        except OSError as error:
            raise ImageError(f"{name} cannot be read ({error}): download the file again.") from error

    def locate(self, path: str, listing: str) -> str | None:
        """Return the name as it is: nothing refers from one file to another here."""
        return path
