"""When two numbers that come from head vectors count as equal: one rule, which follows the precision of the model.

    ties = ties_of(vectors.dtype)
    ties.round(cosines)                          # before anything is compared

The same picture gives slightly different vectors in another batch, on another device or after another order of adding.
With the demo model in float32 a vector moves by 16 machine epsilons of its length (median; 140 at worst) and a cosine by 6
(28 at worst). Compared as they are, such numbers rank heads by noise: above all heads that ignore the picture, whose
vectors of all examples agree to five digits and whose cosines, all of them 1, differed in the tenth decimal alone.

So cosines, margins and probabilities are rounded to a fixed grid and compared there. Being a grid, it keeps "equal"
transitive; what is then equal is decided by documented orders (first label, lower layer, lower head).

How coarse the grid may be has two sides. Noise of relative size eps enters a cosine of angle a as ``eps sin(a)``, so a
grid of 8 eps is of its size: six decimals in float32. In half precision that would be 0.06, and heads that know the labels
may differ in the third decimal of a cosine only; there the grid stops at four decimals. That still covers a head whose
vectors are one vector up to rounding, for near a cosine of 1 noise is of second order: eps squared, 0.00006 in bfloat16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError

__all__ = ["EXACT", "FINEST", "Ties", "ties_of"]

FINEST = 10
"""Decimals that double precision keeps after the sums made here; files of an earlier version compare at these."""

_COARSEST = 4
_EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_COSINE_NOISE = 8  # epsilons


@dataclass(frozen=True)
class Ties:
    """A grid on which cosines and probabilities are compared.

    Attributes:
        decimals: of the grid.
    """

    decimals: int = FINEST

    @property
    def step(self) -> float:
        """The grid's step; unit vectors whose squared distance is below it have a cosine that rounds to 1."""
        return 10.0**-self.decimals

    def round(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the values on the grid."""
        return np.asarray(np.round(np.asarray(values, dtype=np.float64), self.decimals), dtype=np.float64)

    def units(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return values that lie on the grid as whole numbers of its step, in which sums are exact."""
        return np.rint(np.asarray(values, dtype=np.float64) * 10.0**self.decimals).astype(np.int64)

    def mean(self, total: npt.ArrayLike, count: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return ``total / count`` on the grid, halves upwards; exact, so in whatever order the total was summed.

        Args:
            total: sums of ``units``.
            count: of how many; positive.
        """
        total, count = np.asarray(total, dtype=np.int64), np.asarray(count, dtype=np.int64)
        whole = ((2 * total + count) // (2 * count)).astype(np.float64)
        return np.asarray(whole / 10.0**self.decimals)


EXACT = Ties()
"""The finest grid: of double precision, and of files of an earlier version."""


def ties_of(dtype: str) -> Ties:
    """Return the grid for vectors of a model that computed in ``dtype``, such as ``"float32"``.

    Raises:
        InputError: no floating-point type of that name is known.
    """
    if dtype not in _EPSILON:
        known = ", ".join(_EPSILON)
        raise InputError(f"Head vectors are computed in one of {known}, but these in {dtype!r}: load the model in one.")
    decimals = math.floor(-math.log10(_COSINE_NOISE * _EPSILON[dtype]))
    return Ties(min(max(decimals, _COARSEST), FINEST))
