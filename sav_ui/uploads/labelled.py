"""Labelled examples of what a visitor brought: of ZIPs, of a JSONL with its pictures, and of folders called like labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import Upload, as_examples, describe_skipped, read_pictures, without_label

__all__ = ["Labelled", "read_labelled"]


@dataclass(frozen=True)
class Labelled:
    """The examples, one or more, and a sentence on what was left out; empty when nothing was."""

    examples: tuple[Example, ...]
    left_out: str


def read_labelled(files: Sequence[Upload], question: str, *, without_folder: str) -> Labelled:
    """Read labelled examples.

    Args:
        files: all that came together.
        question: for examples that have none of their own.
        without_folder: the sentence for pictures that came without the folder that would be their label, and nothing else.

    Raises:
        InputError: there is no labelled example in it; the message says why.
    """
    drop = read_drop(files, question)
    good, bad = read_pictures([file for file in drop.pictures if file.folder])
    loose = [file for file in drop.pictures if not file.folder]
    examples, skipped = (*drop.examples, *as_examples(good, question)), [*drop.skipped, *bad]
    if not examples:
        if loose and not skipped:
            raise InputError(without_folder)
        raise InputError(
            describe_skipped(skipped) or "There is no picture in it: give a folder of pictures for each label."
        )
    return Labelled(examples, f"{describe_skipped(skipped)} {without_label(loose)}".strip())
