"""One pass of the model over pictures and questions: everything the evaluation compares, from the same forward."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from sav_core.activations.hooks import capture_last_token
from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone
from sav_core.types import HeadVectors

BATCH = 32


@dataclass(frozen=True)
class Readings:
    """Of each example: head vectors `(layer, head, dim)`, last hidden state, the tower's mean, tiny pixels."""

    heads: np.ndarray
    hidden: np.ndarray
    tower: np.ndarray
    pixels: np.ndarray

    def vectors(self, rows: Sequence[int], labels: Sequence[str]) -> HeadVectors:
        """Head vectors of some of the examples under given labels."""
        count = len(rows)
        return HeadVectors(self.heads[list(rows)], tuple(labels), tuple(map(str, rows)), tuple(range(count)), count)


def read(backbone: Backbone, pictures: Sequence[Image.Image], questions: Sequence[str]) -> Readings:
    """Run the model on each picture with its question."""
    parts: dict[str, list[np.ndarray]] = {"heads": [], "hidden": [], "tower": []}
    for start in range(0, len(pictures), BATCH):
        pairs = zip(pictures[start : start + BATCH], questions[start : start + BATCH], strict=True)
        batch = backbone.collate([backbone.encode(Example(picture, question)) for picture, question in pairs])
        with capture_last_token(backbone) as capture, _tower_means(backbone) as means, torch.inference_mode():
            output = backbone.model.base_model(**batch, use_cache=False)
            parts["heads"].append(capture.take())
        parts["hidden"].append(output.last_hidden_state[:, -1].float().cpu().numpy())
        parts["tower"].append(means[0].float().cpu().numpy())
    tiny = [np.asarray(p.resize((16, 16), Image.Resampling.BOX), np.float32).ravel() / 255 for p in pictures]
    return Readings(*(np.concatenate(parts[name]) for name in ("heads", "hidden", "tower")), np.stack(tiny))


@contextmanager
def _tower_means(backbone: Backbone) -> Iterator[list[torch.Tensor]]:
    """While open, the tower's maps are collected as their means over the cells, `(picture, channel)`."""
    means: list[torch.Tensor] = []
    tower = backbone.model.base_model.vision_tower
    handle = tower.register_forward_hook(lambda _, given, found: means.append(found.last_hidden_state.mean((2, 3))))
    try:
        yield means
    finally:
        handle.remove()


def nearest_mean(features: np.ndarray, support: Sequence[int], labels: Sequence[str], queries: Sequence[int]) -> list[str]:
    """The label whose mean is nearest by cosine, about the mean of the support: the simplest classifier there is."""
    centred = features - features[list(support)].mean(0)
    classes = sorted(set(labels))
    means = np.stack(
        [centred[[i for i, label in zip(support, labels, strict=True) if label == c]].mean(0) for c in classes]
    )
    unit = lambda x: x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-9)  # noqa: E731
    nearest = (unit(centred[list(queries)]) @ unit(means).T).argmax(1)
    return [classes[index] for index in nearest]
