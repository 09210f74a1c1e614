"""One open browser tab, and what it was sent: what it has already is not sent again."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from sav_ui.panels.parts import Parts
from sav_ui.session.session import Session

__all__ = ["Tab"]

_MOST_PARTS = 64 << 20
"""Characters that a browser tab keeps of parts; beyond that it starts anew."""


@dataclass(eq=False)
class Tab:
    """One open browser tab: whose session it shows, and what it was sent last.

    A reload makes a new one, so that everything is sent again; two tabs of one session each get what they do not have yet.

    Attributes:
        session: the visitor's.
        sent: a digest of each panel's content, by the panel's name.
        has: the length of each part that the browser keeps, by its name.
    """

    session: Session
    sent: dict[str, bytes] = field(default_factory=dict)
    has: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tab:
        """Return itself: Gradio copies what a state holds."""
        return self

    def forget(self) -> None:
        """Take it that the browser has nothing, so that everything is sent again."""
        with self._lock:
            self.sent.clear()
            self.has.clear()

    def lacks(self, parts: Parts) -> tuple[Parts, bool]:
        """Return those parts that the browser must be sent, and whether it is to let go of all that it had before."""
        with self._lock:
            fresh = {name: text for name, text in parts.items() if name not in self.has}
            anew = sum(self.has.values()) + sum(map(len, fresh.values())) > _MOST_PARTS
            if anew:
                fresh = parts
                self.has.clear()
            self.has |= {name: len(text) for name, text in fresh.items()}
            return fresh, anew
