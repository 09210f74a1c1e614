"""What a visitor did, step by step, to be taken back and done again: one mechanism for every page.

``Session.step`` looks at the work before and after whatever is done inside it, and records a ``Step`` if they differ. A
page only declares what of its own is part of the work, by ``PageState.kept`` and ``PageState.restore``.

A step holds the values themselves, which never change: two of them share every picture that is in both. What history alone
keeps in memory is what was taken away, and it is bounded: the oldest steps give way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

from sav_ui.session.project import Project

__all__ = ["MAX_BYTES", "MAX_STEPS", "History", "Kept", "Snapshot", "Step"]

MAX_STEPS = 50
MAX_BYTES = 256 << 20
"""Memory that pictures and vectors may take which nothing but history holds."""

_SETTINGS = ("n_kept", "scoring", "voting", "threshold", "max_layer", "model")  # which are set rather than edited
_WORK = tuple(each.name for each in fields(Project) if each.compare and each.name not in _SETTINGS)


class Kept(Protocol):
    """What a page keeps that can be undone, as a value that never changes; equal ones leave nothing to undo."""

    def held(self) -> dict[int, int]:
        """The bytes of every large thing in it, by the thing's identity."""

    def beside(self, other: Any) -> Kept:
        """The same without what would not be missed on the way to or from ``other``."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The work at one moment.

    Attributes:
        project: what is taught.
        sought: whether heads had been found for it, or were to be.
        line: which work it is, see ``Session``.
        kept: what each page keeps, by the class of its state.
    """

    project: Project
    sought: bool
    line: str
    kept: Mapping[type, Kept]

    def with_pages(self, pages: Mapping[type, Kept]) -> Snapshot:
        """With what those pages kept that were not there yet."""
        return replace(self, kept={**pages, **self.kept})

    def beside(self, other: Snapshot) -> Snapshot:
        """The same without what would not be missed on the way to or from another moment."""
        return replace(self, kept={page: kept.beside(other.kept[page]) for page, kept in self.kept.items()})

    def same_work(self, other: Snapshot) -> bool:
        """Whether there is nothing between them to undo: settings of the project are set, and no step."""
        return self.kept == other.kept and all(
            getattr(self.project, name) == getattr(other.project, name) for name in _WORK
        )

    def held(self) -> dict[int, int]:
        """The bytes of every large thing in it, by the thing's identity."""
        found = {
            name: size for item in self.project.items for picture in item.pictures for name, size in picture.buffers.items()
        }
        for kept in self.kept.values():
            found |= kept.held()
        return found


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that was done.

    Attributes:
        words: what was done, as a sentence.
        before: the work before it.
        after: the work after it.
        replaced: whether it put another project in the place of the one before.
    """

    words: str
    before: Snapshot
    after: Snapshot
    replaced: bool = False
    taken: Mapping[int, int] = field(init=False, repr=False)  # bytes of what it took away, by identity
    added: Mapping[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        before, after = self.before.held(), self.after.held()
        object.__setattr__(self, "taken", {name: before[name] for name in before.keys() - after.keys()})
        object.__setattr__(self, "added", {name: after[name] for name in after.keys() - before.keys()})

    def project_at(self, end: Snapshot, now: Project) -> Project:
        """The project at one end of the step; settings that the step left alone stay as they are now.

        Identities are not used twice, so that nothing made for something since undone is taken for another's.
        """
        before, after = self.before.project, self.after.project
        settings = {name: getattr(now, name) for name in _SETTINGS if getattr(before, name) == getattr(after, name)}
        return replace(end.project, next_id=max(end.project.next_id, now.next_id), **settings)


class History:
    """The last steps that can be undone, and those that were undone and can be done again; every change makes another."""

    def __init__(self, done: tuple[Step, ...] = (), undone: tuple[Step, ...] = ()) -> None:
        self.done, self.undone = done, undone

    def with_step(self, step: Step) -> History:
        """One step more; the oldest give way, and what was undone before cannot be done again."""
        done = (*self.done, step)[-MAX_STEPS:]
        while done and History(done).held_bytes > MAX_BYTES:
            done = done[1:]
        return History(done)

    def back(self) -> tuple[Step, History]:
        """The last step, and the history when it is undone."""
        *done, step = self.done
        return step, History(tuple(done), (*self.undone, step))

    def forth(self) -> tuple[Step, History]:
        """The step that was undone last, and the history when it is done again."""
        *undone, step = self.undone
        return step, History((*self.done, step), tuple(undone))

    @property
    def held_bytes(self) -> int:
        """Of what was taken away and can come back, each thing once."""
        parts = [*(step.taken for step in self.done), *(step.added for step in self.undone)]
        return sum({name: size for part in parts for name, size in part.items()}.values())
