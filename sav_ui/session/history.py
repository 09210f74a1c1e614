"""The edits of a project that can be taken back, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sav_ui.session.project import Project

__all__ = ["History"]

_STEPS = 20
_SETTINGS = ("n_kept", "scoring", "voting", "threshold", "model")  # which are set rather than edited


class History:
    """The project before and after each of the last edits; every change makes another one."""

    def __init__(self, edits: tuple[tuple[Project, Project], ...] = ()) -> None:
        self._edits = edits[-_STEPS:]

    def __bool__(self) -> bool:
        return bool(self._edits)

    def __iter__(self) -> Iterator[Project]:
        """Every project that it holds; one may come twice."""
        return (project for edit in self._edits for project in edit)

    def with_edit(self, before: Project, after: Project) -> History:
        """One edit more; the oldest gives way."""
        return History((*self._edits, (before, after)))

    def undone(self, now: Project) -> tuple[Project, History]:
        """The project before the last edit, and what can be taken back then.

        Args:
            now: whose settings stay, as far as that edit did not change them.
        """
        *earlier, (before, after) = self._edits
        kept = [name for name in _SETTINGS if getattr(before, name) == getattr(after, name)]
        return replace(before, **{name: getattr(now, name) for name in kept}), History(tuple(earlier))
