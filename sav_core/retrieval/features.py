"""Any other features as vectors that retrieval and classifiers take, and the plainest of features: the pixels.

found = nearest(as_vectors(features, examples), ..., [Head(0, 0)], k=5)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from sav_core.data.examples import Example
from sav_core.types import HeadVectors

__all__ = ["PIXEL_EDGE", "as_vectors", "pixel_features"]

PIXEL_EDGE = 16
"""Height and width in pixels that pictures are shrunk to: enough for colour and layout, and little enough to be fast."""


def as_vectors(features: npt.NDArray[np.floating], examples: Sequence[Example], model: str = "") -> HeadVectors:
    """Return features ``(example, dim)`` as head vectors of one layer and one head.

    Args:
        features: one row for each example.
        examples: whose labels and names go with them.
        model: what made them; vectors of different models cannot be compared.
    """
    return HeadVectors(
        values=np.asarray(features, dtype=np.float32)[:, None, None, :],
        labels=tuple(example.label for example in examples),
        names=tuple(example.name for example in examples),
        positions=tuple(range(len(examples))),
        asked=len(examples),
        model=model,
    )


def pixel_features(examples: Sequence[Example]) -> npt.NDArray[np.float32]:
    """Return what the pixels alone say: the control that any model has to beat.

    Returns:
        ``float32 (example, dim)``, the pictures shrunk to ``PIXEL_EDGE`` squared, from -1 (black) to 1 (white), side by
        side; zeros where an example has fewer pictures than another.
    """
    most = max((len(example.images) for example in examples), default=0)
    features = np.zeros((len(examples), most, PIXEL_EDGE, PIXEL_EDGE, 3), dtype=np.float32)
    for row, example in enumerate(examples):
        for place, picture in enumerate(example.images):
            small = picture.rgb().resize((PIXEL_EDGE, PIXEL_EDGE), Image.Resampling.BOX)
            features[row, place] = np.asarray(small, dtype=np.float32) / 127.5 - 1
    return features.reshape(len(examples), -1)
