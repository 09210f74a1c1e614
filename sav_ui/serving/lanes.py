"""How many jobs one visitor may have: one that is done and one that waits behind it; a third is refused.

What a page asks for by itself gives its place to what a visitor asks for: it is asked for again when that is done.
"""

from __future__ import annotations

import threading
from types import TracebackType

__all__ = ["Lane", "Lanes"]


class Lane:
    """A job's place behind the others of its visitor, until it is left.

    Attributes:
        gives_way: whether a page asked for the job by itself.
        given_away: whether another has its place now, so that it must not begin.
    """

    def __init__(self, lanes: Lanes, visitor: str, gives_way: bool) -> None:
        self._lanes, self._visitor = lanes, visitor
        self._free = threading.Event()
        self.gives_way, self.given_away = gives_way, False

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lanes.leave(self._visitor, self)

    def is_free(self, seconds: float) -> bool:
        """Wait for so long until nothing is before it, or its place is given away; returns whether that is so."""
        return self._free.wait(seconds)

    def free(self) -> None:
        """Say that nothing is before it."""
        self._free.set()


class Lanes:
    """The jobs of all visitors.

    Args:
        most: jobs of one visitor.
    """

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self._there: dict[str, list[Lane]] = {}
        self._lock = threading.Lock()

    def enter(self, visitor: str, gives_way: bool = False) -> Lane | None:
        """Return a place for one more job of a visitor, to be used by ``with``; ``None`` if they have enough."""
        with self._lock:
            there = self._there.setdefault(visitor, [])
            if len(there) >= self._most:
                waiting = next((lane for lane in there[1:] if lane.gives_way), None)
                if gives_way or waiting is None:
                    return None
                there.remove(waiting)
                waiting.given_away = True
                waiting.free()
            lane = Lane(self, visitor, gives_way)
            there.append(lane)
            there[0].free()
            return lane

    def leave(self, visitor: str, lane: Lane) -> None:
        """Let the next of that visitor come."""
        with self._lock:
            if lane.given_away:
                return
            there = self._there[visitor]
            there.remove(lane)
            if there:
                there[0].free()
            else:
                del self._there[visitor]
