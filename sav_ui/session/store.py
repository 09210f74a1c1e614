"""The sessions of a running app, found again by a token that only the visitor's browser tab knows; few and small enough.

Blank ones go first, and nobody misses them: who comes back to one gets another as blank. Where those with work in them are
too many or too large, those that were left alone the longest make room: their work is let go of, and the visitor who comes
back to one is told why it is empty. Nobody's work goes while they are there.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict

from sav_ui.session.session import Session

__all__ = ["GONE", "SessionStore"]

_TOKEN = re.compile(r"[0-9a-f]{32}")
GONE = (
    "This page was left alone while others filled the server's memory, so its work was let go of there. "
    "If this browser kept it, it is offered again here; or open a project that you saved."
)
"""What the visitor of an emptied session is told."""
_HURRY, _FEW_WORDS = 10, 1 << 14  # any session takes some memory, and a stranger can begin very many with a word in each
_REMEMBERED = 10_000  # tokens of emptied sessions


class SessionStore:
    """The sessions of a running app; the longest unseen go first.

    Args:
        most: how many are kept, unless more than that are in use.
        most_blank: how many of them that hold nothing.
        limit_bytes: how much they may hold together, see ``Session.weigh``.
        keep_seconds: how long one is kept that nobody sees.
        idle_seconds: one that was seen within this time is never emptied for the room it takes; a tenth of it for one that
            holds no more than a few words, where they are more than ``most``.
    """

    def __init__(
        self,
        most: int = 5000,
        most_blank: int = 200,
        limit_bytes: int = 2 << 30,
        keep_seconds: float = 6 * 3600,
        idle_seconds: float = 600,
    ) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._blank: OrderedDict[str, Session] = OrderedDict()
        self._gone: OrderedDict[str, bool] = OrderedDict()
        self._most, self._most_blank, self._limit_bytes = most, most_blank, limit_bytes
        self._keep_seconds, self._idle_seconds = keep_seconds, idle_seconds
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def held_bytes(self) -> int:
        """What all sessions held when each was last seen."""
        return sum(list(self._weights.values()))

    def find(self, token: object) -> Session:
        """Return the session of that token, or a new one; a token that is none makes a session nobody can return to."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return Session()
        with self._lock:
            session = self._sessions.get(token)
            if session is None:
                session = self._sessions[token] = Session(token)
                if self._gone.pop(token, False):
                    session.say(GONE, where="project")
        self.touch(session)
        return session

    def touch(self, session: Session) -> None:
        """Say that a visitor is there; to be called whenever something of theirs happens, without holding their lock."""
        if session.stray:
            return
        weight, blank, now = session.weigh(), session.blank, time.monotonic()
        with self._lock:
            session.seen = now
            self._sessions[session.token] = session
            self._sessions.move_to_end(session.token)
            self._weights[session.token] = weight
            self._blank.pop(session.token, None)
            if blank:
                self._blank[session.token] = session
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Let go of the longest unseen sessions until the others are recent, few and small enough."""
        while len(self._blank) > self._most_blank:
            _, session = self._blank.popitem(last=False)
            if session.blank:
                self._drop(session)
        held = self.held_bytes
        for session in list(self._sessions.values())[:-1]:
            idle, many = now - session.seen, len(self._sessions) > self._most
            if idle <= self._idle_seconds / _HURRY:
                break  # all that follow were seen later
            if idle <= self._idle_seconds and not (many and self._weights[session.token] < _FEW_WORDS):
                continue
            if idle > self._keep_seconds or many or held > self._limit_bytes:
                missed = not session.blank
                if session.let_go(GONE):  # or something is under way in it after all
                    held -= self._drop(session)
                    if missed:
                        self._remember_gone(session.token)

    def _drop(self, session: Session) -> int:
        """Take a session out; returns what it weighed."""
        del self._sessions[session.token]
        self._blank.pop(session.token, None)
        return self._weights.pop(session.token, 0)

    def _remember_gone(self, token: str) -> None:
        self._gone[token] = True
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
