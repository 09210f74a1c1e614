"""What the inspector of heads looks into: the visitor's own examples, or those of a task beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sav_ui.session.fit import Fit
from sav_ui.session.focus import Focus
from sav_ui.session.project import Item, Project
from sav_ui.session.session import Session

__all__ = ["Inside", "own_heads"]


class Turn(Protocol):
    """Changes attributes of a ``Focus``."""

    def __call__(self, **where: object) -> None: ...


@dataclass(frozen=True)
class Inside:
    """Examples whose heads are looked into.

    Attributes:
        project: what they are taught as.
        fit: of them.
        focus: where the visitor is looking.
        turn: looks elsewhere in them.
        whose: they are, as a word before "examples".
        title: of what they are, where it is not what the visitor teaches.
        prefix: of the figures' names, which tells them from those of another inspector.
    """

    project: Project
    fit: Fit
    focus: Focus
    turn: Turn
    whose: str = "your"
    title: str = ""
    prefix: str = ""

    @property
    def item(self) -> Item | None:
        """The example that is shown; ``None`` while no head is looked into."""
        if self.focus.head is None:
            return None
        return next((item for item in self.fit.items if item.id == self.focus.item), self.fit.items[0])


def own_heads(session: Session) -> Inside | None:
    """What the visitor teaches; ``None`` before heads were found."""
    fit = session.fit
    return None if fit is None else Inside(session.project, fit, session.focus, session.look_at)
