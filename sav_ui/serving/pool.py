"""The loaded models, shared by all visitors, who use them in turns."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sav_core.errors import CancelledError, InputError, SavError, first_line
from sav_core.settings import settings
from sav_core.types import Cancel, ProgressCallback
from sav_ui.serving import zerogpu as gpu
from sav_ui.serving.callers import Caller, current_caller
from sav_ui.serving.guests import Guests
from sav_ui.serving.menu import NO_ID, any_allowed, looks_like_an_id, offered
from sav_ui.serving.reading import Reading, read_together, reading_of
from sav_ui.serving.turns import Turns

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["ModelPool"]


T = TypeVar("T")

_log = logging.getLogger(__name__)


class ModelPool:
    """Loaded models: the embedded one stays, and of the others as many as ``Guests`` keeps.

    Args:
        others: how many models beside the embedded one are kept.
        together: whether pictures of several visitors are read in one forward.

    Attributes:
        turns: who may use a model next.
        failed: whether the embedded model could not be loaded when that was tried last.
    """

    def __init__(self, others: int = 1, *, together: bool = True) -> None:
        self.turns = Turns()
        self.failed = False
        self._guests = Guests(others)
        self._together = together

    def ready(self, model: str) -> Backbone | None:
        """Return the model if it is loaded; never waits for one that is loading."""
        return self._guests.get(model)

    def get(self, model: str, cancel: Cancel | None = None) -> Backbone:
        """Return the model, loading it first if need be, from the hub if it is not here.

        Others go on with what is loaded meanwhile; see ``Guests`` for when a model takes the place of another.

        Raises:
            SavError: it is not offered here, or cannot be loaded; the message says why, and what was loaded stays.
            CancelledError: ``cancel`` said so, or whoever asked has left.
        """
        _check_offered(model)
        known = self.ready(model)
        if known is not None:
            return known
        caller = current_caller()

        def stop() -> bool:
            return caller.has_left or (cancel is not None and cancel())

        gpu.fetch(model, stop)
        with self._guests.place_for(model, stop):
            known = self.ready(model)
            if known is None:
                known = _loaded(model)
                self._guests.take(model, known)
                self.failed = self.failed and bool(model)
            return known

    def run(
        self,
        model: str,
        task: Callable[..., T],
        *args: Any,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> T:
        """Return ``task(backbone, *args)`` for a model, run where the GPU is, when it is the caller's turn.

        See ``sav_ui.serving.zerogpu.forward`` for the task, ``Turns`` for whose turn it is, and ``reading`` for what is
        done for several callers together.

        Raises:
            SavError: the task raised it; or too many wait, or it took as much of the model's time as one job may.
            CancelledError: ``cancel`` said so while it waited, or whoever asked has left.
        """
        caller = current_caller()

        def stop() -> bool:
            return caller.is_over or caller.has_left or (cancel is not None and cancel())

        reading = reading_of(model, task, args, progress, stop) if self._together else None
        answer: T
        try:
            with self._guests.wanting(model):
                while True:
                    backbone = self.get(model, cancel)
                    if reading is not None and not gpu.is_lent(backbone):
                        if self._read(backbone, reading, caller):
                            answer = reading.result(backbone)  # type: ignore[assignment]  # what its task returns
                            break
                        continue
                    with self.turns.turn(caller, stop):
                        if self.ready(model) is not backbone:
                            continue  # another model has taken its place while this waited
                        stops = None if cancel is None else stop
                        answer = gpu.forward(backbone, model, task, *args, progress=progress, cancel=stops)
                        break
        except CancelledError:
            _check_time(caller)
            raise
        if cancel is not None or reading is not None:
            _check_time(caller)
        return answer

    def _read(self, backbone: Backbone, reading: Reading, caller: Caller) -> bool:
        """Have a turn of reading, with others who wait for the same; returns whether the reading has ended."""
        try:
            with self.turns.turn(caller, reading.stop, reading) as mine:
                if mine and not reading.ended and self.ready(reading.model) is backbone:
                    read_together(backbone, [reading, *self.turns.companions(reading)], self.turns.pressed)
        except CancelledError:
            reading.ended = True  # with what was read in the turns before
        return reading.ended

    def warm(self) -> None:
        """Start loading the embedded model in the background; a failure is logged, and told when a visitor needs it."""

        def load() -> None:
            try:
                self.get("")
            except SavError as error:
                self.failed = True
                _log.error("The model cannot be loaded: %s", error)

        threading.Thread(target=load, name="warm the embedded model", daemon=True).start()


def _check_offered(model: str) -> None:
    """Refuse what no visitor may have loaded."""
    if model and not looks_like_an_id(model):
        raise InputError(NO_ID)
    if not any_allowed() and all(model != choice.id for choice in offered()):
        raise SavError(f"{model} is not offered here: choose a model from the menu, or run the app on your own computer.")


def _loaded(model: str) -> Backbone:
    try:
        return gpu.load(model)
    except SavError:
        raise
    except (MemoryError, RuntimeError, OSError) as error:
        raise SavError(f"{model or settings().model} cannot be loaded here: {first_line(error)}.") from error


def _check_time(caller: Caller) -> None:
    if caller.is_over:
        raise SavError(
            f"One job may take {caller.limit_seconds:.0f} seconds of the model's time, and this took them: bring fewer "
            "pictures at a time. What is done is kept."
        )
