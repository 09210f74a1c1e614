"""How much a visitor has used of what one may bring: in sight where they add, once it is half, and always in a menu."""

from __future__ import annotations

from dataclasses import dataclass

from sav_ui.limits import limits
from sav_ui.session.opened_sav import OpenedSavState
from sav_ui.session.session import Session

__all__ = ["Used", "used"]


@dataclass(frozen=True)
class Used:
    """What is used, in words.

    Attributes:
        whole: of every limit.
        near: of those of which half is used or more; empty while there is none.
    """

    whole: str
    near: str


def used(session: Session, *counts: tuple[int, int, str]) -> Used:
    """Say what is used of some limits, and of the memory for one visitor's pictures.

    Args:
        session: the visitor's.
        counts: how many there are, how many there may be, and of what.
    """
    asked = session.state(OpenedSavState).asked
    size = session.memo("used", (session.project, session.to_undo, asked), lambda: session.brought_bytes)
    most = limits().visitor_bytes
    parts = [(count / limit, f"{count:,} of {limit:,} {what}") for count, limit, what in counts]
    parts.append((size / most, f"{-(-size >> 20):,} of {most >> 20:,} MiB of memory for pictures"))
    return Used(*(", ".join(words for share, words in parts if share >= least) for least in (0.0, 0.5)))
