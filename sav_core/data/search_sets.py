"""A folder of images to search in, with labels where its own folders give them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sav_core.data.datasets import read_examples, read_queries
from sav_core.data.examples import ExampleSet
from sav_core.data.one_scale import scale_note
from sav_core.data.sources import LIST_SUFFIXES
from sav_core.types import ProgressCallback

__all__ = ["read_index"]


def read_index(
    source: str | os.PathLike[str], *, question: str = "", progress: ProgressCallback | None = None
) -> ExampleSet:
    """Read images that may be labelled.

    Args:
        source: a folder or ``.zip`` of images at any depth, or a ``.jsonl`` or ``.csv`` of labelled lines. An image's
            label is the name of the uppermost folder it lies in, if all lie in folders and there are two of these or
            more; a single folder that wraps all others is passed over.
        question: for examples that have none of their own.
        progress: called after each image.

    Raises:
        DatasetError: there is nothing to read.
    """
    path = Path(source)
    if path.is_file() and path.suffix.lower() in LIST_SUFFIXES:
        return read_examples(source, question=question, progress=progress)
    found = read_queries(source, question=question, progress=progress)
    found = replace(found, notes=(*found.notes, *scale_note(found)))
    places = [_folders(example.name, path) for example in found]
    while all(places) and len({folders[0] for folders in places}) == 1:
        places = [folders[1:] for folders in places]
    if not all(places):
        return found
    labelled = (example.with_label(folders[0]) for example, folders in zip(found, places, strict=True))
    return replace(found, examples=tuple(labelled))


def _folders(name: str, root: Path) -> tuple[str, ...]:
    """Return the folders an image lies in, below the one that was named."""
    inside = Path(name).relative_to(root) if root.is_dir() else PurePosixPath(name)
    return inside.parts[:-1]
