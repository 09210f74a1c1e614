"""A function vector at work: injected into prompts and into what the model goes on to say.

with injected(backbone, vector):
    generate_text(backbone, example)          # the prompt's last token and every token after it
next_words(backbone, example, vector)         # {"key": 0.81, "cat": 0.06, ...}
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.hooks import inject_last_token
from sav_core.data.examples import Example
from sav_core.errors import SettingError, VectorFileError
from sav_core.models.backbones import Backbone
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.prefix_cache import PromptReader
from sav_core.vectors.prompt_set import Intervention

__all__ = ["WordShares", "injected", "injecting", "next_words", "scale_sweep"]


@dataclass(frozen=True)
class WordShares:
    """How likely the model finds words as the first of its answer, at several scales of a vector.

    Attributes:
        words: those among the likeliest at any scale, the one that is ever likeliest first.
        scales: of the vector.
        shares: ``float64 (scale, word)``, the words' probabilities.
        wanted: the first of the right answer, which is one of ``words`` if it is among the likeliest; ``None`` if none was
            given.
    """

    words: tuple[str, ...]
    scales: tuple[float, ...]
    shares: npt.NDArray[np.float64]
    wanted: str | None = None

    def __repr__(self) -> str:
        return f"WordShares({len(self.words)} words at {len(self.scales)} scales, {', '.join(self.words[:3])})"


def injected(
    backbone: Backbone, vector: FunctionVector, *, scale: float | None = None, forwards: int | None = None
) -> AbstractContextManager[None]:
    """While open, the vector is added at its layer to the last token of every forward.

    Args:
        backbone: the model that the vector was made with.
        vector: what to add, where, and how much of it.
        scale: how much of it, in place of its own scale.
        forwards: how many forwards are changed: with 1 the prompt is, and not the answer's later tokens.

    Raises:
        VectorFileError: the vector was made with another model.
        InterventionError: on leaving, when no forward was changed.
    """
    if vector.identity and vector.identity != backbone.identity:
        raise VectorFileError(
            f"The vector was made with {vector.model}, not with {backbone.name}: make it again with this one."
        )
    values = torch.from_numpy(vector.values).to(backbone.device)
    return inject_last_token(backbone, vector.layer, values, vector.scale if scale is None else scale, forwards=forwards)


def injecting(backbone: Backbone, vector: FunctionVector) -> Intervention:
    """Return the vector as an intervention for ``PromptSet.ask``: the same in every prompt."""
    return lambda rows: injected(backbone, vector)


def next_words(
    backbone: Backbone, example: Example, vector: FunctionVector | None = None, *, top: int = 10
) -> dict[str, float]:
    """Return the likeliest first tokens of the answer and their probabilities, likeliest first.

    Raises:
        SettingError: ``top`` is less than 1.
        InputError: the example cannot be prepared.
    """
    if top < 1:
        raise SettingError(f"top must be 1 or more, but is {top}.")
    prefix = PromptReader(backbone, whole=True).prefill([backbone.encode(example)])
    with injected(backbone, vector) if vector is not None else nullcontext():
        shares = prefix.finish()[0].softmax(-1)
    likeliest = shares.topk(min(top, len(shares)))
    texts = [backbone.processor.tokenizer.decode([token]).strip() for token in likeliest.indices.tolist()]
    words: dict[str, float] = {}
    for text, share in zip(texts, likeliest.values.tolist(), strict=True):
        words[text] = words.get(text, 0.0) + share
    return dict(sorted(words.items(), key=lambda word: -word[1]))


def scale_sweep(
    reader: PromptReader,
    example: Example,
    vector: FunctionVector,
    scales: Sequence[float],
    *,
    top: int = 5,
    wanted: str | None = None,
) -> WordShares:
    """Return what the model would answer first with a vector at several scales; the prompt is read once.

    Args:
        reader: of the model.
        example: the prompt.
        vector: added at its layer, at each of the scales in place of its own; at 0 nothing is added.
        scales: to try.
        top: how many of the likeliest tokens at every scale are listed.
        wanted: the right answer, whose first token is the word to look for: "wine" of "wine glass".

    Raises:
        SettingError: there are no scales, or ``top`` is less than 1.
        InputError: the example cannot be prepared.
    """
    if not scales or top < 1:
        raise SettingError(f"scales must hold one or more and top be 1 or more, but are {list(scales)} and {top}.")
    backbone = reader.backbone
    prefix = reader.prefill([backbone.encode(example)])
    rows = []
    for scale in scales:
        with injected(backbone, vector, scale=scale) if scale else nullcontext():
            rows.append(prefix.finish()[0].softmax(-1).double().cpu().numpy())
    table = np.stack(rows)  # (scale, token)
    likely = np.unique(np.argsort(-table, axis=1, kind="stable")[:, :top])
    spoken: dict[str, npt.NDArray[np.float64]] = {}

    def said(token: int) -> str:
        return str(backbone.processor.tokenizer.decode([token])).strip()

    for token in likely.tolist():
        word = said(token)
        spoken[word] = spoken.get(word, 0.0) + table[:, token]
    words = sorted(spoken, key=lambda word: (-float(spoken[word].max()), word))
    shares = np.stack([spoken[word] for word in words], axis=1)
    first = None if wanted is None else said(backbone.answer_ids(example, wanted)[0])
    return WordShares(tuple(words), tuple(map(float, scales)), shares, first)
