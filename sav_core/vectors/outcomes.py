"""How a condition answers a set of prompts, and several conditions one after the other.

outcome_of(prompts).accuracy, outcome_of(prompts, vector).accuracy      # without the vector, and with it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sav_core.types import Progress, ProgressCallback
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.inject import injecting
from sav_core.vectors.prompt_set import PromptSet

__all__ = ["Outcome", "best_of", "measure_each", "outcome_of"]

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one condition answers: ``right`` of ``n`` (over all draws of a random one), and the answer's mean probability."""

    right: int
    n: int
    probability: float

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.n


def outcome_of(prompts: PromptSet, *vectors: FunctionVector) -> Outcome:
    """Return the outcome with a vector injected, over all of them where there are several, or with none."""
    backbone = prompts.reader.backbone
    answers = [prompts.ask(injecting(backbone, vector)) for vector in vectors] or [prompts.ask()]
    return Outcome(
        sum(int(each.right.sum()) for each in answers),
        sum(len(each.said) for each in answers),
        float(np.mean([each.probability.mean() for each in answers])),
    )


def best_of(prompts: PromptSet, *vectors: FunctionVector) -> Outcome:
    """Return the outcome of the vector that most prompts are answered right with; the first of equal ones."""
    return max((outcome_of(prompts, vector) for vector in vectors), key=lambda outcome: outcome.right)


def measure_each(
    conditions: Mapping[_Key, Callable[[], Outcome]], progress: ProgressCallback | None = None
) -> dict[_Key, Outcome]:
    """Measure one condition after the other, with progress after each."""
    found: dict[_Key, Outcome] = {}
    start = time.perf_counter()
    for key, measure in conditions.items():
        found[key] = measure()
        if progress:
            progress(Progress(len(found), len(conditions), time.perf_counter() - start))
    return found
