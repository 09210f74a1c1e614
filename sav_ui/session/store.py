"""The sessions of a running app, found again by a token that only the visitor's browser tab knows; few and small enough.

Both bounds hold for the whole app. Where one is passed, the sessions that were left alone the longest make room: their work
is let go of, and the visitor who comes back to one is told why it is empty.
"""

from __future__ import annotations

import re
import secrets
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
_REMEMBERED = 10_000  # tokens of emptied sessions


class SessionStore:
    """The sessions of a running app; the longest unseen go first.

    Args:
        limit: how many are kept.
        limit_bytes: how much they may hold together, see ``Session.weigh``.
        keep_seconds: how long one is kept that nobody sees.
        idle_seconds: one that was seen within this time is never emptied for the room it takes.
    """

    def __init__(
        self,
        limit: int = 100,
        limit_bytes: int = 2 << 30,
        keep_seconds: float = 6 * 3600,
        idle_seconds: float = 600,
    ) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._gone: OrderedDict[str, bool] = OrderedDict()
        self._limit, self._limit_bytes = limit, limit_bytes
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
        known = isinstance(token, str) and _TOKEN.fullmatch(token)
        name = str(token) if known else secrets.token_hex(16)
        with self._lock:
            session = self._sessions.get(name)
            if session is None:
                session = self._sessions[name] = Session(name)
                if self._gone.pop(name, False):
                    session.say(GONE, where="project")
        self.touch(session)
        return session

    def touch(self, session: Session) -> None:
        """Say that a visitor is there; to be called whenever something of theirs happens, without holding their lock."""
        weight, now = session.weigh(), time.monotonic()
        with self._lock:
            session.seen = now
            self._sessions[session.token] = session
            self._sessions.move_to_end(session.token)
            self._weights[session.token] = weight
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Let go of the longest unseen sessions until the others are recent, few and small enough."""
        for token, session in list(self._sessions.items())[:-1]:
            idle = now - session.seen
            alone = idle > self._idle_seconds
            heavy = alone and self.held_bytes > self._limit_bytes
            if not (heavy or idle > self._keep_seconds or len(self._sessions) > self._limit):
                continue
            if alone and not session.let_go(GONE):
                continue  # something is under way in it after all
            del self._sessions[token]
            self._weights.pop(token, None)
            if alone:
                self._gone[token] = True
                while len(self._gone) > _REMEMBERED:
                    self._gone.popitem(last=False)
