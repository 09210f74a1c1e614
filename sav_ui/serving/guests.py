"""Which models are loaded: the embedded one stays, and a few guests of the hub take turns.

**The rule.** A guest stays for as long as somebody waits for it or uses it, and for ten seconds after. Whoever wants
another model waits for that, a minute at most after the guest came and after they asked: then the models change, and those
who still wait for the old one wait in their turn. So two visitors on two models do not have both loaded anew at every
click, and neither waits for ever.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sav_core.errors import CancelledError

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["Guests"]

_SETTLE_SECONDS, _LONGEST_SECONDS = 10.0, 60.0
_TICK = 0.2


class Guests:
    """The loaded models by what they are called, the embedded one by an empty text.

    Args:
        most: how many beside the embedded one.
        clock: seconds.
    """

    def __init__(self, most: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._loaded: dict[str, Backbone] = {}
        self._wanted: Counter[str] = Counter()
        self._came: dict[str, float] = {}
        self._used: dict[str, float] = {}
        self._asked: list[tuple[float, str]] = []  # those who wait to load one
        self._lock = threading.Lock()
        self._loading = threading.Lock()  # one at a time

    def get(self, model: str) -> Backbone | None:
        """Return the model if it is loaded."""
        return self._loaded.get(model)

    @contextmanager
    def wanting(self, model: str) -> Iterator[None]:
        """Want a model while open, and use it when it is there."""
        with self._lock:
            self._wanted[model] += 1
        try:
            yield
        finally:
            with self._lock:
                self._wanted[model] -= 1
                if not self._wanted[model]:
                    del self._wanted[model]
                if model in self._loaded:
                    self._used[model] = self._clock()

    @contextmanager
    def place_for(self, model: str, stop: Callable[[], bool]) -> Iterator[None]:
        """Wait until a model may be loaded, or is; alone in here one loads it and calls ``take``.

        Raises:
            CancelledError: ``stop`` said so meanwhile.
        """
        asked = (self._clock(), model)
        with self._lock:
            self._asked.append(asked)
        try:
            while not (self._loading.acquire(timeout=_TICK) and self._keeps(asked)):
                if stop():
                    raise CancelledError("Stopped before the model was loaded.")
            try:
                yield
            finally:
                self._loading.release()
        finally:
            with self._lock:
                self._asked.remove(asked)

    def take(self, model: str, backbone: Backbone) -> None:
        """Keep a model that was loaded; the guests that came first go where they are too many."""
        with self._lock:
            guests = [name for name in self._loaded if name]
            for old in guests[: max(0, len(guests) + 1 - self._most) if model else 0]:
                del self._loaded[old]
                self._came.pop(old, None)
                self._used.pop(old, None)
            self._loaded[model] = backbone
            self._came[model] = self._clock()

    def _keeps(self, asked: tuple[float, str]) -> bool:
        """Whether who asked may load now; gives the right to load back otherwise."""
        with self._lock:
            if self._may(*asked):
                return True
        self._loading.release()
        time.sleep(_TICK)
        return False

    def _may(self, asked: float, model: str) -> bool:
        guests = [name for name in self._loaded if name]
        if not model or model in self._loaded or len(guests) < self._most:
            return True
        now, oldest = self._clock(), guests[0]
        first = min((each for each in self._asked if each[1] and each[1] not in self._loaded), default=(asked, model))
        if first[1] != model:
            return False
        settled = now - self._used.get(oldest, float("-inf")) > _SETTLE_SECONDS
        if settled and not self._wanted[oldest]:
            return True
        return now - asked > _LONGEST_SECONDS and now - self._came[oldest] > _LONGEST_SECONDS
