"""A prefix cache: prompts read once up to their last token, which is then read again under every intervention.

    reader = PromptReader(backbone)
    prefix = reader.prefill([encoded])                     # all but the last token, read once
    with patch_last_token(backbone, patches):           # 64 patches, one for each copy
        logits = prefix.finish(copies=64)                # (64, token)

What is patched or injected at the last token changes nothing before it, in any layer: a token sees only earlier ones. So
the images and the rest of a long prompt need not be read again for every head, layer or scale. A model whose tokens see
later ones (PaliGemma's prompts) is found out by trying, and reads whole prompts every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from sav_core.activations.prefixes import Prefix, first_tokens, held_by, next_token
from sav_core.activations.reading_probe import check_reading
from sav_core.models.backbones import Backbone
from sav_core.models.batching import BatchBudget, Encoded

__all__ = ["PrefixCache", "PromptReader", "held_by"]

_MOST_COPIES = 128  # of a prompt in one forward: more gain nothing, and cancelling would wait for them
_LEAK = 1e-3  # of the largest number: as much as numbers move when nothing but rounding differs


class PrefixCache:
    """Keys and values of prompts of equal length up to, but not including, their last token (whole prompts: nothing yet).

    Made by ``PromptReader``. It stays valid while other prompts are read.

    Attributes:
        rows: how many prompts.
        held_bytes: memory that is kept for it.
    """

    def __init__(self, backbone: Backbone, prompts: Sequence[Encoded], *, whole: bool) -> None:
        self.rows = len(prompts)
        self._backbone = backbone
        self._prompts = tuple(prompts)
        starts = [first_tokens(prompt, prompt.length - 1) for prompt in prompts]
        self._prefix = None if whole else Prefix(backbone, starts)

    @property
    def held_bytes(self) -> int:
        """Keys and values of all layers."""
        return 0 if self._prefix is None else self._prefix.held_bytes

    def finish(self, copies: int = 1, *, grad: bool = False) -> Tensor:
        """Read the last token and return what the model expects next.

        Args:
            copies: how many of every prompt go through; the copies of one prompt are neighbours.
            grad: whether to keep what a gradient with respect to an injected vector needs.

        Returns:
            Logits ``float32 (prompt * copy, token)``.
        """
        with torch.set_grad_enabled(grad):
            return self._finish(copies, remember=False)[0]

    @torch.no_grad()
    def finish_remembering(self, copies: int = 1) -> tuple[Tensor, Any]:
        """Do as ``finish``, and return beside the logits what the model remembers of the whole prompts.

        Answers are read on from it, see ``answer_scores``; hold the backbone's lock until they are.
        """
        return self._finish(copies, remember=True)

    def _finish(self, copies: int, *, remember: bool) -> tuple[Tensor, Any]:
        with self._backbone.lock:
            if self._prefix is None:
                encoded = [prompt for prompt in self._prompts for _ in range(copies)]
                return next_token(self._backbone, {**self._backbone.collate(encoded), "use_cache": remember})
            last = torch.cat([prompt.tokens["input_ids"][:, -1:] for prompt in self._prompts for _ in range(copies)])
            return next_token(self._backbone, {**self._prefix.then(last), "use_cache": True})


class PromptReader:
    """Reads prompts of one model into prefix caches, as many at once as memory allows."""

    def __init__(self, backbone: Backbone, batch_bytes: int | None = None, *, whole: bool | None = None) -> None:
        """Use ``whole=True`` to read every prompt whole each time: slower, the same numbers; ``None`` finds out."""
        check_reading(backbone)
        self.backbone = backbone
        self.budget: BatchBudget = backbone.budget(batch_bytes)
        self._whole = whole

    def prefill(self, prompts: Sequence[Encoded]) -> PrefixCache:
        """Read prompts of equal length up to their last token."""
        if self._whole is None:
            self._whole = not _sees_only_the_past(self.backbone, prompts[0])
        return PrefixCache(self.backbone, prompts, whole=self._whole)

    def groups(self, prompts: Sequence[Encoded]) -> Iterator[list[int]]:
        """Part prompts into groups that may be read together: indices of prompts of equal length."""
        by_length: dict[int, list[int]] = {}
        for index, prompt in enumerate(prompts):
            by_length.setdefault(prompt.length, []).append(index)
        for same in by_length.values():
            for part in self.budget.split([prompts[index] for index in same]):
                yield [same[position] for position in sorted(part)]

    def copies(self, prefix: PrefixCache) -> int:
        """How many copies of a prompt may be finished at once."""
        if prefix.held_bytes:
            return max(
                1, min(_MOST_COPIES, self.budget.limit_bytes // (3 * prefix.held_bytes))
            )  # old, new, and attention's
        prompt = prefix._prompts[0]
        return len(self.budget.split([prompt] * _MOST_COPIES)[0])

    @cached_property
    def vocabulary(self) -> int:
        """How many tokens there are to answer with."""
        return int(self.backbone.model.get_output_embeddings().weight.shape[0])


def _sees_only_the_past(backbone: Backbone, prompt: Encoded) -> bool:
    """Whether another last token leaves what the model makes of all tokens before it as it was."""
    ids = prompt.tokens["input_ids"].clone()
    ids[0, -1] = backbone.pad_token_id
    other = Encoded({**prompt.tokens, "input_ids": ids}, prompt.images, prompt.image_token_mask)
    one, two = backbone.forward(backbone.collate([prompt, other]))[:, :-1].float()
    return bool((one - two).abs().max() <= _LEAK * one.abs().max())
