"""Work on all heads at once, a few at a time: what one chunk needs stays in the processor's cache whatever the model.

A chunk is ``float64 (example, head, dim)``. Chunks run on a few threads; the order of the results is that of the heads.
Inside a chunk the linear algebra keeps to its own thread: threads within threads wait for each other, ten times over.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from sav_core.types import HeadVectors

__all__ = ["Points", "map_chunks", "one_thread"]

T = TypeVar("T")
Points = npt.NDArray[np.float64]

_CHUNK_BYTES = 4 << 20  # of double-precision vectors at a time: about one core's share of the last-level cache
_THREADS = min(4, os.cpu_count() or 1)
_ONE_AT_A_TIME = threading.Lock()  # the libraries' limit belongs to the process: two that set it would undo each other


def map_chunks(vectors: HeadVectors, work: Callable[[Points], T], rows: npt.NDArray[np.intp] | None = None) -> list[T]:
    """Do some work on chunks of neighbouring heads and return what came of each, in the order of the heads.

    Args:
        vectors: ``(example, layer, head, dim)``; heads are taken in the order of layer, then head.
        work: from a chunk ``float64 (example, head, dim)`` of its own, to anything.
        rows: which of the examples to use, in this order; all by default.
    """
    layers, heads, dim = vectors.geometry.shape
    flat = vectors.values.reshape(len(vectors), layers * heads, dim)
    examples = len(vectors) if rows is None else len(rows)

    def chunk(start: int) -> T:
        part = flat[:, start : start + step] if rows is None else flat[rows, start : start + step]
        return work(part.astype(np.float64))

    step = max(1, _CHUNK_BYTES // max(1, examples * dim * 8))
    with one_thread(), ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(chunk, range(0, layers * heads, step)))


@contextmanager
def one_thread() -> Iterator[None]:
    """While this is open, linear algebra keeps to one thread: small products wait ten times as long for several."""
    with _ONE_AT_A_TIME, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The linear algebra libraries of this process; looking them up takes longer than a chunk."""
    return ThreadpoolController()
