"""What the Teach page keeps of a session beside the project: the warnings that the visitor has settled."""

from __future__ import annotations

from dataclasses import dataclass

from sav_ui.session.session import PageState

__all__ = ["WHERE", "TeachState"]

WHERE = "bench"
"""The part of the page that says what became of finding heads."""


@dataclass(frozen=True)
class _Kept:
    settled: frozenset[str]

    def held(self) -> dict[int, int]:
        """Nothing large."""
        return {}

    def beside(self, other: _Kept) -> _Kept:
        """All of it."""
        return self


class TeachState(PageState):
    """The Teach page of one session; changed only under the session's lock.

    Attributes:
        settled: keys of the warnings that are not shown any more.
    """

    def __init__(self) -> None:
        self.settled: frozenset[str] = frozenset()

    def kept(self) -> _Kept:
        """The warnings that were settled."""
        return _Kept(self.settled)

    def restore(self, kept: _Kept) -> None:
        """Put them back."""
        self.settled = kept.settled
