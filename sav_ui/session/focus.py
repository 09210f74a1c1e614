"""Where a visitor is looking, and what they are told and given there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from sav_core.data.examples import Skipped
from sav_core.types import Head

__all__ = ["Download", "Focus", "Loading", "Notice"]

_SUBJECT = re.compile(r"""^(['"]).*?\1 """)  # the name that a reason begins with


@dataclass(frozen=True)
class Notice:
    """A sentence for the visitor.

    Attributes:
        text: the sentence.
        kind: ``"error"``, ``"done"``, or ``"part"`` for what was done but for what was left out.
        where: the part of the page it concerns.
        undo: whether it is about the last step, which can be undone.
        redo: whether it is about the step undone last, which can be done again.
        left_out: what was left out, and why.
        until: whether it is no longer so, for a sentence that says what is still to come; ``None`` for any other.
    """

    text: str
    kind: str
    where: str
    undo: bool = False
    redo: bool = False
    left_out: tuple[Skipped, ...] = ()
    until: Callable[[], bool] | None = None

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Why things were left out, each reason with the names of what it is about; a reason does not repeat the name."""
        found: dict[str, list[str]] = {}
        for each in self.left_out:
            found.setdefault(_SUBJECT.sub("", each.reason), []).append(each.name)
        return found


@dataclass(frozen=True)
class Download:
    """A file made for the visitor; ``where`` is the panel that hands it to the browser."""

    path: Path
    where: str


@dataclass(frozen=True)
class Focus:
    """Where a visitor is looking.

    Attributes:
        head: whose inspector is open.
        versus: the head beside it.
        cell: row and column of the confusion cell whose pictures are shown.
        item: the example whose neighbours and attention are shown.
        expanded: labels of which more examples are shown, once for each step.
        texts: whether each example's own question is shown; ``None`` leaves that to whether any has one.
        enlarged: the example whose pictures are shown large.
        mapped: whose space the map shows: "head" for that of the head looked at, "kept" for that of all heads that vote.
        off: heads that are switched off, as an experiment: no part of the work.
        switching: whether a click on a head of the heatmap switches it.
        projection: how it is flattened, one of ``sav_core.retrieval.projection.PROJECTIONS``.
    """

    head: Head | None = None
    versus: Head | None = None
    cell: tuple[int, int] | None = None
    item: str = ""
    expanded: tuple[str, ...] = ()
    texts: bool | None = None
    enlarged: str = ""
    mapped: str = "head"
    projection: str = "pca"
    off: tuple[Head, ...] = ()
    switching: bool = False

    def within(self, layers: int) -> Focus:
        """The same without heads beyond the first so many layers."""
        head, versus = (None if each is None or each.layer >= layers else each for each in (self.head, self.versus))
        off = tuple(each for each in self.off if each.layer < layers)
        return replace(self, head=head, versus=None if head is None else versus, off=off)


@dataclass(frozen=True, eq=False)
class Loading:
    """A model on its way, since when."""

    model: str
    started: float = field(default_factory=time.monotonic)
