"""The visits of a running app, found again by a token that only the visitor's browser tab knows; few and small enough.

Both bounds hold for the whole app. Where one is passed, the visits that were left alone the longest make room: their work
is let go of, and the visitor who comes back to one is told why it is empty.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict

from sav_ui.session.memory import held_bytes
from sav_ui.session.session import Visit

__all__ = ["GONE", "Visits"]

_TOKEN = re.compile(r"[0-9a-f]{32}")
GONE = (
    "This page was left alone while others filled the server's memory, so its work was let go of. "
    "Start again, or open a project that you saved."
)
"""What the visitor of an emptied visit is told."""
_REMEMBERED = 10_000  # tokens of emptied visits


class Visits:
    """The visits of a running app; the longest unseen go first.

    Args:
        limit: how many are kept.
        limit_bytes: how much they may hold together, see ``held_bytes``.
        keep_seconds: how long one is kept that nobody sees.
        idle_seconds: one that was seen within this time is never emptied for the room it takes.
        weigh_seconds: how often one visit's memory is counted at most.
    """

    def __init__(
        self,
        limit: int = 100,
        limit_bytes: int = 2 << 30,
        keep_seconds: float = 6 * 3600,
        idle_seconds: float = 600,
        weigh_seconds: float = 5,
    ) -> None:
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._weights: dict[str, tuple[float, int]] = {}  # when a visit was weighed, and what it held
        self._gone: OrderedDict[str, bool] = OrderedDict()
        self._limit, self._limit_bytes = limit, limit_bytes
        self._keep_seconds, self._idle_seconds, self._weigh_seconds = keep_seconds, idle_seconds, weigh_seconds
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._visits)

    @property
    def held_bytes(self) -> int:
        """What all visits held when each was last weighed."""
        return sum(weight for _, weight in list(self._weights.values()))

    def find(self, token: object) -> Visit:
        """Return the visit of that token, or a new one; a token that is none makes a visit nobody can return to."""
        known = isinstance(token, str) and _TOKEN.fullmatch(token)
        with self._lock:
            visit = self._visits.get(str(token)) if known else None
            gone = self._gone.pop(str(token), False)
        if visit is None:
            visit = Visit(str(token) if known else "")
            if gone:
                visit.say(GONE, where="project")
        self.touch(visit)
        return visit

    def touch(self, visit: Visit) -> None:
        """Say that a visitor is there; to be called whenever something of theirs happens, without holding their lock."""
        visit.token = visit.token or secrets.token_hex(16)
        now = time.monotonic()
        weighed = self._weights.get(visit.token, (-float("inf"), 0))
        if now - weighed[0] >= self._weigh_seconds:
            with visit.lock:
                weighed = (now, held_bytes(visit))
        with self._lock:
            visit.seen = now
            self._visits[visit.token] = visit
            self._visits.move_to_end(visit.token)
            self._weights[visit.token] = weighed
            self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Let go of the longest unseen visits until the others are recent, few and small enough."""
        for token, visit in list(self._visits.items())[:-1]:
            idle = now - visit.seen
            alone = idle > self._idle_seconds
            heavy = alone and self.held_bytes > self._limit_bytes
            if not (heavy or idle > self._keep_seconds or len(self._visits) > self._limit):
                continue
            if alone and not visit.let_go(GONE):
                continue  # something is under way in it after all
            del self._visits[token], self._weights[token]
            if alone:
                self._gone[token] = True
                while len(self._gone) > _REMEMBERED:
                    self._gone.popitem(last=False)
