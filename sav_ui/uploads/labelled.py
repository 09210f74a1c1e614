"""Labelled examples of what a visitor brought: of ZIPs, of a JSONL with its pictures, and of folders called like labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.data.examples import Example, Skipped
from sav_core.errors import InputError
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import LeftOutError, Upload, as_examples, read_pictures

__all__ = ["Labelled", "read_labelled"]

_LOOSE = "came without a folder, so it has no label and was left out."


@dataclass(frozen=True)
class Labelled:
    """The examples, one or more, and what was left out."""

    examples: tuple[Example, ...]
    left_out: tuple[Skipped, ...]


def read_labelled(files: Sequence[Upload], question: str, *, without_folder: str) -> Labelled:
    """Read labelled examples.

    Args:
        files: all that came together.
        question: for examples that have none of their own.
        without_folder: the sentence for pictures that came without the folder that would be their label, and nothing else.

    Raises:
        InputError: there is no labelled example in it; the message says why.
        LeftOutError: the same, for everything in it had to be left out.
    """
    drop = read_drop(files, question)
    good, bad = read_pictures([file for file in drop.pictures if file.folder])
    loose = [Skipped(file.name, f"{file.name!r} {_LOOSE}") for file in drop.pictures if not file.folder]
    examples, skipped = (*drop.examples, *as_examples(good, question)), (*drop.skipped, *bad, *loose)
    if not examples:
        if len(loose) == len(skipped) > 0:
            raise InputError(without_folder)
        if skipped:
            raise LeftOutError(skipped)
        raise InputError("There is no picture in it: give a folder of pictures for each label.")
    return Labelled(examples, skipped)
