"""A set of prompts asked again and again, under one intervention after another: what the model would say first.

    exam = Exam(Reader(backbone), zero_shot(task.test))
    exam.ask().accuracy                                                   # with nothing changed
    exam.ask(lambda rows: inject_last_token(backbone, 4, vector)).accuracy

Prompts are paused before their last token and kept so while memory allows, so a layer, a strength or a vector costs one
token for each prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from sav_core.batching import Encoded
from sav_core.errors import CancelledError, SettingError
from sav_core.hooks import capture_last_token
from sav_core.records import Cancel, Example
from sav_core.vectors.pausing import Pause, Reader

__all__ = ["Answers", "Ask", "Exam", "Intervention"]

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


class Exam:
    """Prompts, prepared and paused once.

    Attributes:
        reader: whose model is asked.
        prompts: in their order.
        wanted: ``int (prompt,)``, the first token of each right answer.
    """

    def __init__(self, reader: Reader, prompts: Sequence[Ask], *, cancel: Cancel | None = None) -> None:
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
        self._kept: dict[int, Pause] = {}
        self._held = 0

    def __len__(self) -> int:
        return len(self.prompts)

    def ask(self, under: Intervention | None = None) -> Answers:
        """Ask every prompt, each group of them under the intervention."""
        probability, said = np.zeros(len(self)), np.zeros(len(self), dtype=np.int64)
        for rows, pause in self.groups():
            with under(rows) if under else nullcontext():
                logits = pause.finish()
            probability[rows], said[rows] = _judged(logits, self.wanted[rows])
        return Answers(probability, said, self.wanted)

    def ask_capturing(self) -> tuple[Answers, npt.NDArray[np.float32]]:
        """Ask every prompt and keep its head vectors: ``float32 (prompt, layer, head, dim)``."""
        geometry = self.reader.backbone.geometry
        vectors = np.zeros((len(self), *geometry.shape), dtype=np.float32)
        probability, said = np.zeros(len(self)), np.zeros(len(self), dtype=np.int64)
        for rows, pause in self.groups():
            with capture_last_token(self.reader.backbone) as capture:
                logits = pause.finish()
                vectors[rows] = capture.take()
            probability[rows], said[rows] = _judged(logits, self.wanted[rows])
        return Answers(probability, said, self.wanted), vectors

    def groups(self) -> Iterator[tuple[list[int], Pause]]:
        """Yield the prompts group by group, paused: their indices and the pause."""
        for number in range(self.n_groups):
            yield self.rows_of(number), self.group(number)

    @property
    def n_groups(self) -> int:
        """How many groups the prompts form."""
        return len(self._groups)

    def rows_of(self, number: int) -> list[int]:
        """Return the indices of the prompts of one group."""
        return self._groups[number]

    def group(self, number: int) -> Pause:
        """Return one group, paused; read again if memory did not allow to keep it.

        Raises:
            CancelledError: the caller asked to stop.
        """
        self._check()
        if number in self._kept:
            return self._kept[number]
        pause = self.reader.pause([self._encoded[row] for row in self._groups[number]])
        if self._held + pause.held_bytes <= self.reader.budget.limit_bytes:
            self._kept[number] = pause
            self._held += pause.held_bytes
        return pause

    def _check(self) -> None:
        if self._cancel():
            raise CancelledError("Stopped while prompts were being read.")


def _judged(logits: torch.Tensor, wanted: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Probability of the wanted token and the likeliest one, for each row of logits ``(row, token)``."""
    column = torch.from_numpy(wanted).to(logits.device)[:, None]
    probability = logits.softmax(-1).gather(1, column)[:, 0].double().cpu().numpy()
    said: npt.NDArray[np.int64] = logits.argmax(-1).cpu().numpy()
    return probability, said
