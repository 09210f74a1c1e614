"""How many files of which kind something is said of, "2 clips and 1 image": clips are never counted as images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from sav_core.data.formats import VIDEO, look
from sav_core.data.pictures.picture import IMAGE_SUFFIXES

__all__ = ["kinds_of"]


def kinds_of(names: Iterable[str], still: str = "image") -> str:
    """Count what is named: clips, images, examples that a list has on a line, and files that are called like none of these.

    Args:
        names: of files, or of lines as "Line 3 of 'pets.jsonl'".
        still: what an image is called.

    Returns:
        The counts, each with its word in the singular or plural; empty where nothing is named.
    """
    words = {"image": still, "clip": "clip", "line": "example", "file": "file"}
    counts = Counter(map(_kind, names))
    said = [f"{counts[kind]} {word}{'s' if counts[kind] > 1 else ''}" for kind, word in words.items() if counts[kind]]
    return " and ".join(filter(None, (", ".join(said[:-1]), *said[-1:])))


def _kind(name: str) -> str:
    if name.startswith("Line "):
        return "line"
    unread = look(b"", name)  # by its ending, whether it is read or not
    if unread is not None:
        return "clip" if unread.kind == VIDEO else "image"
    return "image" if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES else "file"
