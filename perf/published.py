"""The published procedure of Sparse Attention Vectors, written plainly (arXiv 2412.00142 and its released code).

Three passes over the support, one example at a time; in each, the inputs and outputs of every ``o_proj`` are kept for the
whole sequence and the logits of all tokens are computed. Heads are scored one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone

__all__ = ["fit"]


def fit(backbone: Backbone, support: Sequence[Example], n_kept: int = 20) -> dict[tuple[int, int], dict[str, Tensor]]:
    """Return the kept heads, best first, with the centroid ``(dim,)`` of each label."""
    labels = sorted({str(example.label) for example in support})
    heads = [(layer, head) for layer in range(backbone.geometry.layers) for head in range(backbone.geometry.heads)]

    by_label = {label: [_activations(backbone, e) for e in support if e.label == label] for label in labels}
    means = {label: torch.stack(vectors).mean(0) for label, vectors in by_label.items()}

    correct: Counter[tuple[int, int]] = Counter()
    for example in support:
        vectors = _activations(backbone, example)
        for layer, head in heads:
            correct[layer, head] += _nearest(vectors[layer, head], means, layer, head) == example.label
    kept = [head for head, _ in correct.most_common(n_kept)]

    again = {label: [_activations(backbone, e) for e in support if e.label == label] for label in labels}
    return {
        (layer, head): {label: torch.stack([v[layer, head] for v in vectors]).mean(0) for label, vectors in again.items()}
        for layer, head in kept
    }


def _nearest(vector: Tensor, means: dict[str, Tensor], layer: int, head: int) -> str:
    return max(means, key=lambda label: float(torch.cosine_similarity(vector, means[label][layer, head], dim=0)))


def _activations(backbone: Backbone, example: Example) -> Tensor:
    """Run one example and return the last token of every head, ``(layer, head, dim)``."""
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []

    def keep(_: object, given: tuple[Tensor, ...], output: Tensor) -> None:
        inputs.append(given[0].detach().clone())
        outputs.append(output.detach().clone())

    hooks = [projection.register_forward_hook(keep) for projection in backbone.decoder.projections]
    try:
        with torch.inference_mode():
            batch = backbone.collate([backbone.encode(example)])
            logits = backbone.model(**batch).logits
    finally:
        for hook in hooks:
            hook.remove()
    assert logits.shape[1] == inputs[0].shape[1] == outputs[0].shape[1]  # everything, for every token
    return torch.stack([given[0, -1].view(backbone.geometry.heads, -1) for given in inputs]).float()
