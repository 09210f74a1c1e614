"""What the Teach page keeps of a session beside the project: settled warnings, and what was measured of its dials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sav_ui.session.page_state import PageState

if TYPE_CHECKING:
    from sav_core.activations.reading_cost import ReadingCosts
    from sav_core.evaluation.depths import DepthFits
    from sav_core.types import HeadVectors

__all__ = ["WHERE", "Depths", "TeachState"]

WHERE = "bench"
"""The part of the page that says what became of finding heads."""


@dataclass(frozen=True, eq=False)
class Depths:
    """What was judged last of depth.

    Attributes:
        read: the vectors that it is of.
        settings: voting rule and ranking.
        fits: accuracy by depth; ``None`` where it cannot be judged, and ``refused`` says why.
        seconds: of a forward of each depth.
        refused: as above.
    """

    read: HeadVectors
    settings: tuple[str, str]
    fits: DepthFits | None = None
    seconds: tuple[float, ...] = ()
    refused: str = ""


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
        costs: what was measured last of what details cost, and the model that it was measured of; ``None`` before.
        unmeasured: the model, and how many examples there were, when that could not be measured.
        by_depth: whether accuracy by depth is shown.
        depths: what was judged last of it; ``None`` before.
    """

    def __init__(self) -> None:
        self.settled: frozenset[str] = frozenset()
        self.costs: tuple[str, ReadingCosts] | None = None
        self.unmeasured: tuple[str, int] | None = None
        self.by_depth = False
        self.depths: Depths | None = None

    def costs_of(self, model: str) -> ReadingCosts | None:
        """What details cost with that model; ``None`` where that was not measured."""
        return self.costs[1] if self.costs is not None and self.costs[0] == model else None

    def kept(self) -> _Kept:
        """The warnings that were settled."""
        return _Kept(self.settled)

    def restore(self, kept: _Kept) -> None:
        """Put them back."""
        self.settled = kept.settled
