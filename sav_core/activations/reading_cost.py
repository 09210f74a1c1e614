"""What it costs to show examples to a model, in each detail that it has: known before the work begins.

    costs = reading_costs(backbone, examples)
    for cost in costs.of(examples):
        print(cost.detail, cost.picture_tokens, cost.seconds)

Tokens are counted on what the processor makes of an example of each size that there is. Seconds are of a forward that is
run for it, one for a model, in the detail that costs least; a finer detail is timed too where that takes no patience, and
else taken to need as much time for a token.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from sav_core.activations.hooks import capture_last_token, forward_to_last_heads
from sav_core.activations.reading_probe import check_reading
from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.types import Detail

__all__ = ["ReadingCost", "ReadingCosts", "reading_costs"]

Sizes: TypeAlias = tuple[tuple[int, int], ...]
"""Of an example's pictures, in their order."""

_MOST = 6  # sizes that are prepared: each takes a processor as long as an example of the set
_PATIENCE = 2.0  # seconds for a forward that only makes the figure of a finer detail better
_WARM = 0.5  # seconds: a first forward is slow, and one as short as this is run once more

_paces: WeakKeyDictionary[Backbone, dict[Detail, float]] = WeakKeyDictionary()
"""Seconds that a model took for a token, by the detail that was timed."""


@dataclass(frozen=True)
class ReadingCost:
    """What a set of examples costs in one detail.

    Attributes:
        detail: which.
        picture_tokens: of one picture, the mean of the set; 0 where it has none.
        seconds: for all examples, each shown to the model once.
    """

    detail: Detail
    picture_tokens: float
    seconds: float


@dataclass(frozen=True, eq=False)
class ReadingCosts:
    """What an example of some sizes costs, in every detail that its model has.

    Attributes:
        details: the full one, and the others that there are.
        sizes: of the pictures of the examples that were prepared, smallest first.
        tokens: ``int (size, detail)``, all pictures' tokens of an example of that size.
        seconds: ``float64 (size, detail)``, until its head vectors are there.
    """

    details: tuple[Detail, ...]
    sizes: tuple[Sizes, ...]
    tokens: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]

    def serve(self, examples: Sequence[Example]) -> bool:
        """Whether they tell of these examples: each size was prepared, or as many as ever are."""
        return len(self.sizes) >= _MOST or {_sizes(example) for example in examples} <= set(self.sizes)

    def of(self, examples: Sequence[Example]) -> tuple[ReadingCost, ...]:
        """Return what these examples cost; one of a size that was not prepared as the nearest one that was."""
        rows = [self._row(_sizes(example)) for example in examples]
        pictures = sum(len(_sizes(example)) for example in examples)
        tokens, seconds = self.tokens[rows].sum(0), self.seconds[rows].sum(0)
        return tuple(
            ReadingCost(detail, float(tokens[column]) / max(pictures, 1), float(seconds[column]))
            for column, detail in enumerate(self.details)
        )

    def _row(self, wanted: Sizes) -> int:
        return min(range(len(self.sizes)), key=lambda row: abs(_pixels(self.sizes[row]) - _pixels(wanted)))


def reading_costs(backbone: Backbone, examples: Sequence[Example]) -> ReadingCosts:
    """Measure what examples cost in each detail: a few of them are prepared, and one or two are shown to the model.

    Args:
        backbone: the model.
        examples: one or more; what detail they ask for is no matter.

    Raises:
        UnsupportedModelError, InputError, ImageError: an example cannot be prepared or read, see ``extract_head_vectors``.
    """
    check_reading(backbone)
    details = tuple(detail for detail, why_not in backbone.details.items() if not why_not)
    by_size = {_sizes(example): example for example in examples}
    sizes = sorted(by_size, key=_pixels)
    sizes = [sizes[place] for place in np.linspace(0, len(sizes) - 1, min(len(sizes), _MOST)).round().astype(int)]
    shape = len(sizes), len(details)
    made: dict[tuple[int, Detail], Encoded] = {}
    tokens, preparing, lengths = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape)
    for row, size in enumerate(sizes):
        for column, detail in enumerate(details):
            start = time.perf_counter()
            one = made[row, detail] = backbone.prepare(by_size[size].with_detail(detail))
            preparing[row, column] = time.perf_counter() - start
            tokens[row, column], lengths[row, column] = int(one.image_token_mask.sum()), one.length
    paces = _timed(backbone, {detail: made[len(sizes) // 2, detail] for detail in details})
    forward = lengths * np.array([paces[detail] for detail in details])
    return ReadingCosts(details, tuple(sizes), tokens, np.maximum(forward, preparing))  # which go on beside each other


def _timed(backbone: Backbone, made: dict[Detail, Encoded]) -> dict[Detail, float]:
    """Seconds for a token in each detail, of what is known of the model or timed now, the cheapest first."""
    known, found, last = _paces.setdefault(backbone, {}), {}, 0.0
    for detail in sorted(made, key=lambda each: made[each].length):
        one = made[detail]
        fits = backbone.longest is None or one.length <= backbone.longest
        if detail not in known and (not last or (fits and last * one.length <= _PATIENCE)):
            known[detail] = _forward_seconds(backbone, one) / one.length
        found[detail] = last = known.get(detail, last)
    return found


def _forward_seconds(backbone: Backbone, one: Encoded) -> float:
    def seconds() -> float:
        start = time.perf_counter()
        with capture_last_token(backbone) as capture:
            forward_to_last_heads(backbone, backbone.collate([one]))
            capture.take()
        return time.perf_counter() - start

    first = seconds()
    return first if first > _WARM else seconds()


def _sizes(example: Example) -> Sizes:
    """As its model is shown it: of each frame of a clip, where that is shown as pictures."""
    return tuple(size for image in example.images for size in [image.size] * _stills(image))


def _stills(image: Picture) -> int:
    return len(image.times) if isinstance(image, Clip) and image.sampling.way == "frames" else 1


def _pixels(sizes: Sizes) -> int:
    return sum(width * height for width, height in sizes)
