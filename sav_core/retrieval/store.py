"""A compressed index on disk over vectors that ``extract`` wrote: a million of them are searched in milliseconds.

    write_store("pets.index", ["pets.parquet"])
    store = Store("pets.index")
    found = store.nearest(vectors, k=10)         # vectors (query, head, dim) of the same model and heads
    store.names(found.positions[0])

Near is what it is in `nearest`: the mean of the heads' cosines. Codes of one bit a number, compared in the processor's
registers, pass over everything; the best are judged again in eight bits a number. Up to ten thousand vectors are kept in
half precision and all compared. The library is faiss, the extra ``index``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError, SettingError, StorageError, first_line
from sav_core.retrieval.nearest import Neighbours, laid_side_by_side
from sav_core.types import Head, Progress, ProgressCallback

__all__ = ["Store", "is_store", "write_store"]

_ABOUT, _CODES, _NAMES = "about.json", "vectors.faiss", "names.arrow"
_ALL_COMPARED = 10_000  # vectors: fewer are read through in a millisecond as they are
_TRAINED = 8192  # vectors that the codes are learnt from: sixteen codewords for each four numbers need no more
_NUMBERS_A_CODE = 4
_JUDGED_AGAIN = 50  # times as many as are wanted
_MOST_NUMBERS = 16_384  # in one vector, all heads together
_ROWS = 4096  # at a time


@dataclass(frozen=True)
class _Table:
    """Parquet files of vectors, one after the other."""

    files: tuple[Any, ...]
    heads: tuple[str, ...]
    about: dict[str, Any]

    @property
    def count(self) -> int:
        return sum(file.metadata.num_rows for file in self.files)

    def parts(self) -> Iterator[tuple[npt.NDArray[np.float32], list[str], list[str | None]]]:
        """Vectors ``(example, head * dim)`` of length one, names and labels of so many rows at a time."""
        for file in self.files:
            for batch in file.iter_batches(_ROWS):
                yield self._laid(batch), batch.column("name").to_pylist(), batch.column("label").to_pylist()

    def sample(self, most: int) -> npt.NDArray[np.float32]:
        """Vectors from all over the files."""
        groups = [(file, group) for file in self.files for group in range(file.num_row_groups)]
        chosen = [groups[int(place)] for place in np.linspace(0, len(groups) - 1, min(len(groups), 64)).round()]
        found = []
        for file, group in dict.fromkeys(chosen):
            table = file.read_row_group(group, columns=list(self.heads))
            rows = np.linspace(0, len(table) - 1, min(len(table), -(-most // len(chosen)))).round().astype(np.int64)
            found.append(self._laid(table.take(rows).combine_chunks().to_batches()[0]))
        return np.concatenate(found)

    def _laid(self, batch: Any) -> npt.NDArray[np.float32]:
        columns = [
            np.asarray(batch.column(head).flatten()).reshape(batch.num_rows, -1).astype(np.float32) for head in self.heads
        ]
        return laid_side_by_side(np.stack(columns, axis=1)).astype(np.float32)


def is_store(place: str | Path) -> bool:
    """Whether a place is an index that ``write_store`` wrote."""
    return (Path(place) / _ABOUT).is_file() and (Path(place) / _CODES).is_file()


def write_store(out: str | Path, files: Sequence[str], *, progress: ProgressCallback | None = None) -> int:
    """Write an index over the vectors of some Parquet files.

    Args:
        out: a folder, made anew; there is none where this fails.
        files: as ``extract`` writes them, all of the same model and heads.
        progress: called as vectors are added.

    Returns:
        How many vectors it holds.

    Raises:
        SettingError: faiss is not installed, the folder exists, or the vectors are too wide.
        InputError: a file is none of vectors, or of others than the first; or there are no vectors.
        StorageError: the disk refuses.
    """
    faiss, place = _faiss(), Path(out)
    if place.exists():
        raise SettingError(f"{place} is there already: name another folder, or remove it.")
    table = _open(files)
    numbers = len(table.heads) * int(table.about["dim"])
    if numbers > _MOST_NUMBERS:
        raise SettingError(
            f"An index is over vectors of {_MOST_NUMBERS:,} numbers at most, and these have {numbers:,}: extract the heads "
            "of a --classifier only."
        )
    index = faiss.index_factory(numbers, _form(table.count, numbers), faiss.METRIC_INNER_PRODUCT)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name[:80]}.", dir=place.parent) as name:
            index.train(table.sample(_TRAINED))
            _add(index, table, Path(name), progress)
            faiss.write_index(index, str(Path(name) / _CODES))
            about = {"format": 1, "count": table.count, **table.about}
            (Path(name) / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
            shutil.copytree(name, place)
    except OSError as error:
        raise StorageError(f"Cannot write {place} ({error.strerror or error}): choose another place.") from error
    return table.count


class Store:
    """An index that is open to be searched.

    Args:
        place: its folder.

    Attributes:
        heads: whose vectors it holds.
        model: hash of the model that made them, as ``Backbone.fingerprint``.
        model_name: what that was loaded by.
        computed_in: what it computed in.

    Raises:
        SettingError: faiss is not installed.
        InputError: it is no index, or a file of it is damaged.
    """

    def __init__(self, place: str | Path) -> None:
        import pyarrow as pa

        faiss = _faiss()
        try:
            about = json.loads((Path(place) / _ABOUT).read_text(encoding="utf-8"))
            self._index = faiss.read_index(str(Path(place) / _CODES))
            self._names = pa.ipc.open_file(pa.memory_map(str(Path(place) / _NAMES))).read_all()
            self.heads = tuple(_head(name) for name in about["heads"])
            self.model, self.model_name, self.computed_in = about["model"], about["model_name"], about["computed_in"]
            self._dim = int(about["dim"])
        except (OSError, ValueError, KeyError, RuntimeError, pa.ArrowException) as error:
            raise InputError(
                f"{place} is no index, or damaged ({first_line(error)}): write it again with `index`."
            ) from error
        if hasattr(self._index, "k_factor"):
            self._index.k_factor = _JUDGED_AGAIN

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, points: npt.NDArray[np.floating], k: int = 5) -> Neighbours:
        """Find the vectors that are nearest to each query.

        Args:
            points: ``float (query, head, dim)``, of the same model and heads.
            k: how many to find; fewer when there are fewer.

        Raises:
            SettingError: ``k`` is not positive.
            InputError: the queries are of other heads, or not finite.
        """
        if k < 1:
            raise SettingError(f"k must be 1 or more, but is {k}.")
        if points.shape[1:] != (len(self.heads), self._dim):
            raise InputError(
                f"The index is of {len(self.heads)} heads x {self._dim} numbers, but the queries are of {points.shape[1:]}."
            )
        similarity, positions = self._index.search(laid_side_by_side(points).astype(np.float32), min(k, len(self)))
        return Neighbours(positions.astype(np.intp), similarity.astype(np.float64))

    def names(self, positions: Sequence[int]) -> list[tuple[str, str | None]]:
        """Return name and label of some vectors."""
        rows = self._names.take([int(place) for place in positions])
        return list(zip(rows["name"].to_pylist(), rows["label"].to_pylist(), strict=True))


def _open(files: Sequence[str]) -> _Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    opened, first = [], None
    for path in files:
        try:
            file = pq.ParquetFile(path)
            about = json.loads((file.schema_arrow.metadata or {})[b"sav"])
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            why = first_line(error)
            raise InputError(f"{path} is no Parquet file of vectors ({why}): write one with `extract`.") from error
        if first is not None and about != first:
            raise InputError(f"{path} is of another model or of other heads than {files[0]}: index them apart.")
        first = about
        opened.append(file)
    table = _Table(tuple(opened), tuple(first["heads"]) if first else (), first or {})
    if not table.count:
        raise InputError("There are no vectors to index: extract some.")
    return table


def _form(count: int, numbers: int) -> str:
    """The kind of index, in faiss's words."""
    if count < _ALL_COMPARED or numbers % _NUMBERS_A_CODE:
        return "SQfp16"
    return f"PQ{numbers // _NUMBERS_A_CODE}x4fs,Refine(SQ8)"


def _add(index: Any, table: _Table, folder: Path, progress: ProgressCallback | None) -> None:
    """Add all vectors, and write their names and labels beside."""
    import pyarrow as pa

    schema, started = pa.schema([("name", pa.string()), ("label", pa.string())]), time.perf_counter()
    with pa.OSFile(str(folder / _NAMES), "wb") as sink, pa.ipc.new_file(sink, schema) as names:
        for vectors, some, labels in table.parts():
            index.add(vectors)
            names.write_table(pa.table({"name": some, "label": labels}, schema=schema))
            if progress is not None:
                progress(Progress(index.ntotal, table.count, time.perf_counter() - started))


def _head(name: str) -> Head:
    layer, _, index = name.removeprefix("L").partition(".H")
    return Head(int(layer), int(index))


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise SettingError("An index needs faiss: install it with `pip install -r requirements-index.txt`.") from error
    return faiss
