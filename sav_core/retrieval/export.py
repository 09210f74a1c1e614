"""Head vectors as files for use elsewhere: ``.npz`` for NumPy, ``.parquet`` for everything else.

An ``.npz`` holds ``values (example, head, dim)``, ``heads (head, 2)`` with each one's layer and index, ``names`` and
``labels (example,)`` (an empty text where unknown), ``model`` (a hash of its weights and configuration), ``model_name`` and
``computed_in``; no pickle. A Parquet file has a row for
each example: ``name``, ``label``, and a column for each head named like ``L14.H3`` with its numbers; what is said of the
whole is in the file's metadata under ``sav``. Both are written as the vectors come, so that memory holds a part of them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError
from sav_core.files import whole_file
from sav_core.retrieval.compression import Compressed
from sav_core.types import Head

__all__ = [
    "EXPORT_SUFFIXES",
    "PARQUET_OPTIONS",
    "AboutVectors",
    "VectorWriter",
    "check_export",
    "export_vectors",
    "open_export",
    "vector_table",
]

EXPORT_SUFFIXES = (".npz", ".parquet")

# Dictionaries and statistics would only cost time: hardly two of the numbers are equal.
PARQUET_OPTIONS: dict[str, Any] = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
"""How vectors are written to Parquet."""

_GROUP_BYTES = 32 << 20

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class AboutVectors:
    """What is said of all vectors of a file.

    Attributes:
        model: a hash of its weights and configuration.
        model_name: what it was loaded by, for people.
        computed_in: what it computed in, such as ``"float32"``.
        heads: whose vectors they are.
        dim: numbers in one head's vector.
        half: whether they are stored as ``float16``.
    """

    model: str
    model_name: str
    computed_in: str
    heads: tuple[Head, ...]
    dim: int
    half: bool

    @property
    def number(self) -> type[np.floating]:
        """What they are stored in."""
        return np.float16 if self.half else np.float32


class VectorWriter(Protocol):
    """Takes the vectors of some examples after those of others."""

    def add(self, names: Sequence[str], labels: Sequence[str | None], values: Floats) -> None:
        """Write the vectors ``(example, head, dim)`` of some examples."""


def check_export(path: str | Path) -> None:
    """Refuse a file name of another kind, before any model runs.

    Raises:
        SettingError: the name does not end as one of ``EXPORT_SUFFIXES``.
    """
    if Path(path).suffix.lower() not in EXPORT_SUFFIXES:
        raise SettingError(
            f"Vectors are written as {' or '.join(EXPORT_SUFFIXES)}, but the file is to be {path}: rename it."
        )


def export_vectors(path: str | Path, compressed: Compressed, *, model_name: str = "") -> int:
    """Write vectors in the form that the file's name says.

    Args:
        path: ends in ``.npz`` or ``.parquet``.
        compressed: what to write; ``compress(vectors)`` is everything.
        model_name: what the model was loaded by, for people; the vectors have its hash.

    Returns:
        The file's size in bytes.

    Raises:
        SettingError: another ending.
        StorageError: the disk refuses.
    """
    vectors = compressed.vectors
    about = AboutVectors(vectors.model, model_name, vectors.dtype, compressed.heads, vectors.geometry.dim, compressed.half)
    with open_export(path, about) as writer:
        writer.add(vectors.names, vectors.labels, vectors.values[:, 0])
    return Path(path).stat().st_size


@contextmanager
def open_export(path: str | Path, about: AboutVectors) -> Iterator[VectorWriter]:
    """Write vectors as they come, in the form that the file's name says; it is there when this is left without an error.

    Args:
        path: ends in ``.npz`` or ``.parquet``.
        about: what is said of all of them.

    Raises:
        SettingError: another ending.
        StorageError: the disk refuses.
    """
    check_export(path)
    form = _npz if Path(path).suffix.lower() == ".npz" else _parquet
    with whole_file(Path(path)) as file, form(file, about, Path(path).resolve().parent) as writer:
        yield writer


def vector_table(names: Sequence[str], labels: Sequence[str | None], values: Floats, about: AboutVectors) -> Any:
    """Return the vectors ``(example, head, dim)`` of some examples as a table of Arrow, as a Parquet file has them."""
    import pyarrow as pa  # here, for it takes longer to import than NumPy to write

    columns = {"name": pa.array(names, pa.string()), "label": pa.array(labels, pa.string())}
    for place, head in enumerate(about.heads):
        numbers = np.ascontiguousarray(values[:, place], dtype=about.number).ravel()
        columns[str(head)] = pa.FixedSizeListArray.from_arrays(pa.array(numbers), about.dim)
    said = {
        "model": about.model,
        "model_name": about.model_name,
        "computed_in": about.computed_in,
        "dim": about.dim,
        "heads": [str(head) for head in about.heads],
    }
    return pa.table(columns).replace_schema_metadata({"sav": json.dumps(said)})


class _Npz:
    """Numbers go to a file beside, for their count, which comes first in an array's file, is known at the end."""

    def __init__(self, numbers: BinaryIO, about: AboutVectors) -> None:
        self._numbers, self._about = numbers, about
        self._names: list[str] = []
        self._labels: list[str] = []

    def add(self, names: Sequence[str], labels: Sequence[str | None], values: Floats) -> None:
        np.ascontiguousarray(values, dtype=self._about.number).tofile(self._numbers)
        self._names += names
        self._labels += ["" if label is None else label for label in labels]

    def finish(self, file: BinaryIO) -> None:
        about = self._about
        arrays = {
            "heads": np.array([(head.layer, head.index) for head in about.heads], dtype=np.int32),
            "names": np.array(self._names, dtype=np.str_),
            "labels": np.array(self._labels, dtype=np.str_),
            "model": np.array(about.model),
            "model_name": np.array(about.model_name),
            "computed_in": np.array(about.computed_in),
        }
        shape = (len(self._names), len(about.heads), about.dim)
        header = {"descr": np.dtype(about.number).str, "fortran_order": False, "shape": shape}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            with archive.open("values.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array_header_1_0(entry, header)
                self._numbers.seek(0)
                shutil.copyfileobj(self._numbers, entry, 1 << 20)
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)


@contextmanager
def _npz(file: BinaryIO, about: AboutVectors, folder: Path) -> Iterator[VectorWriter]:
    with tempfile.TemporaryFile(dir=folder) as numbers:
        writer = _Npz(numbers, about)
        yield writer
        writer.finish(file)


class _Parquet:
    """Row groups of many examples, for each column of each group is told of at the file's end."""

    def __init__(self, file: Any, about: AboutVectors) -> None:
        self._file, self._about = file, about
        self._waiting: list[Any] = []

    def add(self, names: Sequence[str], labels: Sequence[str | None], values: Floats) -> None:
        self._waiting.append(vector_table(names, labels, values, self._about))
        if sum(table.nbytes for table in self._waiting) >= _GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._file.write_table(pa.concat_tables(self._waiting))
        self._waiting = []


@contextmanager
def _parquet(file: BinaryIO, about: AboutVectors, folder: Path) -> Iterator[VectorWriter]:
    import pyarrow.parquet as pq

    empty = vector_table([], [], np.zeros((0, len(about.heads), about.dim), about.number), about)
    with pq.ParquetWriter(file, empty.schema, **PARQUET_OPTIONS) as written:
        writer = _Parquet(written, about)
        yield writer
        writer.flush()
