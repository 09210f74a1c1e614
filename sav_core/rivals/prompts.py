"""Labelled examples as the model is trained on them: each prompt read whole, then the tokens of its own label.

The loss of an example is minus what the zero-shot control scores its label by: the sum of the log-probabilities of the
label's tokens after the prompt. The prompt is read first and the answer read on from what is remembered of it, as there,
so that no token of a prompt sees the answer, whichever way the model's attention looks.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from random import Random

import torch
from torch import Tensor

from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone
from sav_core.models.faults import one_sentence
from sav_core.models.generation import read_on
from sav_core.models.seen_once import pictures_seen_once

__all__ = ["TrainingPrompts"]

_FEATURES_SHARE = 4  # of the working memory that there is, a fourth may hold what the model has made of pictures


class TrainingPrompts:
    """Prompts with their answers, in batches that stay together, so that each picture is seen once.

    Args:
        backbone: the model.
        examples: labelled.
        learnt: which of them are learnt from.
        left_out: which decide when to stop.
        at_once: examples a step.
        seed: of who is in a batch with whom, and of the order of batches.
    """

    def __init__(
        self,
        backbone: Backbone,
        examples: Sequence[Example],
        learnt: Sequence[int],
        left_out: Sequence[int],
        *,
        at_once: int,
        seed: int,
    ) -> None:
        self._backbone, self._seed = backbone, seed
        self._encoded = backbone.encode_all(examples)
        self._answers = [backbone.answer_ids(example, str(example.label)) for example in examples]
        budget, layers = backbone.budget(), backbone.geometry.layers
        # A gradient needs what every layer made of the prompts, where a forward alone needs one layer's at a time.
        self._budget = replace(budget, limit_bytes=max(1, budget.limit_bytes // layers))
        order = Random(f"{seed} batches").sample(list(learnt), len(learnt))  # noqa: S311  # an order, not a secret
        self.batches = [self._parts(order[start : start + at_once]) for start in range(0, len(order), at_once)]
        self.left_out = self._parts(list(left_out))
        self._collated: dict[tuple[int, ...], dict[str, Tensor]] = {}

    def order(self, epoch: int) -> list[int]:
        """Return the order of the batches in an epoch, counted from 0."""
        return Random(f"{self._seed} {epoch}").sample(range(len(self.batches)), len(self.batches))  # noqa: S311

    def seen_once(self) -> AbstractContextManager[object]:
        """While open, what the model makes of the pictures is kept, where there is room for it."""
        width = int(self._backbone.model.get_input_embeddings().weight.shape[1])
        tokens = sum(int(each.image_token_mask.sum()) for each in self._encoded)
        held = 4 * tokens * width * self._backbone.dtype.itemsize
        if held > self._backbone.budget().limit_bytes // _FEATURES_SHARE:
            return nullcontext()
        return pictures_seen_once(self._backbone, most=sum(map(len, [*self.batches, self.left_out])))

    def loss(self, rows: Sequence[int]) -> Tensor:
        """Return the sum of the losses of examples whose prompts are of equal length, with what a gradient needs."""
        model, answers = self._backbone.model, [self._answers[row] for row in rows]
        batch = self._batch(tuple(rows))
        options = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
        longest = max(map(len, answers))
        with one_sentence(self._backbone.name, batch):
            read = model(**batch, **options, use_cache=longest > 1, return_dict=True)
            first = read.logits[:, -1].float().log_softmax(-1)
            begun = torch.tensor([answer[0] for answer in answers], device=first.device)
            said = first.gather(-1, begun[:, None])[:, 0]
            if longest > 1:
                said = said + read_on(self._backbone, answers, read.past_key_values).to(said.device)
        loss: Tensor = -said.sum()
        return loss

    def _batch(self, rows: tuple[int, ...]) -> dict[str, Tensor]:
        if rows not in self._collated:
            self._collated[rows] = self._backbone.collate([self._encoded[row] for row in rows])
        return self._collated[rows]

    def _parts(self, rows: Sequence[int]) -> list[list[int]]:
        """Part rows into those that may be read together."""
        return list(self._alike(rows))

    def _alike(self, rows: Sequence[int]) -> Iterator[list[int]]:
        by_length: dict[int, list[int]] = {}
        for row in rows:
            by_length.setdefault(self._encoded[row].length, []).append(row)
        for same in by_length.values():
            for part in self._budget.split([self._encoded[row] for row in same]):
                yield [same[place] for place in sorted(part)]
