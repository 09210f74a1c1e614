"""A long job in a thread, told about as it goes: the page gets real progress and stays free to cancel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Generic, TypeVar

from sav_core.errors import SavError
from sav_ui.panels.errors import unexpected

__all__ = ["MOST_JOBS", "Job"]

T = TypeVar("T")

MOST_JOBS = 16
"""At once, of all visitors; what is more waits. One runs the model, the others load models or wait for a GPU."""

_executor: ThreadPoolExecutor


def _start_executor() -> None:
    global _executor
    _executor = ThreadPoolExecutor(MOST_JOBS, thread_name_prefix="job")


_start_executor()
os.register_at_fork(after_in_child=_start_executor)  # a process forked for ZeroGPU has none of these threads


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
        self._future = _executor.submit(context.run, work)

    def ticks(self) -> Iterator[None]:
        """Yield now and then until the work is done."""
        yield
        while wait([self._future], self._every).not_done:
            yield

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
