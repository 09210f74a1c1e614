"""For whom the model works: whose turn counts, who is told how long it takes, and whether anybody still waits for it.

with calling(Caller(token, address)):        # an event that ends in the same thread
    models.run(...)
yield from on_behalf(caller, steps)          # one whose steps come in several threads
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from sav_core.data.workers.fair_line import WORKS_FOR
from sav_core.settings import settings
from sav_ui.panels.jobs import Place, is_left

__all__ = ["Caller", "calling", "current_caller", "on_behalf"]

T = TypeVar("T")


def _nobody(place: Place | None) -> None:
    """Tell nobody."""


def _stays() -> bool:
    return False


@dataclass(eq=False)
class Caller:
    """One job: an event of a page, or a call of the API.

    Attributes:
        visitor: who, by a name that is theirs alone.
        address: where they are; visitors of one address share its turns.
        told: given its place while it waits for the model, and ``None`` when it does not.
        gone: whether whoever asked has left.
        limit_seconds: of the model's time that the job may take in all.
        spent: seconds of it that it took in the turns that are over.
        began: when the turn began that it has now, by ``clock``.
    """

    visitor: str
    address: str = ""
    told: Callable[[Place | None], None] = _nobody
    gone: Callable[[], bool] = _stays
    limit_seconds: float = field(default_factory=lambda: settings().job_seconds)
    spent: float = 0.0
    began: float | None = None
    clock: Callable[[], float] = time.monotonic

    @property
    def has_left(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.gone() or is_left()

    @property
    def is_over(self) -> bool:
        """Whether it has had as much of the model's time as one job may have."""
        now = 0.0 if self.began is None else self.clock() - self.began
        return self.spent + now > self.limit_seconds


_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current_caller() -> Caller:
    """Return for whom this thread works; somebody of their own where nobody has said."""
    return _CALLER.get() or Caller("somebody")


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Work for that caller while open."""
    before, place = _CALLER.set(caller), WORKS_FOR.set((caller.address, caller.visitor))
    try:
        yield
    finally:
        _CALLER.reset(before)
        WORKS_FOR.reset(place)


def on_behalf(caller: Caller, steps: Iterator[T]) -> Iterator[T]:
    """Yield what ``steps`` yields, each step in one context in which that caller is known, whatever thread runs it."""
    context = copy_context()
    context.run(_CALLER.set, caller)
    context.run(WORKS_FOR.set, (caller.address, caller.visitor))
    try:
        while True:
            try:
                step = context.run(next, steps)
            except StopIteration:
                return
            yield step
    finally:
        if isinstance(steps, Generator):
            steps.close()
