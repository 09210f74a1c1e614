"""The loaded models, shared by all visitors behind one queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sav_core.errors import InputError, SavError, first_line
from sav_core.settings import settings
from sav_core.types import Cancel, ProgressCallback
from sav_ui.serving import zerogpu as gpu
from sav_ui.serving.menu import NO_ID, any_allowed, looks_like_an_id, offered

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["ModelPool"]


T = TypeVar("T")

_log = logging.getLogger(__name__)


class ModelPool:
    """Loaded models: the embedded one stays, and of the others the ``others`` last loaded."""

    def __init__(self, others: int = 1) -> None:
        self._loaded: dict[str, Backbone] = {}
        self._others = others
        self.failed = False  # the embedded model, when it was loaded last
        self._loading = threading.Lock()  # one at a time; whoever wants what is loaded does not wait for it

    def ready(self, model: str) -> Backbone | None:
        """Return the model if it is loaded; never waits for one that is loading."""
        return self._loaded.get(model)

    def get(self, model: str) -> Backbone:
        """Return the model, loading it first if need be.

        Raises:
            SavError: it is not offered here, or cannot be loaded; the message says why, and what was loaded stays.
        """
        if model and not looks_like_an_id(model):
            raise InputError(NO_ID)
        if not any_allowed() and all(model != choice.id for choice in offered()):
            raise SavError(
                f"{model} is not offered here: choose a model from the menu, or run the app on your own computer."
            )
        known = self._loaded.get(model)
        if known is not None:
            return known
        with self._loading:
            if model not in self._loaded:
                try:
                    fresh = gpu.load(model)
                except SavError:
                    raise
                except (MemoryError, RuntimeError, OSError) as error:
                    raise SavError(f"{model or settings().model} cannot be loaded here: {first_line(error)}.") from error
                guests = [name for name in self._loaded if name]
                for old in guests[: max(0, len(guests) + 1 - self._others) if model else 0]:
                    del self._loaded[old]
                self._loaded[model] = fresh
                self.failed = self.failed and bool(model)
            return self._loaded[model]

    def run(
        self,
        model: str,
        task: Callable[..., T],
        *args: Any,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> T:
        """Return ``task(backbone, *args)`` for a model, run where the GPU is: see ``sav_ui.serving.zerogpu.forward``."""
        return gpu.forward(self.get(model), model, task, *args, progress=progress, cancel=cancel)

    def warm(self) -> None:
        """Start loading the embedded model in the background; a failure is logged, and told when a visitor needs it."""

        def load() -> None:
            try:
                self.get("")
            except SavError as error:
                self.failed = True
                _log.error("The model cannot be loaded: %s", error)

        threading.Thread(target=load, name="warm the embedded model", daemon=True).start()
