"""A folder of images to search in, with labels where its own folders give them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import ExampleSet
from sav_core.data.folders.filesystems import FarSource, is_far, opened
from sav_core.data.folders.listings import Listing
from sav_core.data.folders.sources import LIST_SUFFIXES, composed
from sav_core.data.lists.parquet_rows import parquet_files, rows_give_labels
from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.data.sets.listings import EIGHT_FRAMES, Place, listed_examples, listed_queries
from sav_core.data.sets.one_scale import scale_note
from sav_core.types import ProgressCallback

__all__ = ["listed_index", "read_index"]


def read_index(
    source: str | os.PathLike[str], *, question: str = "", progress: ProgressCallback | None = None
) -> ExampleSet:
    """Read images that may be labelled.

    Args:
        source: a folder or ``.zip`` of images at any depth, or a ``.jsonl``, ``.csv`` or ``.parquet`` of labelled lines,
            or the address of such. An image's label is the name of the uppermost folder it lies in, if all lie in folders
            and there are two of these or more; a single folder that wraps all others is passed over.
        question: for examples that have none of their own.
        progress: called after each image.

    Raises:
        DatasetError: there is nothing to read.
    """
    place = opened(source)
    if _is_labelled_list(place):
        return read_examples(place, question=question, progress=progress)
    found = read_queries(place, question=question, progress=progress)
    found = replace(found, notes=(*found.notes, *scale_note(found)))
    if parquet_files(place):  # whose rows have names that are no places
        return found
    labels = _labels([example.name for example in found], source)
    labelled = (example.with_label(label) for example, label in zip(found, labels, strict=True))
    return replace(found, examples=tuple(labelled))


@contextmanager
def listed_index(
    source: str | os.PathLike[str], *, question: str = "", clips: ClipSampling | None = EIGHT_FRAMES
) -> Iterator[tuple[Listing, bool]]:
    """List images that may be labelled, nothing opened yet; what they lie in is open while this is.

    Arguments and errors are those of ``read_index``, but for what only opening a picture shows.

    Yields:
        The listing, and whether it is of lines that each say their label.
    """
    place = opened(source)
    if _is_labelled_list(place):
        with listed_examples(place, question=question, clips=clips) as listing:
            yield listing, True
        return
    with listed_queries(place, question=question, clips=clips) as found:
        names = [] if parquet_files(place) else [composed(one.images[0]) for one in found.examples]
        labels = _labels(names, source) or [None] * len(found.examples)
        labelled = (replace(one, label=label) for one, label in zip(found.examples, labels, strict=True))
        yield replace(found, examples=tuple(labelled)), False


def _is_labelled_list(place: Place) -> bool:
    suffix = posixpath.splitext(str(place))[1].lower()
    if suffix in LIST_SUFFIXES and not isinstance(place, FarSource) and (is_far(str(place)) or Path(place).is_file()):
        return True
    tables = parquet_files(place)
    return bool(tables) and rows_give_labels(tables)


def _labels(names: Sequence[str], source: str | os.PathLike[str]) -> list[str | None]:
    """The uppermost folder of each, where all have one and there are two or more of these."""
    places = [_folders(name, str(source)) for name in names]
    while places and all(places) and len({folders[0] for folders in places}) == 1:
        places = [folders[1:] for folders in places]
    return [folders[0] for folders in places] if all(places) else [None] * len(places)


def _folders(name: str, root: str) -> tuple[str, ...]:
    """Return the folders an image lies in, below the one that was named."""
    if is_far(root):
        return PurePosixPath(name.removeprefix(f"{root.rstrip('/')}/")).parts[:-1]
    inside = Path(name).relative_to(root) if Path(root).is_dir() else PurePosixPath(name)
    return inside.parts[:-1]
