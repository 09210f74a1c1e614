"""One open browser tab, and what it was sent: what it has already is not sent again."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sav_ui.panels.panel import Content
from sav_ui.panels.parts import Parts
from sav_ui.session.page_state import PageState
from sav_ui.session.session import Session

__all__ = ["OpenTabs", "Tab"]

_MOST_PARTS = 64 << 20
"""Characters that a browser tab keeps of parts; beyond that it starts anew."""

_MOST_TABS = 16


@dataclass(eq=False)
class Tab:
    """One open browser tab: whose session it shows, and what it was sent last.

    A reload makes a new one, so that everything is sent again; two tabs of one session each get what they do not have yet.

    Attributes:
        session: the visitor's.
        sent: a digest of each panel's content, by the panel's name.
        has: the length of each part that the browser keeps, by its name.
        name: which of the session's tabs it is; it opens nothing.
    """

    session: Session
    sent: dict[str, bytes] = field(default_factory=dict)
    has: dict[str, int] = field(default_factory=dict)
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    _newest: dict[Any, Content] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tab:
        """Return itself: Gradio copies what a state holds."""
        return self

    def forget(self) -> None:
        """Take it that the browser has nothing, so that everything is sent again."""
        with self._lock:
            self.sent.clear()
            self.has.clear()

    def keep_newest(self, panel: Any, content: Content) -> None:
        """Keep what a panel was sent, as it was sent, if nothing newer was."""
        with self._lock:
            known = self._newest.get(panel)
            if known is None or known["version"] <= content["version"]:
                self._newest[panel] = content

    def newest(self, outputs: dict[Any, Any]) -> dict[Any, Any]:
        """Return these outputs with the newest that was sent of each panel in them."""
        with self._lock:
            return {output: self._newest.get(output, value) for output, value in outputs.items()}

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


class OpenTabs(PageState):
    """The tabs that a session was opened in last; a page of a tab that is forgotten is sent everything again."""

    def __init__(self) -> None:
        self._tabs: OrderedDict[str, Tab] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, tab: Tab) -> Tab:
        """Keep a new tab; returns it."""
        with self._lock:
            self._tabs[tab.name] = tab
            while len(self._tabs) > _MOST_TABS:
                self._tabs.popitem(last=False)
        return tab

    def find(self, name: object) -> Tab | None:
        """Return the tab of that name, if it is one of this session's."""
        with self._lock:
            tab = self._tabs.get(str(name))
            if tab is not None:
                self._tabs.move_to_end(tab.name)
            return tab
