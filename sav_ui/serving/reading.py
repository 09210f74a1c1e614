"""Pictures of several visitors read in one forward: what waits for the same model is shown to it together.

A reading is what ``extract_head_vectors`` does for one caller. Whose turn it is takes along what others wait to have read
by the same model: an example of each in its turn, so that nobody's hundred pictures stand before another's one. A turn
ends when all is read, or after two seconds if somebody waits whose job is of another kind. Each gets the vectors that they
would get alone, up to what batching changes in a sum's last digits, as it does within one visitor's pictures too. If the
model refuses an example, each reading is done by itself, so that only the one whose example it is hears of it.
The model runs as far as any of them wants it to.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sav_core.data.examples import Example
from sav_core.errors import CancelledError
from sav_core.types import Cancel, HeadVectors, Progress, ProgressCallback
from sav_ui.serving import zerogpu as gpu

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["Reading", "read_first_layers", "read_together", "reading_of"]

_SECONDS = 2.0  # that a turn lasts when others wait
_AT_ONCE = 96  # examples of all together in a turn
_LEAST = 4  # of each


class Reading:
    """The head vectors that one caller wants.

    Attributes:
        group: readings of one group can be done together.
        ended: whether it is done, or was given up.
    """

    def __init__(
        self,
        model: str,
        examples: Sequence[Example],
        cache: Any,
        hidden: bool,
        whole: bool,
        progress: ProgressCallback | None,
        stop: Callable[[], bool],
        depth: int | None = None,
    ) -> None:
        """Keep what is wanted.

        Args:
            model: what the model was loaded by.
            examples: to be shown to it.
            cache: as of ``extract_head_vectors``.
            hidden: as there.
            whole: whether what is stopped is an error, not a part of the vectors.
            progress: told how many are done.
            stop: whether it is to end.
            depth: as of ``extract_head_vectors``.
        """
        self.group: Hashable = (model, cache if isinstance(cache, str) else id(cache), hidden)
        self.depth = depth
        self.model, self.examples, self.cache, self.hidden, self.stop = model, examples, cache, hidden, stop
        self.ended = False
        self._whole, self._progress = whole, progress
        self._parts: list[tuple[list[int], HeadVectors]] = []  # rows of what was asked, and their vectors
        self._missing = list(range(len(examples)))
        self._frames = [example.frames for example in examples]
        self._error: Exception | None = None
        self._seconds = 0.0

    def next(self, most: int | None) -> list[int]:
        """Return the rows to be read next."""
        return self._missing[:most]

    def report(self, share: float, rows: int, seconds: float) -> None:
        """Tell how far it is when that share of so many rows has been read in a turn of so many seconds."""
        if self._progress is not None:
            missing = self._missing[int(share * rows) :]
            done, every = len(self.examples) - len(missing), sum(self._frames)
            frames = every - sum(self._frames[row] for row in missing)
            seconds += self._seconds
            self._progress(Progress(done, len(self.examples), seconds, frames=frames, all_frames=every))

    def enter(self, rows: list[int], vectors: HeadVectors, seconds: float) -> None:
        """Keep the vectors of some rows, in that order."""
        self._seconds += seconds
        if rows:
            self._parts.append((rows, vectors))
            done = set(rows)
            self._missing = [row for row in self._missing if row not in done]
        self.ended = not self._missing or self.stop()

    def fail(self, error: Exception) -> None:
        """End it with an error."""
        self._error, self.ended = error, True

    def result(self, backbone: Backbone) -> HeadVectors:
        """Return the vectors of all that was read.

        Raises:
            Exception: what the model or the reading raised.
            CancelledError: it was stopped, and only the whole would do.
        """
        if self._error is not None:
            raise self._error
        if self._whole and self._missing:
            done = len(self.examples) - len(self._missing)
            raise CancelledError(f"Stopped after {done} of {len(self.examples)} examples; those are in the cache.")
        if len(self._parts) == 1 and self._parts[0][1].asked == len(self.examples):
            return self._parts[0][1]
        rows = [row for part, _ in self._parts for row in part]
        order = np.argsort(rows, kind="stable").tolist()
        read = [rows[at] for at in order]
        shape = (self.depth or backbone.geometry.layers, *backbone.geometry.shape[1:])
        values = np.concatenate([part.values for _, part in self._parts] or [np.zeros((0, *shape), np.float32)])
        states = [part.hidden for _, part in self._parts if part.hidden is not None]
        return HeadVectors(
            values=values[order],
            labels=tuple(self.examples[row].label for row in read),
            names=tuple(self.examples[row].name for row in read),
            positions=tuple(read),
            asked=len(self.examples),
            model=backbone.fingerprint,
            dtype=backbone.dtype_name,
            hidden=np.concatenate(states)[order] if states else None,
            ends_early=shape != backbone.geometry.shape,
        )


def reading_of(
    model: str,
    task: Callable[..., Any],
    args: tuple[Any, ...],
    progress: ProgressCallback | None,
    stop: Callable[[], bool],
) -> Reading | None:
    """Return a task as a reading; ``None`` if it is another kind of work."""
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.reports.reading import read_vectors

    if task is extract_head_vectors and len(args) == 1 and args[0]:
        return Reading(model, args[0], "user", False, False, progress, stop)
    if task is read_first_layers and args[0]:
        return Reading(model, args[0], "user", False, False, progress, stop, args[1])
    if task is read_vectors and args[0]:
        return Reading(model, args[0], args[1], args[2], True, progress, stop)
    return None


def read_together(backbone: Backbone, readings: Sequence[Reading], pressed: Callable[[], bool]) -> None:
    """Show a model what all of these want read, an example of each in its turn; each is told what it gets.

    Args:
        backbone: the model.
        readings: of one group.
        pressed: whether somebody waits for something else.
    """
    readings = [each for each in readings if not each.ended and not _given_up(each)]
    if not readings:
        return
    most = None if len(readings) == 1 else max(_LEAST, _AT_ONCE // len(readings))
    rows = {each: each.next(most) for each in readings}
    places = _in_turns(rows)
    start, first, moved = time.perf_counter(), readings[0], False

    def seconds() -> float:
        return time.perf_counter() - start

    def stop() -> bool:
        return all(each.stop() for each in readings) or (moved and seconds() > _SECONDS and pressed())

    def report(progress: Progress) -> None:
        nonlocal moved
        moved = True
        for each, its in rows.items():
            each.report(progress.done / progress.total, len(its), seconds())

    try:
        examples = [each.examples[row] for each, row in places]
        deepest = max(each.depth or sys.maxsize for each in readings)
        options = (examples, first.cache, first.hidden, None if deepest == sys.maxsize else deepest)
        read = gpu.forward(backbone, first.model, _extract, *options, progress=report, cancel=stop)
    except Exception as error:  # noqa: BLE001  # it is raised in the job whose it is
        if len(readings) == 1:
            first.fail(error)
        else:
            for each in readings:
                read_together(backbone, [each], pressed)
        return
    found = [places[position] for position in read.positions]
    for each in readings:
        its = [at for at, (whose, _) in enumerate(found) if whose is each]
        alone = len(its) == len(found)
        own = read if alone else read.take(its)
        each.enter([found[at][1] for at in its], own if each.depth is None else own.up_to(each.depth - 1), seconds())


def read_first_layers(
    backbone: Backbone,
    examples: Sequence[Example],
    depth: int,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> HeadVectors:
    """Return the head vectors of a model's first layers, which is all that it runs; a job for ``ModelPool.run``.

    Args:
        backbone: the model.
        examples: to be shown to it.
        depth: how many layers.
        progress: told how many examples are done.
        cancel: asked between batches; true stops the work.
    """
    return _extract(backbone, examples, "user", False, depth, progress=progress, cancel=cancel)


def _given_up(reading: Reading) -> bool:
    """Whether it is to stop before it begins."""
    reading.ended = reading.stop()
    return reading.ended


def _in_turns(rows: dict[Reading, list[int]]) -> list[tuple[Reading, int]]:
    """One row of each, then a second of each, until there are no more."""
    longest = max(map(len, rows.values()))
    return [(each, its[at]) for at in range(longest) for each, its in rows.items() if at < len(its)]


def _extract(
    backbone: Backbone,
    examples: Sequence[Example],
    cache: Any,
    hidden: bool,
    depth: int | None,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> HeadVectors:
    from sav_core.activations.extraction import extract_head_vectors  # torch takes seconds, the page must not wait

    options: dict[str, Any] = {} if (cache, hidden) == ("user", False) else {"cache": cache, "hidden": hidden}
    options |= {} if depth is None else {"depth": depth}
    return extract_head_vectors(backbone, examples, progress=progress, cancel=cancel, **options)
