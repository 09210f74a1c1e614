"""The models a visitor can choose, and the loaded ones, shared by all visitors behind one queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sav_core.errors import InputError, SavError
from sav_core.records import Cancel, ProgressCallback
from sav_core.settings import settings
from sav_ui import gpu

if TYPE_CHECKING:
    from sav_core.backbones import Backbone

__all__ = ["MENU", "NO_ID", "Choice", "Shelf", "any_allowed", "choice_of", "looks_like_an_id", "offered"]


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the model menu.

    Attributes:
        id: what ``load_backbone`` takes; empty for the embedded model.
        title: what to call it.
        size: of its weights, in words.
        memory: what loading it takes, in words.
        good_for: what to choose it for.
    """

    id: str
    title: str
    size: str
    memory: str
    good_for: str


EMBEDDED = Choice("", "Demo model", "a few million weights", "under 1 GB", "drawings; already here, needs no network")

MENU = (
    EMBEDDED,
    Choice("HuggingFaceTB/SmolVLM-256M-Instruct", "SmolVLM 256M", "0.5 GB", "2 GB", "photographs on any computer"),
    Choice("HuggingFaceTB/SmolVLM-500M-Instruct", "SmolVLM 500M", "1 GB", "3 GB", "photographs on any computer"),
    Choice(
        "llava-hf/llava-onevision-qwen2-0.5b-ov-hf",
        "LLaVA-OneVision 0.5B",
        "1.8 GB",
        "4 GB",
        "photographs, several at once",
    ),
    Choice("OpenGVLab/InternVL3-1B-hf", "InternVL3 1B", "1.9 GB", "4 GB", "photographs and documents"),
    Choice("Qwen/Qwen2-VL-2B-Instruct", "Qwen2-VL 2B", "4.4 GB", "6 GB", "photographs, text in pictures"),
    Choice("Qwen/Qwen3-VL-2B-Instruct", "Qwen3-VL 2B", "4.3 GB", "6 GB", "photographs, text in pictures"),
    Choice("Qwen/Qwen2.5-VL-3B-Instruct", "Qwen2.5-VL 3B", "7.5 GB", "10 GB", "fine differences; a GPU helps"),
    Choice("Qwen/Qwen3-VL-4B-Instruct", "Qwen3-VL 4B", "8.9 GB", "12 GB", "fine differences; a GPU helps"),
    Choice(
        "llava-hf/llava-onevision-qwen2-7b-ov-hf", "LLaVA-OneVision 7B", "16 GB", "20 GB", "the paper's model; needs a GPU"
    ),
)
"""The embedded model first, then hub models by size. Sizes are of 16-bit weights; memory adds room to work."""

NO_ID = "A model is named like Qwen/Qwen2-VL-2B-Instruct: type its id on the hub."


def any_allowed() -> bool:
    """Whether a visitor may type any model's id."""
    return settings().allowed_models is None


def offered() -> tuple[Choice, ...]:
    """Return the menu: all of it, or, where the environment lists what is allowed, the embedded model and that."""
    allowed = settings().allowed_models
    return MENU if allowed is None else (EMBEDDED, *(choice_of(model) for model in allowed))


def choice_of(model: str) -> Choice:
    """Return the menu's line of a model, or one made up for an id that is not on it."""
    for choice in MENU:
        if choice.id == model:
            return choice
    return Choice(model, model.split("/")[-1] or model, "unknown size", "twice its size", "your own choice")


class Shelf:
    """Loaded models: the embedded one stays, and of the others the ``others`` last loaded."""

    def __init__(self, others: int = 1) -> None:
        self._loaded: dict[str, Backbone] = {}
        self._others = others
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
                    raise SavError(f"{model or settings().model} cannot be loaded here: {_first_line(error)}") from error
                guests = [name for name in self._loaded if name]
                for old in guests[: max(0, len(guests) + 1 - self._others) if model else 0]:
                    del self._loaded[old]
                self._loaded[model] = fresh
            return self._loaded[model]

    def run(
        self,
        model: str,
        task: Callable[..., T],
        *args: Any,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> T:
        """Return ``task(backbone, *args)`` for a model, run where the GPU is: see ``sav_ui.gpu.forward``."""
        return gpu.forward(self.get(model), model, task, *args, progress=progress, cancel=cancel)

    def warm(self) -> None:
        """Start loading the embedded model in the background; a failure is told when a visitor needs it."""

        def load() -> None:
            try:
                self.get("")
            except SavError:
                return

        threading.Thread(target=load, name="warm the embedded model", daemon=True).start()


def looks_like_an_id(model: str) -> bool:
    """Whether a text could be a model's id on the hub; a path of this computer could not."""
    owner, slash, name = model.partition("/")
    plain = owner + name
    known = all(sign.isalnum() or sign in "-_." for sign in plain)
    return bool(slash and owner and name) and known and ".." not in plain and len(model) <= 200


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
