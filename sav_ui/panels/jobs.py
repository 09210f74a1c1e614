"""A long job in a thread, told about as it goes: the page gets real progress and stays free to cancel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Generic, TypeVar

from sav_core.errors import SavError
from sav_ui.panels.errors import mishap

__all__ = ["Job"]

T = TypeVar("T")


class Job(Generic[T]):
    """Work that runs while somebody watches.

    job = Job(lambda: slow())
    for _ in job.ticks():      # at once, then a few times a second until the work is done
        show(...)
    job.result()               # the answer, or the error raised here: always a SavError
    """

    def __init__(self, work: Callable[[], T], every: float = 0.2) -> None:
        self._work = work
        self._every = every
        self._done = threading.Event()
        self._answer: list[T] = []
        self._error: BaseException | None = None
        context = copy_context()  # whose request it is: ZeroGPU counts each visitor's share by that
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="a visitor's job", daemon=True)
        self._thread.start()

    def ticks(self) -> Iterator[None]:
        """Yield now and then until the work is done."""
        yield
        while not self._done.wait(self._every):
            yield

    def wait(self) -> None:
        """Block until the work is done."""
        self._done.wait()

    def result(self) -> T:
        """Return what the work returned, waiting for it.

        Raises:
            SavError: the work raised it.
            MishapError: the work raised what nobody planned for; that is in the log.
        """
        self.wait()
        if isinstance(self._error, Exception) and not isinstance(self._error, SavError):
            raise mishap(self._error) from self._error
        if self._error is not None:
            raise self._error
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._work())
        except BaseException as error:  # noqa: BLE001  # every error belongs to whoever asks for the result
            self._error = error
        finally:
            self._done.set()
