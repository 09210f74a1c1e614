"""Where the model runs: on ZeroGPU in a process that is lent a GPU for one call, anywhere else right here.

    vectors = forward(backbone, "Qwen/Qwen2-VL-2B-Instruct", extract_head_vectors, examples, progress=report)

A ZeroGPU Space has a GPU only while a function decorated by ``spaces.GPU`` runs, in a process forked for it: what goes in
and comes out is pickled, and no global that it changes is seen outside. So models wait in main memory there and each call
moves its own over. Scores and votes never go there, for a visitor's daily share is minutes; nor do small models, which
answer on the CPU sooner than a GPU is lent.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from sav_core.errors import CancelledError, OutOfMemoryError, SavError
from sav_core.types import Cancel, Progress, ProgressCallback
from sav_ui.limits import limits
from sav_ui.panels.jobs import Job

try:
    import spaces  # wants to come before anything touches CUDA
    from spaces.config import Config
except ImportError:  # anywhere but on a Space
    LENT = False
else:
    LENT = bool(Config.zero_gpu)

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["LENT", "fetch", "forward", "is_lent", "load"]

T = TypeVar("T")

_SMALL = 200_000_000  # parameters: up to here a CPU takes less than the second or two until a GPU is lent
_STARTING_SECONDS, _LONGEST_SECONDS = 20.0, 110.0
_SECONDS_EACH = 0.4  # an example of a thousand tokens through a model of 4 billion, with room to spare

_waiting: WeakValueDictionary[str, Backbone] = WeakValueDictionary()  # for processes forked from here on


def fetch(model: str, cancel: Cancel) -> None:
    """Bring a hub model's files onto this disk, unless they are; nothing is fetched that cannot be loaded then.

    Raises:
        SavError: it cannot serve, or disk or memory are too small for it.
        CancelledError: ``cancel`` said so meanwhile.
    """
    from sav_core.models.backbones import fetch_model  # torch takes seconds, and the page must not wait for them

    if model:
        where = {"device": "cpu", "dtype": "bfloat16"} if LENT else {}
        fetch_model(model, cancel=cancel, **where)


def is_lent(backbone: Backbone) -> bool:
    """Whether a GPU is lent for each call of this model, and counted against the share of whoever calls."""
    return LENT and backbone.model.num_parameters() > _SMALL


def load(model: str) -> Backbone:
    """Load a model of the hub to where it waits for its calls; empty for the embedded one.

    Raises:
        SavError: it cannot be loaded.
    """
    from sav_core.models.backbones import load_backbone  # torch takes seconds, and the page must not wait for them

    if not LENT:
        loaded = load_backbone(model or None, hub_only=bool(model))
    else:
        dtype = "bfloat16" if model else "auto"
        loaded = load_backbone(model or None, device="cpu", dtype=dtype, hub_only=bool(model))
    loaded.limit_tokens(limits().tokens, "the limit of this server")
    return loaded


def forward(
    backbone: Backbone,
    model: str,
    task: Callable[..., T],
    *args: Any,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> T:
    """Return ``task(backbone, *args)``, run where the GPU is.

    Args:
        backbone: from ``load(model)``.
        model: what it was loaded by.
        task: a module's function; it takes ``progress`` and ``cancel`` when they are given here.
        args: values that can be pickled.
        progress: told how far the task is.
        cancel: asked now and then; true stops the task.

    Raises:
        SavError: the task raised it, or no GPU is lent.
        OutOfMemoryError: memory ran out; all of the attempt is free again by then.
        CancelledError: ``cancel`` said so while the task was elsewhere; what it did until then is in the cache.
    """
    watching = {name: value for name, value in (("progress", progress), ("cancel", cancel)) if value is not None}
    if not is_lent(backbone):
        return _within_memory(task, backbone, *args, **watching)
    _waiting[model] = backbone
    steps = _lent(model, task, args, bool(watching))
    try:
        for step in steps:
            if isinstance(step, _Outcome):
                answer: T = step.value()
                return answer
            if progress is not None:
                progress(step)
            if cancel is not None and cancel():
                raise CancelledError("Stopped; what is done is kept, so finding heads again goes on from there.")
    except SavError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "gradio":  # how `spaces` says that a share is used up
            raise
        raise SavError(f"No GPU was lent: {_plain(str(getattr(error, 'message', error)))}") from error
    finally:
        steps.close()
    raise SavError("The GPU was taken back before the model was done: try again with fewer pictures at a time.")


@dataclass(frozen=True)
class _Outcome:
    """What a task returned or raised; ``spaces`` itself keeps no more of an error than its name."""

    answer: Any = None
    error: SavError | None = None

    def value(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.answer


_Steps = Generator["Progress | _Outcome", None, None]


def _seconds(model: str, task: Callable[..., Any], args: tuple[Any, ...], watched: bool) -> float:
    """How long a GPU is asked for; it goes back as soon as the task is done."""
    examples = max((len(arg) for arg in args if isinstance(arg, (list, tuple))), default=1)
    return min(_LONGEST_SECONDS, _STARTING_SECONDS + _SECONDS_EACH * examples)


def _elsewhere(model: str, task: Callable[..., Any], args: tuple[Any, ...], watched: bool) -> _Steps:
    """Run a task in the process that has the GPU: yields its progress, then its outcome."""
    backbone = _waiting.get(model) or load(model)  # a process forked before the model was loaded loads it itself
    backbone.model.to("cuda")
    reports: queue.SimpleQueue[Progress] = queue.SimpleQueue()
    stop = threading.Event()
    watching = {"progress": reports.put, "cancel": stop.is_set} if watched else {}
    job = Job(lambda: _within_memory(task, backbone, *args, **watching))
    try:
        for _ in chain(job.ticks(), [None]):  # and once more for what came since the last tick
            while not reports.empty():
                yield reports.get()
        yield _Outcome(job.result())
    except SavError as error:
        yield _Outcome(error=error)
    finally:
        stop.set()


_lent = spaces.GPU(duration=_seconds)(_elsewhere) if LENT else _elsewhere


def _within_memory(task: Callable[..., T], backbone: Backbone, *args: Any, **watching: Any) -> T:
    """Run a task here; what it says when memory runs out becomes a sentence, and what it held is let go first."""
    try:
        return task(backbone, *args, **watching)
    except (MemoryError, RuntimeError) as error:
        # torch takes seconds, and the page must not wait for them
        from sav_core.models.faults import ran_out_of_memory

        if not ran_out_of_memory(error):
            raise
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemoryError(
        f"{backbone.name} ran out of memory here: use fewer or smaller pictures, a shorter question or a smaller model."
    )


def _plain(text: str) -> str:
    """Without the HTML that the hub writes its messages in."""
    return " ".join(re.sub(r"<[^>]*>", "", text).split()).rstrip(".") + "."
