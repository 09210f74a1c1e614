"""Where a visitor is looking, and what they are told and given there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from sav_core.types import Head

__all__ = ["Download", "Focus", "Loading", "Notice"]


@dataclass(frozen=True)
class Notice:
    """A sentence for the visitor: ``kind`` is ``"error"`` or ``"done"``; ``where`` is the part of the page it concerns."""

    text: str
    kind: str
    where: str
    undo: bool = False


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
    """

    head: Head | None = None
    versus: Head | None = None
    cell: tuple[int, int] | None = None
    item: str = ""
    expanded: tuple[str, ...] = ()
    texts: bool | None = None


@dataclass(frozen=True, eq=False)
class Loading:
    """A model on its way, since when."""

    model: str
    started: float = field(default_factory=time.monotonic)
