"""Labelled examples of what a visitor brought: of ZIPs, of a JSONL with its pictures, and of folders called like labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, Skipped
from sav_core.data.folders.parts import parts_among
from sav_core.data.folders.sources import natural_order
from sav_core.data.folders.twins import check_twins
from sav_core.data.notes import Note
from sav_core.data.sets.odd_labels import odd_labels
from sav_core.errors import InputError
from sav_ui.limits import CLIPS
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import LeftOutError, Upload, as_examples, notes_on, read_pictures

__all__ = ["Labelled", "read_labelled"]

_LOOSE = "came without a folder, so it has no label and was left out."


@dataclass(frozen=True)
class Labelled:
    """The examples, one or more, what was left out, and what was converted or guessed."""

    examples: tuple[Example, ...]
    left_out: tuple[Skipped, ...]
    notes: tuple[Note, ...] = ()


def read_labelled(files: Sequence[Upload], question: str, *, without_folder: str, clips: ClipSampling = CLIPS) -> Labelled:
    """Read labelled examples.

    Args:
        files: all that came together.
        question: for examples that have none of their own.
        without_folder: the sentence for pictures that came without the folder that would be their label, and nothing else.
        clips: how clips are sampled.

    Raises:
        InputError: there is no labelled example in it; the message says why.
        LeftOutError: the same, for everything in it had to be left out.
    """
    drop = read_drop(files, question, clips=clips)
    _check_folders([file for file in drop.pictures if file.folder])
    good, bad = read_pictures([file for file in drop.pictures if file.folder], clips=clips)
    loose = [Skipped(file.name, f"{file.name!r} {_LOOSE}") for file in drop.pictures if not file.folder]
    examples, skipped = (*drop.examples, *as_examples(good, question)), (*drop.skipped, *bad, *loose)
    if not examples:
        if len(loose) == len(skipped) > 0:
            raise InputError(without_folder)
        if skipped:
            raise LeftOutError(skipped)
        raise InputError("There is no picture in it: give a folder of pictures for each label.")
    odd = odd_labels(file.folder for file in drop.pictures if file.folder)
    return Labelled(examples, skipped, (*drop.notes, *notes_on(good), *odd))


def _check_folders(files: Sequence[Upload]) -> None:
    """Refuse folders whose names would be the labels, though they are parts of a set, or two of them one to the eye.

    Raises:
        InputError: they are; the message says what to bring instead.
    """
    above: dict[str, set[str]] = defaultdict(set)
    for file in files:
        folders = file.inside.split("/")[:-1]
        if len(folders) > 1:
            above[folders[-2]].add(file.folder)
    parts = parts_among(above) or parts_among({file.folder: frozenset[str]() for file in files})
    if parts:
        raise InputError(
            f"These are the sets {', '.join(map(repr, natural_order(parts)))}, and not labels: bring one set at a time."
        )
    check_twins({file.folder for file in files}, "label folders", "what came")
