"""How long a forward takes until each layer's heads are there: what stopping at a layer saves, measured in one forward."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sav_core.activations.hooks import inputs_hooked
from sav_core.activations.reading_probe import check_reading
from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone

__all__ = ["time_layers"]

_TURNS, _PATIENCE = 5, 1.0  # forwards at most, as long as they take no longer than so many seconds together


def time_layers(backbone: Backbone, example: Example) -> npt.NDArray[np.float64]:
    """Return ``float64 (layer,)``, seconds from the pictures' pixels to the heads of each layer; of several the fastest.

    Args:
        backbone: the model.
        example: that it is timed with.

    Raises:
        UnsupportedModelError, InputError, ImageError: it cannot be shown that, see ``extract_head_vectors``.
    """
    check_reading(backbone)
    batch = backbone.collate([backbone.encode(example)])
    found: list[npt.NDArray[np.float64]] = []
    seconds = np.zeros(backbone.geometry.layers)
    start = 0.0

    def there(layer: int, _: Tensor) -> None:
        if backbone.device.type == "cuda":
            torch.cuda.synchronize(backbone.device)
        seconds[layer] = time.perf_counter() - start

    with backbone.lock, inputs_hooked(backbone.decoder.projections, there):
        while len(found) < _TURNS and sum(each[-1] for each in found) < _PATIENCE:
            start = time.perf_counter()
            backbone.forward(batch)
            found.append(seconds.copy())
    return np.maximum.accumulate(np.min(found, axis=0))
