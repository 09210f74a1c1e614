"""How many jobs one visitor may have: one or some that are done, and those that wait behind them; more are refused.

What a page asks for by itself gives its place to what a visitor asks for: it is asked for again when that is done.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from types import TracebackType

__all__ = ["Lane", "Lanes"]


class Lane:
    """A job's place behind the others of its visitor, until it is left.

    Attributes:
        what: is to be done.
        gives_way: whether a page asked for the job by itself.
        given_away: whether another has its place now, so that it must not begin.
    """

    def __init__(self, lanes: Lanes, visitor: str, what: Hashable, gives_way: bool) -> None:
        self._lanes, self._visitor, self.what = lanes, visitor, what
        self._free = threading.Event()
        self.gives_way, self.given_away = gives_way, False

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lanes.leave(self._visitor, self)

    def is_free(self, seconds: float = 0.0) -> bool:
        """Wait for so long until nothing is before it, or its place is given away; returns whether that is so."""
        return self._free.wait(seconds)

    def free(self) -> None:
        """Say that nothing is before it."""
        self._free.set()


class Lanes:
    """The jobs of all visitors.

    Args:
        most: jobs of one visitor.
        at_once: how many of them are done at once.
    """

    def __init__(self, most: int = 2, at_once: int = 1) -> None:
        self._most, self._at_once = most, at_once
        self._there: dict[str, list[Lane]] = {}
        self._lock = threading.Lock()

    def enter(self, visitor: str, what: Hashable = None, *, gives_way: bool = False) -> Lane | None:
        """Return a place for one more job of a visitor, to be used by ``with``; ``None`` if they have enough.

        Args:
            visitor: whose.
            what: is to be done, for ``waits``.
            gives_way: whether it waits only as long as the visitor asks for nothing, and behind no other that waits.
        """
        with self._lock:
            there = self._there.setdefault(visitor, [])
            if not gives_way:
                self._give_way(there)
            if len(there) >= (min(self._most, self._at_once + 1) if gives_way else self._most):
                return None
            lane = Lane(self, visitor, what, gives_way)
            there.append(lane)
            self._free(there)
            return lane

    def waits(self, visitor: str, what: Hashable) -> bool:
        """Whether just that waits already, so that it need not be done once more."""
        with self._lock:
            return any(lane.what == what for lane in self._there.get(visitor, ())[self._at_once :])

    def leave(self, visitor: str, lane: Lane) -> None:
        """Let the next of that visitor come."""
        with self._lock:
            if lane.given_away:
                return
            there = self._there[visitor]
            there.remove(lane)
            self._free(there)
            if not there:
                del self._there[visitor]

    def _give_way(self, there: list[Lane]) -> None:
        for lane in [lane for lane in there[self._at_once :] if lane.gives_way]:
            there.remove(lane)
            lane.given_away = True
            lane.free()

    def _free(self, there: list[Lane]) -> None:
        for lane in there[: self._at_once]:
            lane.free()
