"""Whether one way to answer is better than another on the same queries, or only luckier.

    compare(right_kept, right_all)          # Comparison(+4.0 points [+1.0, +7.0], p 0.012, n 200)

Both answered every query, so only the queries on which they differ can tell: McNemar's exact test (1947) asks how often a
fair coin would split those so unevenly; the paired bootstrap (Efron 1979) draws queries again and again to see how far the
difference of accuracies wanders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError

__all__ = ["Comparison", "bootstrap_interval", "compare", "mcnemar"]

_DRAWS = 2000
_AT_ONCE = 4 << 20  # numbers drawn at a time


@dataclass(frozen=True)
class Comparison:
    """The first way to answer beside the second.

    Attributes:
        difference: accuracy of the first minus that of the second.
        interval: of the difference, paired bootstrap at 95 %.
        only_first: how many queries only the first gets right.
        only_second: how many only the second.
        p: of McNemar's exact test, two-sided.
        n: how many queries both answered.
    """

    difference: float
    interval: tuple[float, float]
    only_first: int
    only_second: int
    p: float
    n: int

    def __repr__(self) -> str:
        low, high = self.interval
        points = f"{100 * self.difference:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"
        return f"Comparison({points}, p {self.p:.2g}, n {self.n})"


def compare(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], seed: int = 0) -> Comparison:
    """Compare two ways to answer.

    Args:
        first: ``bool (example,)``, whether the first is right.
        second: ``bool (example,)``, of the same queries in the same order.
        seed: of the bootstrap.

    Raises:
        InputError: no queries, or not as many of one as of the other.
    """
    if len(first) != len(second):
        raise InputError(f"Only answers to the same queries can be compared, but there are {len(first)} and {len(second)}.")
    gains = first.astype(np.float64) - second.astype(np.float64)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return Comparison(
        difference=float(gains.mean()) if len(gains) else 0.0,
        interval=bootstrap_interval(gains, seed),
        only_first=only_first,
        only_second=only_second,
        p=mcnemar(only_first, only_second),
        n=len(gains),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Return how likely a fair coin splits so many differing queries at least so unevenly (exact, two-sided)."""
    differing, fewer = only_first + only_second, min(only_first, only_second)
    ways = sum(math.comb(differing, count) for count in range(fewer + 1))
    return min(1.0, float(2 * ways / 2**differing))  # of whole numbers, however large


def bootstrap_interval(
    values: npt.NDArray[np.floating], seed: int = 0, *, draws: int = _DRAWS, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean (Efron 1979).

    Args:
        values: ``float (n,)``.
        seed: the same seed gives the same interval.
        draws: how many samples of ``n`` to draw with replacement.
        level: how often the interval is to hold the mean.

    Raises:
        InputError: there are no values.
    """
    n = len(values)
    if not n:
        raise InputError("There is nothing to draw an interval from: give at least one value.")
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // n)
    parts = [values[rng.integers(0, n, (min(step, draws - at), n))].mean(1) for at in range(0, draws, step)]
    low, high = np.quantile(np.concatenate(parts), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
