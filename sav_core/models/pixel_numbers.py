"""Pixels to the numbers that a vision tower reads, bit for bit as transformers computes them on Pillow, but sooner.

    quicken(processor.image_processor)

transformers scales each pixel in float64 and walks over all channels at once, pixel by pixel. Eight bits have 256 values,
so a table of what each becomes will do; and a channel at a time is read in the order in which it lies in memory.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from transformers.image_processing_backends import PilBackend

__all__ = ["quicken"]

Pixels = npt.NDArray[Any]

_EVERY = np.arange(256, dtype=np.uint8)[None, None]  # (channel, row, column)


class _Quick(PilBackend):  # type: ignore[misc]
    """What `PilBackend` computes of ``(channel, row, column)``."""

    def rescale(self, image: Pixels, scale: float, **more: Any) -> Pixels:
        if image.dtype != np.uint8:
            return np.asarray(super().rescale(image, scale, **more))
        table: Pixels = super().rescale(_EVERY, scale, **more)[0, 0]
        return np.take(table, image, mode="clip")

    def normalize(self, image: Pixels, mean: Any, std: Any, **more: Any) -> Pixels:
        each = isinstance(mean, Collection) and isinstance(std, Collection)
        if image.dtype.kind != "f" or image.ndim != 3 or not each or {len(mean), len(std)} != {len(image)}:
            return np.asarray(super().normalize(image, mean, std, **more))
        numbers = np.empty(image.shape, image.dtype)
        for channel, centre, spread in zip(range(len(image)), mean, std, strict=True):
            np.subtract(image[channel], image.dtype.type(centre), out=numbers[channel])
            np.divide(numbers[channel], image.dtype.type(spread), out=numbers[channel])
        return numbers


def quicken(image_processor: Any) -> None:
    """Have an image processor compute so, if it leaves both steps to what all on Pillow share."""
    kind: Any = type(image_processor)
    if getattr(kind, "rescale", None) is PilBackend.rescale and getattr(kind, "normalize", None) is PilBackend.normalize:
        image_processor.__class__ = _quick(kind)


@lru_cache
def _quick(kind: Any) -> Any:
    """Of the same name, which is what it is saved under."""
    return type(kind.__name__, (kind, _Quick), {})
