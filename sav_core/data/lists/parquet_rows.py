"""The rows of Parquet files -> which pictures, question and label make each example, no picture read yet.

As the lines of a list, see `jsonl`, in one file or in a folder of nothing but such files, one after the other.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.folders.filesystems import FarSource, is_far
from sav_core.data.folders.listings import Listing
from sav_core.data.folders.sources import is_hidden, natural_order
from sav_core.data.lists.jsonl import list_records
from sav_core.data.lists.keys import LABELS, named
from sav_core.data.lists.parquet import PARQUET, ParquetSource

__all__ = ["list_rows", "parquet_files", "rows_give_labels"]


def parquet_files(source: str | os.PathLike[str] | FarSource) -> list[str]:
    """Return the Parquet files that a place is: itself, or those of a folder that holds nothing else; none otherwise."""
    if isinstance(source, FarSource):
        return [f"{source.address}/{name}" for name in _all_parquet(source.names)]
    place = str(source)
    if is_far(place) or not Path(place).is_dir():
        return [place] if place.lower().endswith(PARQUET) else []
    # The first file tells: a folder of a hundred thousand pictures is not listed for this.
    first = ""
    with suppress(OSError), os.scandir(place) as entries:  # whoever lists it says why it cannot be
        first = next((entry.name for entry in entries if entry.is_file() and not is_hidden(entry.name)), "")
    if not first.lower().endswith(PARQUET):
        return []
    return [str(Path(place) / name) for name in _all_parquet([each.name for each in Path(place).iterdir()])]


def list_rows(files: Sequence[str], question: str, *, labelled: bool = True, clips: ClipSampling | None = None) -> Listing:
    """List the rows of Parquet files in their order.

    Args:
        files: paths or addresses.
        question: for rows that have none of their own.
        labelled: whether each row must have a label; if not, labels are ignored.
        clips: how videos are sampled; ``None`` where a row may name none.

    Raises:
        DatasetError: one is no Parquet file, or a row is not as a line of a list should be; the message names it.
    """
    listings = []
    for file in files:
        source = ParquetSource(file)
        lines = source.records()
        listings.append(list_records(source, source.name, lines, question, labelled=labelled, clips=clips))
    return Listing(
        tuple(listed for listing in listings for listed in listing.examples),
        (),
        tuple(note for listing in listings for note in listing.notes),
    )


def rows_give_labels(files: Sequence[str]) -> bool:
    """Whether the rows of Parquet files have labels, by the columns of the first."""
    return bool(named(dict.fromkeys(ParquetSource(files[0]).columns, "?"), LABELS))


def _all_parquet(names: Sequence[str]) -> list[str]:
    """The names in their order if all are of Parquet files, markers of other programs aside; else none."""
    files = [name for name in names if not is_hidden(name) and not posixpath.basename(name).startswith("_")]
    return natural_order(files) if files and all(name.lower().endswith(PARQUET) for name in files) else []
