"""How a measurement reaches the model: through a queue or directly, and telling how far it is.

    with watch(READING) as progress:
        vectors = run(read_vectors, examples, "user", True, progress=progress, cancel=cancel)

A page lends the model to one visitor after another, and may have it run in another process: ``run`` is that seam, and what
goes through it is a module's function and values that can be pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

from sav_core.data.examples import Example
from sav_core.evaluation.costs import Cost
from sav_core.models.backbones import Backbone
from sav_core.models.metering import Meter
from sav_core.sav import CacheChoice, SavClassifier
from sav_core.types import Cancel, HeadVectors, Progress, ProgressCallback

__all__ = ["Run", "Watch", "further", "read_vectors", "reading_cost", "run_here", "unwatched"]

T = TypeVar("T")

_TIMED = 32  # examples that are read to say what reading costs

Watch: TypeAlias = Callable[[str], AbstractContextManager[ProgressCallback | None]]
"""Opened with the name of a stage, see ``sav_core.reports.wording``; what it gives is told how far that is."""


class Run(Protocol):
    """Calls ``task(backbone, *args)`` where the model is."""

    def __call__(
        self,
        task: Callable[..., T],
        *args: Any,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> T:
        """Return what the task returns; it is handed ``progress`` and ``cancel``."""
        ...


@contextmanager
def unwatched(stage: str) -> Iterator[None]:
    """Watch nothing."""
    yield None


def run_here(backbone: Backbone) -> Run:
    """Return how to call a model that is at hand."""
    return partial(_call, backbone)


def _call(backbone: Backbone, task: Callable[..., T], *args: Any, **watching: Any) -> T:
    return task(backbone, *args, **watching)


def read_vectors(
    backbone: Backbone,
    examples: Sequence[Example],
    cache: CacheChoice,
    hidden: bool,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> HeadVectors:
    """Return the head vectors of examples, as ``SavClassifier.extract`` does.

    Args:
        backbone: the model.
        examples: what to show it.
        cache: as of ``SavClassifier``.
        hidden: also keep the last hidden states of the same pass.
        progress: called as examples are done.
        cancel: asked between batches; true stops the work.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    return SavClassifier(backbone, cache=cache).extract(examples, progress=progress, cancel=cancel, hidden=hidden)


def reading_cost(
    backbone: Backbone,
    examples: Sequence[Example],
    hidden: bool,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Cost:
    """Return what it costs to read examples that are not in the cache: some of them are read afresh, and scaled up to all.

    Args:
        backbone: the model.
        examples: what is read.
        hidden: whether the last hidden states are kept too.
        progress: called as examples are done.
        cancel: asked between batches; true stops the work.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    some = list(examples[:: max(1, -(-len(examples) // _TIMED))])
    with Meter(backbone.device) as meter:
        read_vectors(backbone, some, None, hidden, progress=progress, cancel=cancel)
    return Cost(0, meter.seconds * len(examples) / len(some), meter.peak_bytes)


def further(progress: ProgressCallback | None, before: int, total: int) -> ProgressCallback | None:
    """Return what is told of a part when so many of all are done before it."""
    if progress is None:
        return None
    return lambda done: progress(Progress(before + done.done, total, done.seconds))
