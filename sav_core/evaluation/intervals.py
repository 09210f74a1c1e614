"""How sure a figure is, and whether one way to answer is better than another or only luckier: every bootstrap is here.

    compare(right_kept, right_all)          # Comparison(+4.0 points [+1.0, +7.0], p 0.012, n 200)
    bootstrap_interval(accuracies)          # of a mean

Two ways that answered every query differ on some of them, and only those can tell: McNemar's exact test (1947) asks how
often a fair coin would split them so unevenly; the paired bootstrap (Efron 1979) draws queries again and again to see how
far the difference of accuracies wanders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, bootstrap, permutation_test

from sav_core.errors import InputError
from sav_core.evaluation.metrics import wilson_interval

__all__ = [
    "Comparison",
    "MeanDifference",
    "bootstrap_interval",
    "compare",
    "compare_means",
    "drawn_interval",
    "mcnemar",
    "mean_intervals",
    "stratified_interval",
]

_DRAWS = 2000
_FLIPS = 9999  # of all signs; with 13 queries or fewer every way to set them is tried
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


@dataclass(frozen=True)
class MeanDifference:
    """By how much a number that each query has is larger under one condition than under another.

    Attributes:
        difference: mean of the first minus that of the second.
        interval: of the difference, paired bootstrap at 95 %.
        p: of the paired permutation test, two-sided: how often signs at random leave a mean at least as far from 0.
        n: how many queries.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    n: int

    def __repr__(self) -> str:
        low, high = self.interval
        return f"MeanDifference({self.difference:+.3f} [{low:+.3f}, {high:+.3f}], p {self.p:.2g}, n {self.n})"


def compare_means(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating], seed: int = 0) -> MeanDifference:
    """Compare numbers that the same queries have under two conditions; ``compare`` is for right and wrong.

    Args:
        first: ``float (example,)``.
        second: ``float (example,)``, of the same queries in the same order.
        seed: of the bootstrap, and of the signs where there are too many ways to set them.

    Raises:
        InputError: no queries, or not as many of one as of the other.
    """
    if len(first) != len(second):
        raise InputError(f"Only numbers of the same queries can be compared, but there are {len(first)} and {len(second)}.")
    gains = first.astype(np.float64) - second.astype(np.float64)
    interval = bootstrap_interval(gains, seed)
    p = 1.0
    if len(gains) > 1 and gains.any():  # one alone shows nothing
        found = permutation_test(
            (gains,),
            np.mean,
            permutation_type="samples",
            vectorized=True,
            n_resamples=_FLIPS,
            batch=max(1, _AT_ONCE // len(gains)),
            rng=np.random.default_rng(seed),
        )
        p = float(found.pvalue)
    return MeanDifference(float(gains.mean()), interval, p, len(gains))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return how likely a fair coin splits so many differing queries at least so unevenly (exact, two-sided)."""
    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


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
    if n == 1:  # can be drawn in one way only, and SciPy wants two
        return float(values[0]), float(values[0])
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=draws,
        batch=max(1, _AT_ONCE // n),
        vectorized=True,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def drawn_interval(right: npt.NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """Return the interval at 95 % of an accuracy on such queries, when several drawn classifiers answered the same ones.

    Both queries and draws are drawn again (a bootstrap of two ways, Owen 2007). It is never narrower than Wilson's of so
    many queries, which is what is left where every draw answers alike: agreeing with itself makes nothing surer.

    Args:
        right: ``bool (draw, example)``.
        seed: the same seed gives the same interval.

    Raises:
        InputError: there are no draws or no queries.
    """
    draws, n = right.shape
    if not right.size:
        raise InputError("There is nothing to draw an interval from: give at least one draw and one query.")
    low, high = wilson_interval(float(right.sum()) / draws, n)
    if (right == right[0]).all():
        return low, high
    rng = np.random.default_rng(seed)
    means = []
    step = max(1, _AT_ONCE // n)
    for at in range(0, _DRAWS, step):
        some = min(step, _DRAWS - at)
        again = np.stack([np.bincount(row, minlength=draws) for row in rng.integers(0, draws, (some, draws))])
        each = again @ right.astype(np.float64) / draws  # (sample, example), how often the redrawn classifiers are right
        means.append(np.take_along_axis(each, rng.integers(0, n, (some, n)), axis=1).mean(1))
    ends = np.quantile(np.concatenate(means), [0.025, 0.975])
    return min(low, float(ends[0])), max(high, float(ends[1]))


def stratified_interval(counts: Sequence[tuple[int, int]], seed: int = 0) -> tuple[float, float]:
    """Return the interval at 95 % of a mean over tasks that weigh alike: the bootstrap within each of them.

    Of ``n`` answers drawn again from a task's, as many are right as a binomial draw says.

    Args:
        counts: of each task how many answers are right, and of how many.
        seed: the same seed gives the same interval.

    Raises:
        InputError: there are no tasks, or one without answers.
    """
    if not counts or not all(n for _, n in counts):
        raise InputError("There is nothing to draw an interval from: give at least one task, and one answer in each.")
    rng = np.random.default_rng(seed)
    means = np.mean([rng.binomial(n, right / n, _DRAWS) / n for right, n in counts], axis=0)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def mean_intervals(
    values: npt.NDArray[np.floating], seed: int = 0, *, draws: int = _DRAWS, level: float = 0.95
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the percentile bootstrap intervals of many means at once, the same examples drawn again for all of them.

    Args:
        values: ``float (example, ...)``.
        seed: the same seed gives the same intervals.
        draws: how many samples of the examples to draw with replacement.
        level: how often each interval is to hold its mean.

    Returns:
        The lower and the upper ends, each ``float64 (...)``.

    Raises:
        InputError: there are no examples.
    """
    n = len(values)
    if not n:
        raise InputError("There is nothing to draw intervals from: give at least one example.")
    # A draw with replacement is how often each example came: one product in place of copies of the array.
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws) / n
    means = (times @ values.reshape(n, -1).astype(np.float64)).reshape(draws, *values.shape[1:])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
