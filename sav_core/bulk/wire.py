"""Portions and outcomes as JSON and bytes, for workers in other processes and on other machines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sav_core.bulk.task import Facts, Judged, Outcome, Portion
from sav_core.data.archives.processes import open_archive
from sav_core.data.examples import Skipped
from sav_core.data.folders.filesystems import FarSource
from sav_core.data.folders.listings import Listed
from sav_core.data.folders.sources import FolderSource, Source, ZipSource
from sav_core.data.lists.parquet import ParquetSource
from sav_core.data.notes import Note
from sav_core.errors import InputError

__all__ = ["outcome_as_wire", "outcome_from_wire", "portion_as_dict", "portion_from_dict"]

_OPEN = 16  # sources that a worker keeps open: the last ones


def portion_as_dict(portion: Portion) -> dict[str, Any]:
    """Return a portion as JSON values; each of the sources it lies in is told once.

    Raises:
        InputError: one of them is in this process alone.
    """
    places: dict[tuple[str, str], int] = {}
    rows = []
    for one in portion.listed:
        number = places.setdefault(_place_of(one.source), len(places))
        rows.append([number, one.images, one.question, one.label, one.line])
    return {
        "number": portion.number,
        "first": portion.first,
        "judged": portion.judged,
        "sources": [list(place) for place in places],
        "rows": rows,
    }


def portion_from_dict(values: Mapping[str, Any]) -> Portion:
    """Return what ``portion_as_dict`` gave; its sources are opened here.

    Raises:
        DatasetError: one cannot be opened here.
    """
    sources = [_open(kind, place) for kind, place in values["sources"]]
    listed = tuple(
        Listed(sources[number], tuple(images), question, label, line)
        for number, images, question, label, line in values["rows"]
    )
    return Portion(values["number"], values["first"], listed, tuple(values["judged"]))


def outcome_as_wire(outcome: Outcome) -> tuple[dict[str, Any], Sequence[Any]]:
    """Return an outcome as JSON values and buffers."""
    says = {
        "portion": outcome.portion,
        "facts": outcome.facts.as_dict(),
        "names": outcome.names,
        "labels": outcome.labels,
        "contents": outcome.contents,
        "skipped": [[label, each.name, each.reason, each.kind] for label, each in outcome.skipped],
        "notes": [[note.kind, note.text, note.count, note.examples] for note in outcome.notes],
        "answers": outcome.answers,
        "wide": outcome.wide,
    }
    arrays = []
    judged = None if outcome.judged is None else outcome.judged.values
    given: tuple[tuple[str, Any], ...] = (("values", outcome.values), ("judged", judged))
    for name, array in given:
        if array is not None:
            says[name] = [array.shape, str(array.dtype)]
            arrays.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    if outcome.judged is not None:
        says["judged_labels"] = outcome.judged.labels
    return says, arrays


def outcome_from_wire(says: Mapping[str, Any], buffers: Sequence[bytes]) -> Outcome:
    """Return what ``outcome_as_wire`` gave."""
    waiting = iter(buffers)

    def array(name: str) -> Any:
        shape, number = says[name]
        return np.frombuffer(next(waiting), dtype=number).reshape(shape)

    return Outcome(
        says["portion"],
        Facts.from_dict(says["facts"]),
        tuple(says["names"]),
        tuple(says["labels"]),
        tuple(says["contents"]),
        tuple((label, Skipped(name, reason, kind)) for label, name, reason, kind in says["skipped"]),
        tuple(Note(kind, text, count, tuple(examples)) for kind, text, count, examples in says["notes"]),
        array("values") if "values" in says else None,
        tuple(says["answers"]),
        Judged(tuple(says["judged_labels"]), array("judged")) if "judged" in says else None,
        says["wide"],
    )


def _place_of(source: Source) -> tuple[str, str]:
    """How another process finds a source: by its kind, and where that is for everybody."""
    match source:
        case FolderSource():
            return "folder", os.path.abspath(source.root)  # noqa: PTH100  # links are left as they are
        case ZipSource():
            return "zip", os.path.abspath(source.path)  # noqa: PTH100
        case FarSource():
            return "far", source.address
        case ParquetSource():
            return "rows", source.place if "://" in source.place else os.path.abspath(source.place)  # noqa: PTH100
    raise InputError(f"{source.name!r} is in this process alone: write it into a folder, so that others can read it.")


@lru_cache(_OPEN)
def _open(kind: str, place: str) -> Source:
    match kind:
        case "folder":
            return FolderSource(Path(place))
        case "zip":
            return ZipSource(open_archive(place))
        case "far":
            return FarSource(place)
    return ParquetSource(place)
