"""What is said of a whole set when it was read part after part: names are kept, pictures and vectors are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

from sav_core.bulk.task import Facts, Outcome, Portion
from sav_core.data.examples import Skipped
from sav_core.data.folders.listings import Listing
from sav_core.data.notes import Note, merged
from sav_core.data.sets.duplicates import contradictions_among
from sav_core.data.sets.odd_labels import odd_labels
from sav_core.data.sets.telling import check_any, check_readable, warn_of
from sav_core.types import ProgressCallback

__all__ = ["Engine", "Gathered"]


class Engine(Protocol):
    """What works on portions: this process, processes on several devices."""

    facts: Facts

    def run(self, portions: list[Portion], progress: ProgressCallback | None = None) -> Iterator[Outcome]:
        """Yield what comes of each portion, in their order."""


class Gathered:
    """Counts what is read of a listing, and keeps what was left out and noted.

    Args:
        listing: the whole set.
        of_lines: whether its lines each say their label: then these are judged as those of a training set are.
    """

    def __init__(self, listing: Listing, *, of_lines: bool = False) -> None:
        self._of_lines = of_lines
        self._lost: list[tuple[str | None, Skipped]] = []
        self._listed, self._notes = listing, merged(listing.notes)
        self._contents: list[tuple[str, str | None, str]] = []
        self._labels: Counter[str | None] = Counter()

    def __len__(self) -> int:
        return self._labels.total()

    def watch(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Yield the outcomes, each taken note of."""
        for outcome in outcomes:
            self._lost += outcome.skipped
            self._notes = merged([*self._notes, *outcome.notes])
            self._labels.update(outcome.labels)
            if self._of_lines:
                self._contents += zip(outcome.contents, outcome.labels, outcome.names, strict=True)
            yield outcome

    def finish(self) -> None:
        """Refuse a set of which too little could be read, and warn of what was left out.

        Raises:
            DatasetError: nothing was read, or nothing of a label.
        """
        if self._of_lines:
            check_readable(set(self._labels), self._lost)
            odd = odd_labels(label for label in self._labels.elements() if label is not None)
            self._notes = merged([*self._notes, *odd, *contradictions_among(self._contents)])
        check_any(len(self), self.skipped)
        warn_of(self.skipped, self.notes, stacklevel=3)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What was left out so far."""
        return (*self._listed.skipped, *(skip for _, skip in self._lost))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was converted or guessed so far."""
        return self._notes
