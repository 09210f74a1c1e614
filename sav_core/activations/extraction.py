"""Examples to head vectors: one forward for each distinct example, batched, and never again while the cache has it.

What is in the cache is neither prepared nor run. The rest passes through windows: threads prepare the examples of the
next window while the model reads those of this one, and within a window examples of like length form batches. Windows
start small, so that the model starts early, and depend on nothing but the order, so that the same call gives the same
numbers. A forward ends at the heads of the last layer that is wanted. How a window is read says ``WindowReader``.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sav_core.activations.prefetch import prefetch
from sav_core.activations.reading_probe import check_reading
from sav_core.activations.vector_cache import VectorCache, default_cache
from sav_core.activations.window_reader import WindowReader, seen_in
from sav_core.data.examples import Example
from sav_core.errors import SettingError, StorageError
from sav_core.models.backbones import Backbone
from sav_core.types import Cancel, Geometry, HeadVectors, Progress, ProgressCallback

__all__ = ["extract_head_vectors"]

_TOGETHER = 8  # pictures that are prepared in one go, frames of clips among them
_WINDOWS = (1, 2, 4, 8)  # of so many; then 8 for ever
_MOST_THREADS = 4  # that prepare: more of them only wait for each other and for the thread that runs the model


def extract_head_vectors(
    backbone: Backbone,
    examples: Sequence[Example],
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
    cache: VectorCache | Literal["user"] | None = "user",
    batch_bytes: int | None = None,
    hidden: bool = False,
    depth: int | None = None,
) -> HeadVectors:
    """Return the head vectors of examples, in their order.

    Args:
        backbone: the model.
        examples: what to show it; equal ones are shown once.
        progress: called after every batch with how many of the examples are done.
        cancel: asked between batches; once it says true, what is done by then is returned.
        cache: where vectors are kept between runs: ``"user"`` is the user's cache folder, ``None`` keeps nothing.
        batch_bytes: working memory of one batch; when ``None`` what is free on the GPU, or the setting.
        hidden: also keep the last hidden state of the same forward, which then runs to its end: otherwise it stops at
            the last layer's heads. An example of which the cache has only the heads' vectors is shown to the model again.
        depth: how many layers, the first ones, are wanted: the model does not run beyond the heads of the last of them. All
            by default. The cache knows of each vector how far it reaches, and a longer one serves.

    Raises:
        SettingError: the model has not so many layers.
        UnsupportedModelError: the model does not read what it is given, see ``reading_probe``, or stops at an example,
            which is named.
        InputError: an example cannot be prepared; it is named, and what was done before is in the cache.
        OutOfMemoryError: not even one example fits into memory.
    """
    geometry = _first_layers(backbone, depth)
    check_reading(backbone)
    ledger = _Ledger(backbone, examples, default_cache() if cache == "user" else cache, progress, geometry, hidden=hidden)
    ledger.recall()
    reader = WindowReader(backbone, batch_bytes, geometry.layers, hidden=hidden)
    stop = cancel or (lambda: False)
    pending = ledger.pending()
    keys = iter(pending)
    waiting = list(pending.values())
    parts = _parts(waiting)
    windows = chain(_WINDOWS, repeat(_WINDOWS[-1]))
    for parts_ready in prefetch(backbone.encode_all, parts, windows, stop, _threads(backbone)):
        window = list(chain.from_iterable(parts_ready))
        names = [next(keys) for _ in window]
        for batch, read in reader.read(window, [seen_in(pending[name]) for name in names]):
            for index, vector, state in zip(batch, read.vectors, read.states, strict=True):
                ledger.enter(names[index], vector, state)
            ledger.report()
            if stop():
                return ledger.result()
    return ledger.result()


def _parts(examples: Sequence[Example]) -> list[list[Example]]:
    """Part examples, in their order: each part of one, or of more that show no more pictures together than are prepared.

    A clip of eight frames so is a part, and the model reads one while the next is prepared.
    """
    parts: list[list[Example]] = []
    pictures = _TOGETHER
    for example in examples:
        shown = max(1, len(example.images) - len(example.clips) + example.frames)
        pictures += shown
        if pictures > _TOGETHER:
            parts.append([])
            pictures = shown
        parts[-1].append(example)
    return parts


def _threads(backbone: Backbone) -> int:
    """How many threads prepare examples: one beside a model that needs all cores itself, else as many as there are cores.

    An accelerator reads pictures faster than one thread prepares them.
    """
    return 1 if backbone.device.type == "cpu" else min(_MOST_THREADS, os.cpu_count() or 1)


def _first_layers(backbone: Backbone, depth: int | None) -> Geometry:
    """The geometry of so many layers of a model."""
    layers = backbone.geometry.layers
    if depth is not None and not 1 <= depth <= layers:
        raise SettingError(f"depth must lie between 1 and the {layers} layers of {backbone.name}, but is {depth}.")
    return replace(backbone.geometry, layers=depth or layers)


class _Ledger:
    """Which examples are done: their vectors, and which rows of the answer each belongs to."""

    def __init__(
        self,
        backbone: Backbone,
        examples: Sequence[Example],
        cache: VectorCache | None,
        progress: ProgressCallback | None,
        geometry: Geometry,
        *,
        hidden: bool,
    ) -> None:
        self._backbone = backbone
        self._geometry = geometry
        self._examples = examples
        self._cache = cache
        self._progress = progress
        self._start = time.perf_counter()
        self._values = np.zeros((len(examples), *geometry.shape), dtype=np.float32)
        self._done = np.zeros(len(examples), dtype=bool)
        self._frames = np.array([example.frames for example in examples], dtype=np.int64)
        width: Any = backbone.decoder.projections[-1].out_features  # as wide as what the decoder passes on
        self._hidden = np.zeros((len(examples), width), dtype=np.float32) if hidden else None
        # Vectors of a model that is limited were read with padding by earlier versions, under the plain name.
        self._mark = "" if backbone.pads else "-apart"
        self._rows: dict[str, list[int]] = {}
        for row, example in enumerate(examples):
            self._rows.setdefault(backbone.key(example), []).append(row)

    def recall(self) -> None:
        """Enter what the cache has."""
        if self._cache is None:
            return
        for key, rows in self._rows.items():
            vector = self._cache.get(key + self._mark)
            if vector is None or vector.shape[1:] != self._geometry.shape[1:] or len(vector) < self._geometry.layers:
                continue
            if self._hidden is not None:
                state = self._cache.get(_hidden_key(key + self._mark))
                if state is None or state.shape != (1, 1, self._hidden.shape[1]):
                    continue
                self._hidden[rows] = state[0, 0]
            self._values[rows], self._done[rows] = vector[: self._geometry.layers], True
        if self._done.any():
            self.report()

    def pending(self) -> dict[str, Example]:
        """The distinct examples that are not done, by key, in order."""
        return {key: self._examples[rows[0]] for key, rows in self._rows.items() if not self._done[rows[0]]}

    def enter(self, key: str, vector: npt.NDArray[np.float32], state: npt.NDArray[np.float32] | None) -> None:
        """Enter a vector ``(layer, head, dim)``, perhaps a state ``(hidden,)``, for all their rows, and into the cache."""
        rows = self._rows[key]
        self._values[rows], self._done[rows] = vector, True
        if self._hidden is not None and state is not None:
            self._hidden[rows] = state
        if self._cache is None:
            return
        try:
            self._cache.put(key + self._mark, vector)
            if state is not None:
                self._cache.put(_hidden_key(key + self._mark), state[None, None])
        except StorageError as error:
            self._cache = None  # a cache that cannot be written must not stop the work
            warnings.warn(f"Head vectors are not kept for the next run: {error}", stacklevel=3)

    def report(self) -> None:
        """Tell the caller how far the work is."""
        if self._progress is not None:
            done, frames = int(self._done.sum()), int(self._frames[self._done].sum())
            seconds = time.perf_counter() - self._start
            every = int(self._frames.sum())
            self._progress(Progress(done, len(self._examples), seconds, frames=frames, all_frames=every))

    def result(self) -> HeadVectors:
        """The vectors of all examples that are done."""
        rows: list[int] = np.flatnonzero(self._done).tolist()
        complete = len(rows) == len(self._examples)
        return HeadVectors(
            values=self._values if complete else self._values[rows],
            labels=tuple(self._examples[row].label for row in rows),
            names=tuple(self._examples[row].name for row in rows),
            positions=tuple(rows),
            asked=len(self._examples),
            model=self._backbone.fingerprint,
            dtype=self._backbone.dtype_name,
            hidden=None if self._hidden is None else self._hidden if complete else self._hidden[rows],
            ends_early=self._geometry.layers < self._backbone.geometry.layers,
        )


def _hidden_key(key: str) -> str:
    """The cache's name for the last hidden state of the example whose vectors have that name: beside them."""
    return f"{key}-hidden"
