"""Answers to what visitors do, in threads: some of one visitor's at once, the others wait in order and in no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from sav_ui.serving.lanes import Lane, Lanes

__all__ = ["Answers"]

T = TypeVar("T")

_THREADS = 512  # of all visitors, most of which wait for a disk or a decoder
_LOOK_SECONDS = 0.05


class Answers:
    """The answers to all visitors.

    Args:
        at_once: answers to one visitor that are made at once: more would take the threads of the others.
        most: with those that wait.
        of_address: answers to all visitors of one address that are made at once, whoever they say they are.
    """

    def __init__(self, at_once: int = 8, most: int = 64, of_address: int = 128) -> None:
        self._lanes, self._crowds = Lanes(most, at_once), Lanes(most * of_address, of_address)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")

    async def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Return what work returns, done in a thread that knows the same context."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work, *args)

    async def in_turn(self, visitor: str, address: str, work: Callable[..., T], *args: Any) -> T | None:
        """Return what work returns, done when it is its turn; ``None`` if far too much of this visitor's waits already."""
        lane = self._lanes.enter(visitor)
        if lane is None:
            return None
        with lane:
            await _come_free(lane)
            crowd = self._crowds.enter(address)
            if crowd is None:
                return None
            with crowd:
                await _come_free(crowd)
                return await self.in_thread(work, *args)


async def _come_free(lane: Lane) -> None:
    while not lane.is_free():
        await asyncio.sleep(_LOOK_SECONDS)
