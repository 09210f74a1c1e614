"""Which list of a folder or a ZIP says what its examples are, if one does."""

from __future__ import annotations

import posixpath
from contextlib import suppress

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.folders.sources import Source, seen, takes
from sav_core.data.lists.keys import LABELS, PICTURES, named, pictures_of, plain
from sav_core.data.lists.records import TABLES, records
from sav_core.errors import DatasetError

__all__ = ["choose_list", "lists_of_pictures"]

_LINES = (".jsonl", ".ndjson")
_WHOLE = (".json",)
_LOOKED_AT = 20
_METADATA = "metadata"  # HuggingFace's imagefolder calls it so


def choose_list(source: Source, clips: ClipSampling | None = None) -> str:
    """Return the list's name; empty where the folders are the labels, of pictures or also of clips.

    A ``.jsonl`` speaks for the pictures it lies with, and so does a ``.csv`` where no label folders are or where it is
    called ``metadata.csv``. Of ``.json`` files, which may be anything, one does that names a picture, where there are no
    label folders. One that is called ``metadata`` and gives no labels leaves them to the folders.

    Raises:
        DatasetError: there are several.
    """
    files = sorted(name for name in source.names if not name.endswith("/"))
    found = [name for name in files if name.lower().endswith(_LINES)]
    if not found:
        tables = [name for name in files if name.lower().endswith(TABLES)]
        found = [name for name in tables if _is_metadata(name)] or (tables if _is_flat(source, clips) else [])
    if not found and _is_flat(source, clips):
        found = [name for name in files if name.lower().endswith(_WHOLE) and _names_picture(source, name)]
    if len(found) > 1:
        kind = posixpath.splitext(found[0])[1].lower()
        raise DatasetError(
            f"{source.name!r} holds {len(found)} {kind} files, {found[0]!r} and {found[1]!r} among them: keep one, or name "
            "the one to read."
        )
    if not found or (_is_metadata(found[0]) and not _is_flat(source, clips) and not _gives_labels(source, found[0])):
        return ""
    return found[0]


def lists_of_pictures(source: Source) -> tuple[str, ...]:
    """The lists in a source whose first line names a picture; of very many, the first ones are looked at."""
    files = sorted(name for name in source.names if name.lower().endswith((*_LINES, *TABLES, *_WHOLE)))
    return tuple(name for name in files[:_LOOKED_AT] if _names_picture(source, name))


def _names_picture(source: Source, listing: str) -> bool:
    with suppress(DatasetError):  # it is not read, so what is wrong with it is of no matter
        _, record = next(records(source, listing), ("", {}))
        return isinstance(record, dict) and bool(pictures_of(record))
    return False


def _is_metadata(name: str) -> bool:
    return posixpath.splitext(posixpath.basename(name))[0].lower() == _METADATA


def _is_flat(source: Source, clips: ClipSampling | None) -> bool:
    """Whether all pictures lie in one folder, so that no folder can be a label."""
    found = seen(source, source.names)
    places = {posixpath.dirname(name) for name, what in found.items() if takes(source, name, what, clips)}
    return len(places) < 2


def _gives_labels(source: Source, listing: str) -> bool:
    """Whether the first record has a label; what cannot be read is told by whoever reads all of it."""
    try:
        _, record = next(records(source, listing), ("", {}))
    except DatasetError:
        return True
    return not isinstance(record, dict) or bool(named(record, LABELS)) or not {*map(plain, record)} & {*PICTURES}
