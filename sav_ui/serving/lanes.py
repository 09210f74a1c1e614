"""How many jobs one visitor may have: one that is done and one that waits behind it; a third is refused."""

from __future__ import annotations

import threading
from types import TracebackType

__all__ = ["Lane", "Lanes"]


class Lane:
    """A job's place behind the others of its visitor, until it is left."""

    def __init__(self, lanes: Lanes, visitor: str) -> None:
        self._lanes, self._visitor = lanes, visitor
        self._free = threading.Event()

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lanes.leave(self._visitor, self)

    def is_free(self, seconds: float) -> bool:
        """Wait for so long until nothing is before it; returns whether that is so."""
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

    def enter(self, visitor: str) -> Lane | None:
        """Return a place for one more job of a visitor, to be used by ``with``; ``None`` if they have enough."""
        with self._lock:
            there = self._there.setdefault(visitor, [])
            if len(there) >= self._most:
                return None
            lane = Lane(self, visitor)
            there.append(lane)
            there[0].free()
            return lane

    def leave(self, visitor: str, lane: Lane) -> None:
        """Let the next of that visitor come."""
        with self._lock:
            there = self._there[visitor]
            there.remove(lane)
            if there:
                there[0].free()
            else:
                del self._there[visitor]
