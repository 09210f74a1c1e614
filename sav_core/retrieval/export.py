"""Head vectors as files for use elsewhere: ``.npz`` for NumPy, ``.parquet`` for everything else.

An ``.npz`` holds ``values (example, head, dim)``, ``heads (head, 2)`` with each one's layer and index, ``names`` and
``labels (example,)`` (an empty text where unknown), ``model`` (a hash of its weights and configuration), ``model_name`` and
``computed_in``; no pickle. A Parquet file has a row for
each example: ``name``, ``label``, and a column for each head named like ``L14.H3`` with its numbers; what is said of the
whole is in the file's metadata under ``sav``.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from sav_core.errors import SettingError
from sav_core.files import write_atomically
from sav_core.retrieval.compression import Compressed

__all__ = ["EXPORT_SUFFIXES", "check_export", "export_vectors"]

EXPORT_SUFFIXES = (".npz", ".parquet")


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
    check_export(path)
    write = _npz if Path(path).suffix.lower() == ".npz" else _parquet
    content = write(compressed, model_name)
    write_atomically(Path(path), content)
    return len(content)


def _npz(compressed: Compressed, model_name: str) -> bytes:
    vectors, buffer = compressed.vectors, io.BytesIO()
    np.savez(
        buffer,
        values=vectors.values[:, 0].astype(_stored(compressed)),
        heads=np.array([(head.layer, head.index) for head in compressed.heads], dtype=np.int32),
        names=np.array(vectors.names, dtype=np.str_),
        labels=np.array(["" if label is None else label for label in vectors.labels], dtype=np.str_),
        model=np.array(vectors.model),
        model_name=np.array(model_name),
        computed_in=np.array(vectors.dtype),
    )
    return buffer.getvalue()


def _parquet(compressed: Compressed, model_name: str) -> bytes:
    import pyarrow as pa  # here, for it takes longer to import than NumPy to write
    import pyarrow.parquet as pq

    vectors, dim = compressed.vectors, compressed.vectors.geometry.dim
    columns = {"name": pa.array(vectors.names, pa.string()), "label": pa.array(vectors.labels, pa.string())}
    for place, head in enumerate(compressed.heads):
        numbers = np.ascontiguousarray(vectors.values[:, 0, place], dtype=_stored(compressed)).ravel()
        columns[str(head)] = pa.FixedSizeListArray.from_arrays(pa.array(numbers), dim)
    about = {
        "model": vectors.model,
        "model_name": model_name,
        "computed_in": vectors.dtype,
        "dim": dim,
        "heads": [str(head) for head in compressed.heads],
    }
    table = pa.table(columns).replace_schema_metadata({"sav": json.dumps(about)})
    buffer = io.BytesIO()
    # Dictionaries and statistics would only cost time: hardly two of the numbers are equal.
    pq.write_table(table, buffer, compression="zstd", use_dictionary=False, write_statistics=False)
    return buffer.getvalue()


def _stored(compressed: Compressed) -> type[np.floating]:
    return np.float16 if compressed.half else np.float32
