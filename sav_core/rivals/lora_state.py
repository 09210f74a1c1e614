"""How LoRA is trained, what a training will be, and how far one has come: values that can be kept and sent elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["DEFAULTS", "Arrays", "End", "LoraPlan", "LoraSettings", "LoraState", "leave_out"]

Arrays: TypeAlias = dict[str, npt.NDArray[np.float32]]
"""Weights by name."""

End: TypeAlias = Literal["", "patience", "epochs"]
"""Why a training ended: left-out examples gained no more, or the epochs were done; empty before that."""


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """How LoRA is trained.

    Attributes:
        rank: of the adapters.
        alpha: by which they are scaled, over the rank.
        rate: of AdamW.
        at_once: examples a step.
        epochs: at most.
        patience: ends it after so many epochs in which the left-out examples became no likelier.
        seed: of all that is drawn.
    """

    rank: int = 8
    alpha: int = 16
    rate: float = 1e-3
    at_once: int = 8
    epochs: int = 20
    patience: int = 3
    seed: int = 0


DEFAULTS = LoraSettings()
"""How it is trained wherever nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class LoraPlan:
    """What a training will be.

    Attributes:
        trained: numbers that learn.
        layers: in which they are.
        learnt: examples that are learnt from.
        left_out: those that decide when to stop.
        seconds: of all epochs, by a step that was timed.
    """

    trained: int
    layers: int
    learnt: int
    left_out: int
    seconds: float


@dataclass(frozen=True, eq=False)
class LoraState:
    """How far a training has come: enough to go on with it.

    Attributes:
        weights: of the adapters by name.
        moments: AdamW's two by the names of the weights, ``first/`` or ``second/`` before them.
        best: the weights that did best on the left-out examples; those of the end where none were left out.
        epoch: epochs that are done.
        step: steps of the next that are done.
        losses: mean of each epoch on what is learnt.
        left_out: mean loss on the left-out examples, before the first epoch and after each; empty where there are none.
        end: why it ended.
        best_epoch: of the best weights.
        seconds: that it took.
        peak_bytes: of memory.
        running: sum of the losses of the steps of this epoch.
    """

    weights: Arrays = field(repr=False)
    moments: Arrays = field(repr=False)
    best: Arrays = field(repr=False)
    epoch: int = 0
    step: int = 0
    losses: tuple[float, ...] = ()
    left_out: tuple[float, ...] = ()
    end: End = ""
    best_epoch: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0
    running: float = 0.0

    @property
    def trained(self) -> int:
        """How many numbers learn."""
        return sum(each.size for each in self.weights.values())


def leave_out(labels: Sequence[str], seed: int) -> tuple[list[int], list[int]]:
    """Return the rows to learn from, and those left out: a fifth of each label that has three examples or more."""
    left_out: list[int] = []
    for label in sorted(set(labels)):
        rows = [row for row, own in enumerate(labels) if own == label]
        if len(rows) >= 3:
            left_out += Random(f"{seed} {label}").sample(rows, max(1, len(rows) // 5))  # noqa: S311
    return [row for row in range(len(labels)) if row not in set(left_out)], sorted(left_out)
