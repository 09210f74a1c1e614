"""Files that may hold pictures, vectors or labels, packed in a way that is not read: known, counted and said.

parcels(source)         # {"shards/train-000.tar": Look("an archive", read=False)}
passed_over(source)     # (Note("packed", "An archive is not looked into", 1, ("shards/train-000.tar",)),)
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict

from sav_core.data.folders.sources import LIST_SUFFIXES, Source, composed, is_image, natural_order
from sav_core.data.formats import Look, look
from sav_core.data.notes import Note

__all__ = ["parcels", "passed_over"]

_KINDS = {
    "a Parquet or Arrow file": "parquet arrow feather orc lance",
    "an archive": "zip tar gz tgz 7z rar bz2 tbz xz txz zst tzst cab iso",
    "a file of records": "tfrecord tfrecords rec lmdb mdb beton msgpack avro",
    "a file of arrays": "h5 hdf5 hdf he5 npz mat zarr n5 nc",
    "a pickle or a checkpoint": "pkl pickle pt pth ckpt joblib safetensors bin onnx",
    "a database": "db sqlite sqlite3 duckdb",
    "a table": "xlsx xls xlsm ods numbers",
}
_BY_SUFFIX = {f".{suffix}": kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}
_SHARD = re.compile(r"\.(tfrecords?|rec|parquet|arrow|tar)[-_.]?\d", re.IGNORECASE)  # train.tfrecord-00000-of-00005

_BY_START: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("a file of arrays", re.compile(rb"\x89HDF\r\n\x1a\n|MATLAB 5\.0 MAT-file|CDF[\x01\x02\x05]")),
    ("a Parquet or Arrow file", re.compile(rb"PAR1|ARROW1\0|FEA1|ORC")),
    ("an archive", re.compile(rb"PK\x03\x04|\x1f\x8b\x08|Rar!\x1a|7z\xbc\xaf|BZh[1-9]|\xfd7zXZ|\x28\xb5\x2f\xfd")),
    ("an archive", re.compile(rb".{257}ustar", re.DOTALL)),
    ("a pickle or a checkpoint", re.compile(rb"\x80[\x02-\x05][\x95c}\](]")),
    ("a database", re.compile(rb"SQLite format 3\0|.{16}\xde\xc0\xef\xbe", re.DOTALL)),
    ("a file of records", re.compile(rb"\x0a\x23\xd7\xce|Obj\x01")),
)
_TEXTS = {*LIST_SUFFIXES, ".txt", ".md", ".rst", ".html", ".xml", ".yaml", ".yml", ".toml", ".py", ".log"}


def parcels(source: Source) -> dict[str, Look]:
    """What each packed file of a source is, by its name, else by its first bytes."""
    found: dict[str, Look] = {}
    for name in source.names:
        suffix = posixpath.splitext(name)[1].lower()
        if name.endswith("/") or is_image(name) or suffix in _TEXTS:
            continue
        kind = _BY_SUFFIX.get(suffix) or ("a file of records" if _SHARD.search(posixpath.basename(name)) else "")
        if look(b"", name) is None and (kind := kind or _by_start(source.head(name))):
            found[name] = Look(kind, read=False)
    return found


def passed_over(source: Source) -> tuple[Note, ...]:
    """A note for each kind of packed file in a source, but for a list of labels, which is told as such."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name, what in parcels(source).items():
        if posixpath.basename(name).lower().startswith("metadata."):
            continue
        kinds[what.kind].append(composed(name))
    return tuple(
        Note(
            "packed",
            f"{kind[0].upper()}{kind[1:]} is not looked into, and passed over",
            len(names),
            tuple(natural_order(names)[:3]),
        )
        for kind, names in kinds.items()
    )


def _by_start(head: bytes) -> str:
    return next((kind for kind, start in _BY_START if start.match(head)), "")
