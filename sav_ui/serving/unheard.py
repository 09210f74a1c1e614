"""What events have said and nobody has heard yet, by the name of the page: kept for a while, and not without end.

Gradio itself keeps it for the last two thousand names, whether one of them is listening or not, and what is said to one
without a limit: whoever joins events and never listens would fill the memory, or take the answers of others.
"""

from __future__ import annotations

import time
from asyncio import Queue
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

__all__ = ["MOST_UNHEARD", "Unheard"]

_PATIENCE = 120.0  # seconds: who listens looks every ten
MOST_UNHEARD = 500
"""Messages that may wait for one page; as long as so many do, it may ask for nothing more."""


class Unheard(OrderedDict[str, "Queue[Any]"]):
    """The messages that wait for each page, the one whose messages nobody has touched for the longest first.

    Args:
        events: of each page, by its name: what Gradio keeps beside, and what goes with the messages.
        clock: seconds.
    """

    def __init__(self, events: MutableMapping[str, Any], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._events, self._clock = events, clock
        self._touched: dict[str, float] = {}

    def __getitem__(self, name: str) -> Queue[Any]:
        if name in self._touched:
            self._touch(name)
        return super().__getitem__(name)

    def __missing__(self, name: str) -> Queue[Any]:
        """What is said to a page that was forgotten meanwhile."""
        return Queue()

    def __setitem__(self, name: str, messages: Queue[Any]) -> None:
        super().__setitem__(name, messages)
        self._touch(name)
        longest_ago = next(iter(self))
        while self._clock() - self._touched[longest_ago] > _PATIENCE:
            del self[longest_ago]
            self._events.pop(longest_ago, None)
            longest_ago = next(iter(self))

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._touched.pop(name, None)

    def _touch(self, name: str) -> None:
        self.move_to_end(name)
        self._touched[name] = self._clock()
