"""A measured share with its standard error."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Figure:
    """A mean in per cent, its standard error, and of how many."""

    mean: float
    error: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.error:.1f} (n = {self.n})"

    as_dict = asdict


def share(right: Sequence[bool]) -> Figure:
    """The share of right answers; binomial standard error."""
    p, n = float(np.mean(right)), len(right)
    return Figure(100 * p, 100 * float(np.sqrt(p * (1 - p) / n)), n)


def over_episodes(values: Sequence[float]) -> Figure:
    """The mean over episodes of a share (or a difference of two); standard error over the episodes."""
    return Figure(100 * float(np.mean(values)), 100 * float(np.std(values, ddof=1) / np.sqrt(len(values))), len(values))
