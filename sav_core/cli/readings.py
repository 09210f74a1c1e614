"""What is said at the end of a command of the sets that it read: what was left out, and what was converted or guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sav_core.cli.console import print_line
from sav_core.data.notes import merged

if TYPE_CHECKING:
    from sav_core.data.examples import Skipped
    from sav_core.data.notes import Note

__all__ = ["Reading", "print_left_out", "print_notes", "print_readings", "reading_values"]


class Reading(Protocol):
    """What was read, as sets, listings and measurements say it."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """What was left out."""

    @property
    def notes(self) -> Sequence[Note]:
        """What was converted or guessed."""


def reading_values(*readings: Reading) -> dict[str, Any]:
    """Return what was left out and what was converted, for JSON."""
    skipped = [{"image": each.name, "reason": each.reason} for reading in readings for each in reading.skipped]
    return {"skipped": skipped, "notes": [note.as_dict() for note in _notes(readings)]}


def print_readings(*readings: Reading) -> None:
    """Print what was converted or guessed, and how much was left out, if anything."""
    print_notes(_notes(readings))
    print_left_out(each.name for reading in readings for each in reading.skipped)


def print_notes(notes: Sequence[Note]) -> None:
    """Say what was converted or guessed in reading, if anything, each once."""
    for note in dict.fromkeys(notes):
        print_line(f"Note: {note.sentence}")


def print_left_out(names: Iterable[str]) -> None:
    """Say how many images and clips were left out, if any, by their names."""
    if left_out := list(names):
        from sav_core.data.sets.kinds import kinds_of  # with what reads pictures, which --help need not wait for

        print_line(f"{kinds_of(left_out)} {'was' if len(left_out) == 1 else 'were'} left out; the warnings say why.")


def _notes(readings: Sequence[Reading]) -> tuple[Note, ...]:
    return merged(note for reading in readings for note in reading.notes)
