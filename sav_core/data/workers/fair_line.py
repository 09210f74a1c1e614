"""A few places that many wait for: who has had one the longest ago comes next, so that nobody's many keep others waiting.

    WORKS_FOR.set(("1.2.3.4", "a visitor"))
    with line.place():
        ...                                     # as many at once as ``line`` has places

Where nobody says for whom a thread works, all is for one, and first come is first served.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

__all__ = ["WORKS_FOR", "FairLine"]

WORKS_FOR: ContextVar[tuple[Hashable, Hashable]] = ContextVar("whose", default=("", ""))
"""For whom this thread works: where they are, and who; those of one place take turns among themselves."""


_REMEMBERED = 10_000  # names, of which a stranger can give many


@dataclass(eq=False)
class _Wait:
    whose: tuple[Hashable, Hashable]
    asked: int
    given: threading.Event = field(default_factory=threading.Event)


class FairLine:
    """Places for so many at once; those who wait take turns.

    Args:
        places: how many there are.
    """

    def __init__(self, places: int) -> None:
        self._places = self._free = places
        self._waiting: list[_Wait] = []
        self._last: dict[tuple[int, Hashable], int] = {}  # when each had a place, while anybody has one
        self._count = 0
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and have it while open."""
        with self._lock:
            self._count += 1
            wait = _Wait(WORKS_FOR.get(), self._count)
            self._waiting.append(wait)
            self._give()
        try:
            wait.given.wait()
            yield
        finally:
            with self._lock:
                if wait.given.is_set():
                    self._free += 1
                else:  # somebody has stopped the program while it waited
                    self._waiting.remove(wait)
                self._give()

    def _give(self) -> None:
        """Give what is free to those whose turn it is; the lock is held."""
        while self._free and self._waiting:
            first = min(self._waiting, key=self._rank)
            self._waiting.remove(first)
            self._free -= 1
            self._count += 1
            self._last |= dict.fromkeys(enumerate(first.whose), self._count)
            first.given.set()
        if self._free == self._places or len(self._last) > _REMEMBERED:
            self._last.clear()

    def _rank(self, wait: _Wait) -> tuple[int, ...]:
        return (*(self._last.get(name, 0) for name in enumerate(wait.whose)), wait.asked)
