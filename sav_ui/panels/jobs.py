"""A long job in a thread, told about as it goes: the page gets real progress and stays free to cancel."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from sav_core.errors import SavError
from sav_ui.panels.errors import unexpected

__all__ = ["MOST_JOBS", "Job", "Place", "is_left"]

T = TypeVar("T")

MOST_JOBS = 160
"""At once, of all visitors: one runs the model, the others wait for their turn, load models or wait for a GPU."""

_SLOWEST = 5.0  # times slower than at first: what takes long is looked at less often
_PATIENT_SECONDS = 2.0  # after so long the first time slower by as much as at first

_LEFT: ContextVar[threading.Event | None] = ContextVar("left", default=None)
_executor: ThreadPoolExecutor


def _start_executor() -> None:
    global _executor
    _executor = ThreadPoolExecutor(MOST_JOBS, thread_name_prefix="job")


_start_executor()
os.register_at_fork(after_in_child=_start_executor)  # a process forked for ZeroGPU has none of these threads


@dataclass(frozen=True)
class Place:
    """A job's place in the line for the model.

    Attributes:
        ahead: how many turns come before its own; 0 is the next.
        seconds: in how many that may be, judged by the turns of late; ``None`` before there were any.
    """

    ahead: int
    seconds: float | None


def is_left() -> bool:
    """Whether nobody waits any more for the job that this runs in, for its visitor has closed the page."""
    event = _LEFT.get()
    return event is not None and event.is_set()


class Job(Generic[T]):
    """Work that runs while somebody watches.

    job = Job(lambda: slow())
    for _ in job.ticks():      # at once, then a few times a second until the work is done
        show(...)
    job.result()               # the answer, or the error raised here: always a SavError
    """

    def __init__(self, work: Callable[[], T], every: float = 0.2) -> None:
        context = copy_context()  # whose request it is: ZeroGPU counts each visitor's share by that
        self._every = every
        self._left = threading.Event()
        context.run(_LEFT.set, self._left)
        self._future = _executor.submit(context.run, work)

    def ticks(self) -> Iterator[None]:
        """Yield now and then until the work is done; who stops listening before that has left."""
        start = time.monotonic()
        try:
            yield
            while wait([self._future], self._every * self._slower(time.monotonic() - start)).not_done:
                yield
        finally:
            if not self._future.done():
                self._left.set()

    @staticmethod
    def _slower(seconds: float) -> float:
        return min(_SLOWEST, 1 + seconds / _PATIENT_SECONDS)

    def result(self) -> T:
        """Return what the work returned, waiting for it.

        Raises:
            SavError: the work raised it.
            UnexpectedError: the work raised what nobody planned for; that is in the log.
        """
        error = self._future.exception()
        if isinstance(error, Exception) and not isinstance(error, SavError):
            raise unexpected(error) from error
        return self._future.result()
