"""A data set of prompts, prepared once and answered under one intervention after another: the model's first token.

    prompts = PromptSet(PromptReader(backbone), zero_shot(task.test))
    prompts.ask().accuracy                                                      # with nothing changed
    prompts.ask(lambda rows: inject_last_token(backbone, 4, vector)).accuracy

Every group of prompts is read once, up to its last token, and its keys and values are kept while memory allows: another
layer, scale or vector then costs one token for each prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.hooks import capture_last_token
from sav_core.data.examples import Example
from sav_core.errors import CancelledError, SettingError
from sav_core.models.batching import Encoded
from sav_core.types import Cancel
from sav_core.vectors.prefix_cache import PrefixCache, PromptReader

__all__ = ["Answers", "Ask", "Intervention", "PromptSet"]

Intervention: TypeAlias = Callable[[Sequence[int]], AbstractContextManager[object]]
"""Opened around the forward of the prompts with these indices."""


class Ask(Protocol):
    """Anything with a prompt and a right answer."""

    @property
    def example(self) -> Example:
        """What the model reads."""

    @property
    def answer(self) -> str:
        """What it should say."""


@dataclass(frozen=True)
class Answers:
    """What the model would say first to every prompt.

    Attributes:
        probability: ``float (prompt,)``, of the first token of the right answer.
        said: ``int (prompt,)``, the likeliest first token.
        wanted: ``int (prompt,)``, the first token of the right answer.
    """

    probability: npt.NDArray[np.float64]
    said: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Answers({self.accuracy:.1%} right, mean probability {self.probability.mean():.3f}, n={len(self.said)})"

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """``bool (prompt,)``, whether the likeliest first token is that of the answer."""
        right: npt.NDArray[np.bool_] = self.said == self.wanted
        return right

    @property
    def accuracy(self) -> float:
        """Share of the prompts that are answered right."""
        return float(self.right.mean())


class PromptSet:
    """Prompts with their right answers, tokenised once, their prefixes cached.

    Attributes:
        reader: whose model is asked.
        prompts: in their order.
        wanted: ``int (prompt,)``, the first token of each right answer.
    """

    def __init__(self, reader: PromptReader, prompts: Sequence[Ask], *, cancel: Cancel | None = None) -> None:
        """Prepare the prompts.

        Raises:
            SettingError: there are none.
            InputError: one cannot be prepared for the model.
            CancelledError: ``cancel`` said so.
        """
        if not prompts:
            raise SettingError("prompts must hold one or more, but is empty.")
        self.reader = reader
        self.prompts = tuple(prompts)
        self._cancel = cancel or (lambda: False)
        self._encoded: list[Encoded] = []
        wanted = []
        for prompt in self.prompts:
            self._check()
            example = prompt.example
            self._encoded.append(reader.backbone.encode(example))
            wanted.append(reader.backbone.answer_ids(example, prompt.answer)[0])
        self.wanted = np.array(wanted, dtype=np.int64)
        self._groups = list(reader.groups(self._encoded))
        self._kept: dict[int, PrefixCache] = {}
        self._held = 0

    def __len__(self) -> int:
        return len(self.prompts)

    def ask(self, under: Intervention | None = None) -> Answers:
        """Ask every prompt, each group of them under the intervention."""
        probability, said = np.zeros(len(self)), np.zeros(len(self), dtype=np.int64)
        for rows, prefix in self.groups():
            with under(rows) if under else nullcontext():
                logits = prefix.finish()
            probability[rows], said[rows] = _judged(logits, self.wanted[rows])
        return Answers(probability, said, self.wanted)

    def ask_capturing(self) -> tuple[Answers, npt.NDArray[np.float32]]:
        """Ask every prompt and keep its head vectors: ``float32 (prompt, layer, head, dim)``."""
        geometry = self.reader.backbone.geometry
        vectors = np.zeros((len(self), *geometry.shape), dtype=np.float32)
        probability, said = np.zeros(len(self)), np.zeros(len(self), dtype=np.int64)
        for rows, prefix in self.groups():
            with capture_last_token(self.reader.backbone) as capture:
                logits = prefix.finish()
                vectors[rows] = capture.take()
            probability[rows], said[rows] = _judged(logits, self.wanted[rows])
        return Answers(probability, said, self.wanted), vectors

    def groups(self) -> Iterator[tuple[list[int], PrefixCache]]:
        """Yield the prompts group by group: their indices and their prefix cache."""
        for number in range(self.n_groups):
            yield self.rows_of(number), self.group(number)

    @property
    def n_groups(self) -> int:
        """How many groups the prompts form."""
        return len(self._groups)

    def rows_of(self, number: int) -> list[int]:
        """Return the indices of the prompts of one group."""
        return self._groups[number]

    def group(self, number: int) -> PrefixCache:
        """Return the prefix cache of one group; read again if memory did not allow to keep it.

        Raises:
            CancelledError: the caller asked to stop.
        """
        self._check()
        if number in self._kept:
            return self._kept[number]
        prefix = self.reader.prefill([self._encoded[row] for row in self._groups[number]])
        if self._held + prefix.held_bytes <= self.reader.budget.limit_bytes:
            self._kept[number] = prefix
            self._held += prefix.held_bytes
        return prefix

    def _check(self) -> None:
        if self._cancel():
            raise CancelledError("Stopped while the prompts were being asked; what was found before stays.")


def _judged(logits: torch.Tensor, wanted: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Probability of the wanted token and the likeliest one, for each row of logits ``(row, token)``."""
    column = torch.from_numpy(wanted).to(logits.device)[:, None]
    probability = logits.softmax(-1).gather(1, column)[:, 0].double().cpu().numpy()
    said: npt.NDArray[np.int64] = logits.argmax(-1).cpu().numpy()
    return probability, said
