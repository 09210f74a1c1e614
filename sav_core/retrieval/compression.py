"""Smaller vectors: only some heads', in half precision; and what that costs.

small = compress(vectors, classifier.kept_heads_, half=True)     # 20 of 784 heads at half the bytes: 1.3 % of the size
cost = compression_cost(vectors, small)                          # accuracy before and after, on the labels they have
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sav_core.errors import InputError, SettingError
from sav_core.retrieval.nearest import nearest, recall_at
from sav_core.types import Head, HeadVectors

__all__ = ["Compressed", "CompressionCost", "compress", "compression_cost"]

_LARGEST_HALF = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Compressed:
    """The vectors of some heads, in the precision they are stored in.

    Attributes:
        vectors: one layer whose heads are those that were kept, in their order: ``(example, 1, head, dim)``. The values
            are those that come back from storage, rounded if that is in half precision.
        heads: which heads of the model they are.
        half: whether they are stored as ``float16``.
    """

    vectors: HeadVectors
    heads: tuple[Head, ...]
    half: bool

    def __repr__(self) -> str:
        return f"Compressed({len(self.vectors)} examples, {len(self.heads)} heads, {self.size_bytes:,} bytes)"

    @property
    def size_bytes(self) -> int:
        """Bytes of the numbers as they are stored."""
        return int(self.vectors.values.size) * (2 if self.half else 4)


@dataclass(frozen=True)
class CompressionCost:
    """What compression saves and costs.

    Attributes:
        share: stored bytes as a share of those of all heads in single precision.
        accuracy: share of the examples whose nearest other example has their label, by the compressed vectors.
        kept_accuracy: the same by the same heads in single precision: what is lost to here, the choice of heads costs; what
            is lost from here, half precision does.
        full_accuracy: the same by all heads in single precision.
        n: how many examples were judged.
    """

    share: float
    accuracy: float
    kept_accuracy: float
    full_accuracy: float
    n: int


def compress(vectors: HeadVectors, heads: Sequence[Head] | None = None, *, half: bool = False) -> Compressed:
    """Keep the vectors of some heads, in half precision if wanted.

    Args:
        vectors: of all heads.
        heads: which to keep; all by default.
        half: store as ``float16``: three significant digits.

    Raises:
        SettingError: no head is named, one is named twice or does not exist.
        InputError: a number is too large for half precision.
    """
    geometry = vectors.geometry
    if heads is None:
        heads = geometry.every_head()
    kept = tuple(heads)
    if not kept or len(set(kept)) != len(kept):
        raise SettingError(f"heads must name one head or more, each once, but are {list(kept)}.")
    geometry.check(kept)
    values = vectors.of(kept)  # (example, head, dim)
    if half:
        largest = float(np.abs(values).max(initial=0))
        if not largest <= _LARGEST_HALF:  # nor when it is not a number
            raise InputError(f"Half precision ends at 65504, but a head vector holds {largest:.4g}: keep single precision.")
        values = values.astype(np.float16).astype(np.float32)
    stored = replace(vectors, values=values[:, None])
    return Compressed(stored, kept, half)


def compression_cost(vectors: HeadVectors, compressed: Compressed) -> CompressionCost:
    """Judge compressed vectors by the labels they have: each example among the others, so no example finds itself.

    Raises:
        InputError: no label has two examples, so no example could be right.
    """
    labels = [label for label in vectors.labels if label is not None]
    if len(labels) == len(set(labels)):
        raise InputError("The cost in accuracy is judged on labels with two examples or more, but there are none.")
    full, accuracy = compress(vectors), _nearest_is_right(compressed)
    return CompressionCost(
        share=compressed.size_bytes / full.size_bytes,
        accuracy=accuracy,
        kept_accuracy=_nearest_is_right(compress(vectors, compressed.heads)) if compressed.half else accuracy,
        full_accuracy=_nearest_is_right(full),
        n=len(labels),
    )


def _nearest_is_right(compressed: Compressed) -> float:
    vectors = compressed.vectors
    heads = [Head(0, index) for index in range(len(compressed.heads))]
    found = nearest(vectors, vectors, heads, k=1, exclude_self=True)
    return recall_at(1, found, vectors.labels, vectors.labels)
