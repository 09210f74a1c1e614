"""The line for the model: one turn at a time, and who has not had one for the longest comes next.

with turns.turn(caller, stop) as mine:
    ...                                  # nobody else uses the model in here

**The rule.** Addresses take turns, and the visitors of one address take turns among themselves; a visitor's own jobs come
in the order in which they asked. So somebody with a hundred pages open gets no more than anybody else. What can be read
together (``Reading`` of one group) is read in whichever turn of the group comes first, see ``sav_ui.serving.reading``.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean
from typing import Protocol, TypeVar

from sav_core.errors import CancelledError, SavError
from sav_ui.panels.jobs import Place
from sav_ui.serving.callers import Caller

__all__ = ["FULL", "STOPPED", "Shared", "Turns"]

FULL = "So many jobs wait for the model just now that no more are taken: try again in a minute."
STOPPED = "Stopped before it was the turn of this; what is done is kept."

_MOST, _MOST_OF_ADDRESS = 128, 64
_TICK = 0.2  # seconds after which a job that waits looks whether it is to stop, and says where it stands
_REMEMBERED = 20_000  # addresses and visitors
_RECENT = 20  # turns by which the next are judged


class Shared(Protocol):
    """What several callers can have done for them in one turn.

    Attributes:
        group: those of one group can be done together.
        ended: whether it is done.
    """

    group: Hashable
    ended: bool


S = TypeVar("S", bound=Shared)


@dataclass(eq=False)
class _Turn:
    caller: Caller
    asked: int  # which it is of all that asked
    shared: Shared | None
    granted: bool = False
    served: bool = False  # its work is being done in the turn of another
    woken: threading.Event = field(default_factory=threading.Event)


class Turns:
    """Who may use the model next.

    Args:
        most: how many may wait.
        most_of_address: how many of one address.
        clock: seconds.
    """

    def __init__(
        self,
        most: int = _MOST,
        most_of_address: int = _MOST_OF_ADDRESS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_of_address, self._clock = most, most_of_address, clock
        self._lock = threading.Lock()
        self._waiting: list[_Turn] = []
        self._running: _Turn | None = None
        self._count = 0
        self._last: OrderedDict[tuple[str, str], int] = OrderedDict()  # when an address or a visitor had a turn
        self._lasted: deque[float] = deque(maxlen=_RECENT)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def turn(self, caller: Caller, stop: Callable[[], bool], shared: Shared | None = None) -> Iterator[bool]:
        """Wait for a turn and hold it while open.

        Args:
            caller: whose turn it is.
            stop: asked now and then while it waits.
            shared: what is to be done, if others may do it meanwhile.

        Yields:
            Whether the model is theirs; false if another turn has brought the end of ``shared``.

        Raises:
            SavError: too many wait.
            CancelledError: ``stop`` said so before the turn came.
        """
        turn = self._join(caller, shared)
        try:
            yield self._wait(turn, stop)
        finally:
            self._leave(turn)
            caller.told(None)

    def companions(self, shared: S) -> list[S]:
        """Return what else waits of that group, to be done in this turn too, and let their callers have had theirs."""
        with self._lock:
            others = [turn for turn in self._waiting if turn.shared is not None and turn.shared.group == shared.group]
            for turn in others:
                turn.served = True
                self._note(turn.caller)
            return [turn.shared for turn in others]  # type: ignore[misc]  # of one group, so of one kind

    def pressed(self) -> bool:
        """Whether somebody waits for whom nothing is done in this turn."""
        return any(not turn.served for turn in list(self._waiting))

    def _join(self, caller: Caller, shared: Shared | None) -> _Turn:
        with self._lock:
            there = sum(turn.caller.address == caller.address for turn in self._waiting)
            if len(self._waiting) >= self._most or there >= self._most_of_address:
                raise SavError(FULL)
            self._count += 1
            turn = _Turn(caller, self._count, shared)
            self._waiting.append(turn)
            self._pass_on()
            return turn

    def _wait(self, turn: _Turn, stop: Callable[[], bool]) -> bool:
        while not turn.granted:
            if turn.shared is not None and turn.shared.ended:
                return False
            if stop():
                raise CancelledError(STOPPED)
            if not turn.woken.wait(_TICK):
                turn.caller.told(self._place(turn))
            turn.woken.clear()
        turn.caller.told(None)
        return True

    def _leave(self, turn: _Turn) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
            began, now = turn.caller.began, self._clock()
            turn.caller.began = None
            self._running = None
            took = 0.0 if began is None else now - began
            self._lasted.append(took)
            together = [turn, *(each for each in self._waiting if each.served)]
            for each in together:
                each.caller.spent += took / len(together)
                each.served = False
                each.woken.set()
            self._pass_on()

    def _pass_on(self) -> None:
        """Let the next have the model, if it is free; the lock is held. What was done in another's turn needs none."""
        waiting = [turn for turn in self._waiting if turn.shared is None or not turn.shared.ended]
        if self._running is not None or not waiting:
            return
        turn = min(waiting, key=self._rank)
        self._waiting.remove(turn)
        self._note(turn.caller)
        turn.caller.began = self._clock()
        self._running, turn.granted = turn, True
        turn.woken.set()

    def _note(self, caller: Caller) -> None:
        """Keep in mind that this caller was served just now."""
        self._count += 1
        for name in _names(caller):
            self._last[name] = self._count
            self._last.move_to_end(name)
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def _rank(self, turn: _Turn) -> tuple[int, int, int]:
        address, visitor = (self._last.get(name, 0) for name in _names(turn.caller))
        return address, visitor, turn.asked

    def _place(self, turn: _Turn) -> Place | None:
        """Where a turn stands; ``None`` while it is served."""
        with self._lock:
            if turn.served or turn.granted:
                return None
            before: set[Hashable] = set()
            for other in sorted(self._waiting, key=self._rank):
                if other is turn or _together(other) == _together(turn):
                    break
                before.add(_together(other))
            if not self._lasted:
                return Place(len(before), None)
            each = fmean(self._lasted)
            began = None if self._running is None else self._running.caller.began
            rest = 0.0 if began is None else max(0.0, each - (self._clock() - began))
            return Place(len(before), rest + len(before) * each)


def _names(caller: Caller) -> Sequence[tuple[str, str]]:
    return ("address", caller.address), ("visitor", caller.visitor)


def _together(turn: _Turn) -> Hashable:
    """What is the same for turns that are done in one."""
    return turn if turn.shared is None else turn.shared.group
