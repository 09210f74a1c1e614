"""What a saved project's ZIP holds beside the project: the parts of pages, written, and read whoever wrote them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sav_core.data.archives.archive import Archive
from sav_core.data.archives.processes import open_archive
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.folders.sources import ZipSource
from sav_core.data.lists.jsonl import list_lines
from sav_core.data.pictures.picture import as_picture
from sav_core.data.sets.datasets import open_listed
from sav_core.errors import DatasetError
from sav_ui.session.keeper import SavedPart, SavedRow
from sav_ui.session.manifest import MANIFEST, parse_manifest
from sav_ui.session.places import WORK, listing_of, own_name, piece_place
from sav_ui.session.project import Project

__all__ = ["line_of", "read_kept", "values_of"]

_LONGEST = 8 << 20
_NOT_VALUES = ("image", "images", "question")


def line_of(project: Project, row: SavedRow) -> dict[str, Any]:
    """One example of a page as a line of its listing; its pictures lie by their content."""
    text = row.text if row.pictures else row.text or project.question
    return {"images": [piece_place(picture) for picture in row.pictures], "question": text, **row.values}


def values_of(kept: Mapping[str, SavedPart]) -> str:
    """What pages keep that is no example, as the text of one file."""
    return json.dumps({name: dict(part.values) for name, part in kept.items()}, ensure_ascii=False)


def read_kept(path: Path, names: Iterable[str]) -> tuple[dict[str, SavedPart], tuple[Skipped, ...]]:
    """Read what pages keep beside a project.

    Args:
        path: of a file that ``read_project`` has opened.
        names: of the pages' parts.

    Returns:
        Those that are there, by name, and the pictures that had to be left out.

    Raises:
        DatasetError: it is damaged, or crafted to do harm.
    """
    kept: dict[str, SavedPart] = {}
    skipped: list[Skipped] = []
    with open_archive(path) as archive:
        if WORK not in archive.names:
            return {}, ()
        values = _object(_text(archive, WORK), WORK)
        clips = parse_manifest(_text(archive, MANIFEST).encode()).clips
        for name in names:
            if name in values:
                rows, left_out = _rows(archive, listing_of(name), clips)
                kept[name] = SavedPart(rows, _checked(values[name], WORK))
                skipped += left_out
    return kept, tuple(skipped)


def _rows(archive: Archive, listing: str, clips: ClipSampling | None) -> tuple[tuple[SavedRow, ...], tuple[Skipped, ...]]:
    if listing not in archive.names:
        return (), ()
    lines = [_object(line, listing) for line in _text(archive, listing).split("\n") if line.strip()]
    listed = list_lines(ZipSource(archive), listing, "", labelled=False, clips=clips).examples
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was skipped is in the answer
        places, found = open_listed(listed, clips=clips)
    rows = []
    for place, example in zip(places, found, strict=True):
        values = {key: value for key, value in lines[place].items() if key not in _NOT_VALUES}
        pictures = tuple(as_picture(picture, own_name(picture)) for picture in example.images)
        rows.append(SavedRow(pictures, example.question, values))
    return tuple(rows), found.skipped


def _text(archive: Archive, name: str) -> str:
    try:
        text = archive.read(name)
        if len(text) > _LONGEST:
            raise DatasetError(_refusal(name, "it is too long"))
        return text.decode("utf-8")
    except OSError as error:
        raise DatasetError(_refusal(name, str(error))) from error
    except UnicodeDecodeError as error:
        raise DatasetError(_refusal(name, "it is not text in UTF-8")) from error


def _object(text: str, name: str) -> Mapping[str, Any]:
    try:
        return _checked(json.loads(text), name)
    except (ValueError, RecursionError) as error:
        raise DatasetError(_refusal(name, "it is not JSON")) from error


def _checked(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DatasetError(_refusal(name, f"it has {str(value)[:40]!r} where an object was expected"))
    return value


def _refusal(name: str, why: str) -> str:
    return f"The project's {name} cannot be used because {why}: save the project again."
