"""A file of pictures with a question each and the box of what is asked about, as people drew it.

    {"image": "1.jpg", "question": "Where is the cup?", "box": [40, 32, 180, 200]}

The four numbers are left, top, right and bottom in pixels of the picture as it is shown, upright, unless it is said that
they are fractions of its width and height, or COCO's left, top, width and height. What could be two of these is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any

from sav_core.data.examples import Skipped
from sav_core.data.folders.sources import LIST_SUFFIXES, FolderSource
from sav_core.data.lists.jsonl import list_lines
from sav_core.data.lists.keys import found_keys, plain
from sav_core.data.lists.records import records
from sav_core.data.notes import Note
from sav_core.data.sets.datasets import open_listed
from sav_core.errors import DatasetError
from sav_core.pointing.boxes import Box
from sav_core.pointing.drawn import Pointed
from sav_core.pointing.ways import BOX_FORMS, BoxForm
from sav_core.types import ProgressCallback

__all__ = ["BoxedSet", "part_in_two", "read_boxes"]

_LINE = '{"image": "1.jpg", "question": "Where is the cup?", "box": [40, 32, 180, 200]}'
_OWN, _OF_COCO = "box", ("bbox", "bounding_box")
_OVER = 1.0  # pixels by which a box may pass the picture's edge: people draw to it, and some count from 1


@dataclass(frozen=True)
class BoxedSet:
    """Examples with the box of what each asks about, and what is to be said of reading them.

    Attributes:
        pointed: in the order of the lines.
        skipped: what was left out.
        notes: what was converted or guessed.
    """

    pointed: tuple[Pointed, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()


def read_boxes(
    path: Path, *, form: BoxForm | None = None, question: str = "", progress: ProgressCallback | None = None
) -> BoxedSet:
    """Read a JSONL, JSON, CSV or TSV file whose lines have an ``image``, a ``question`` and a ``box``.

    Args:
        path: of the file; its pictures lie beside it or where their paths lead.
        form: how the numbers are meant; pixels unless given, or refused where that is doubtful.
        question: for lines that have none of their own.
        progress: called after each picture.

    Raises:
        DatasetError: there is no such file, or a line has no picture, several, no question or no box that fits its picture.
    """
    if form is not None and form not in BOX_FORMS:
        raise DatasetError(f"Boxes are meant as one of {', '.join(BOX_FORMS)}, but {form!r} was said: say one of these.")
    if not path.is_file() or path.suffix.lower() not in LIST_SUFFIXES:
        raise DatasetError(f"Boxes are read from a .jsonl or .csv file, but {str(path)!r} is none: write lines {_LINE}.")
    source = FolderSource(path.parent)
    listing = list_lines(source, path.name, question, labelled=False)
    told = [_numbers(record, where, form) for where, record in records(source, path.name)]
    form = form or _plain_form([numbers for _, numbers in told], path.name)
    for (where, _), one in zip(told, listing.examples, strict=True):
        if len(one.images) != 1:
            raise DatasetError(f"{where} has {len(one.images)} pictures, and a box is of one: write it as {_LINE}.")
        if not one.question.strip():
            raise DatasetError(f"{where} asks nothing, so that nothing is to be pointed at: write it as {_LINE}.")
    rows, opened = open_listed(listing.examples, progress=progress)
    if not rows:
        raise DatasetError(f"None of the pictures of {path.name!r} can be read: {opened.skipped[0].reason}")
    pointed = tuple(
        Pointed(example, _box(told[row], form, example.images[0].size)) for row, example in zip(rows, opened, strict=True)
    )
    notes = tuple(note for note in (*listing.notes, *opened.notes) if not _of_box(note))
    return BoxedSet(pointed, opened.skipped, notes)


def part_in_two(pointed: Sequence[Pointed], seed: int = 0) -> tuple[tuple[Pointed, ...], tuple[Pointed, ...]]:
    """Part examples into some to choose heads on and some to judge them on; a picture is never on both sides.

    Raises:
        DatasetError: there is but one picture.
    """
    homes = list(dict.fromkeys(one.example.images[0].digest for one in pointed))
    if len(homes) < 2:
        raise DatasetError("Heads are chosen on some pictures and judged on others, but there is only one: give more.")
    Random(seed).shuffle(homes)  # noqa: S311  # data, not secrets
    chosen = set(homes[: (len(homes) + 1) // 2])
    first, second = (
        tuple(one for one in pointed if (one.example.images[0].digest in chosen) is side) for side in (True, False)
    )
    return first, second


def _numbers(record: Mapping[str, Any], where: str, form: BoxForm | None) -> tuple[str, tuple[float, ...]]:
    """Where a line stands and the four numbers of its box."""
    keys = {plain(key): key for key in record}
    key = next((keys[name] for name in (_OWN, *_OF_COCO) if name in keys), None)
    if key is None:
        raise DatasetError(f"{where} has no 'box' among its keys {found_keys(record)}: write it as {_LINE}.")
    if plain(key) in _OF_COCO and form is None:
        raise DatasetError(
            f"{where} has a {key!r}, which is left, top, width and height to COCO and corners to others: say which, by "
            "--boxes-as coco, pixels or fractions (form= in the library)."
        )
    value = record[key]
    if isinstance(value, str):  # of a table
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not (isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))):
        raise DatasetError(
            f"{where} needs four numbers as its {key!r}, but has {str(record[key])[:60]}: write it as {_LINE}."
        )
    return where, tuple(map(float, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _plain_form(boxes: Sequence[Sequence[float]], name: str) -> BoxForm:
    """Pixels, unless no number of the file is more than one."""
    if all(max(numbers) <= 1 for numbers in boxes):
        raise DatasetError(
            f"No number of the boxes in {name!r} is above 1, so they seem to be fractions of the picture, but pixels were "
            "expected: say --boxes-as fractions."
        )
    return "pixels"


def _box(told: tuple[str, tuple[float, ...]], form: BoxForm, size: tuple[int, int]) -> Box:
    """The box on a picture of that size."""
    where, (left, top, third, fourth) = told
    right, bottom = (left + third, top + fourth) if form == "coco" else (third, fourth)
    width, height = (1, 1) if form == "fractions" else size
    over = _OVER / max(size) if form == "fractions" else _OVER
    if left < -over or top < -over or right > width + over or bottom > height + over:
        advice = {
            "pixels": f"it is to be in pixels of the picture, {size[0]} x {size[1]} as it is shown, unless --boxes-as says "
            "otherwise",
            "fractions": "they are to be from 0 to 1, or said to be pixels with --boxes-as",
            "coco": f"left and width, top and height are to fit into {size[0]} x {size[1]} pixels",
        }[form]
        raise DatasetError(f"{where} has a box that leaves its picture, {_shown(told)}: {advice}.")
    if not (left < right and top < bottom) or min(right, bottom) <= 0 or left >= width or top >= height:
        raise DatasetError(
            f"{where} has a box without width or height, {_shown(told)}: give left, top, right and bottom; where the last "
            "two are width and height, as in COCO, say --boxes-as coco."
        )
    return Box(max(0.0, left / width), max(0.0, top / height), min(1.0, right / width), min(1.0, bottom / height))


def _shown(told: tuple[str, tuple[float, ...]]) -> str:
    return f"[{', '.join(f'{number:g}' for number in told[1])}]"


def _of_box(note: Note) -> bool:
    """Whether it says that the box is not read, which the list of examples does not know."""
    return note.kind in ("unread keys", "short texts") and any(repr(key) in note.text for key in (_OWN, *_OF_COCO))
