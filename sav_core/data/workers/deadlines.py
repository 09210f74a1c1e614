"""What must end by a time, and what is done to it if it does not: one thread watches all of it.

A timer for each would be a thread for each, which costs more than a small picture takes to decode.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

__all__ = ["Deadlines"]


class Deadlines:
    """Deadlines of any number of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: dict[object, tuple[float, Callable[[], None]]] = {}
        self._wakes = inf  # when the thread looks next, told or not
        self._thread: threading.Thread | None = None

    @contextmanager
    def within(self, seconds: float, give_up: Callable[[], None]) -> Iterator[None]:
        """Have ``give_up`` called, quickly and once, if this is still open after so long; never after it was left."""
        mine, ends = object(), time.monotonic() + seconds
        with self._changed:
            self._open[mine] = ends, give_up
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()
            if ends < self._wakes:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._open.pop(mine, None)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for mine, (ends, give_up) in list(self._open.items()):
                    if ends <= now:
                        del self._open[mine]
                        give_up()
                self._wakes = min((ends for ends, _ in self._open.values()), default=inf)
                self._changed.wait(None if self._wakes == inf else self._wakes - now)
