"""A picture's values -> which of them stands for no value at all, as -9999 does in maps of heights.

    missing_in(np.array([-9999.0, 200.0, 850.0]), told=None)       # Missing(value=-9999.0, told=False)

A file may say so itself, in the tag that GDAL writes. Where it does not, an end of the values is taken for such a one where
it lies so far from all others that they would share a few shades; less far where it is a number that is often used for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Missing", "missing_in"]

_ENORMOUS = 1e19  # as no measured value is, but the fill value of netCDF, 9.97e36
_SIXTEEN = (-32768.0, -32767.0)  # the smallest of 16 bits, which stay so in a file of floats
_FAR = 4.0  # times as far from the others as those reach
_FAR_IF_USUAL = 0.25


@dataclass(frozen=True, slots=True)
class Missing:
    """The value that stands for none.

    Attributes:
        value: it, or ``None`` where those are the only ones that are not numbers.
        told: whether the file says so.
    """

    value: float | None
    told: bool

    @property
    def remark(self) -> tuple[str, str]:
        """What is to be said of it: ``(kind, sentence without its full stop)``."""
        if self.value is None:
            return "nodata", "Values that are no numbers (NaN or infinite) are black and do not count for the scale"
        if self.told:
            return (
                "nodata",
                f"{self.value:g} stands for no value, as the file says: it is black and does not count for the scale",
            )
        return (
            "nodata",
            f"{self.value:g} lies far from all other values, so that it stands for none is a guess: it is black and does "
            "not count for the scale",
        )


def missing_in(values: npt.NDArray[np.generic], told: float | None) -> Missing | None:
    """Find the value that stands for none among a picture's values, if there is one.

    Args:
        values: of any kind of number.
        told: the value that the file names.
    """
    flat = values.reshape(-1)
    known = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    if told is not None and known.size:
        with np.errstate(over="ignore", invalid="ignore"):  # a text of eight digits may lie just beyond a 32-bit float
            stored = float(np.float64(told).astype(flat.dtype)) if flat.dtype.kind == "f" else told
        if float(known.min()) <= stored <= float(known.max()) and bool((known == stored).any()):
            return Missing(stored, told=True)
    if known.size:
        least, most = known.min(), known.max()
        for end in (least, most):
            if (float(end) < 0 or float(end) >= _ENORMOUS) and _is_alone(end, known):
                return Missing(float(end), told=False)
    return _no_numbers(flat, known)


def _no_numbers(flat: npt.NDArray[np.generic], known: npt.NDArray[np.generic]) -> Missing | None:
    return Missing(None, told=False) if 0 < known.size < flat.size else None


def _is_alone(end: np.generic, known: npt.NDArray[np.generic]) -> bool:
    rest = known[known != end]
    low, high = (float(rest.min()), float(rest.max())) if rest.size else (0.0, 0.0)
    away = max(low - float(end), float(end) - high)
    return low < high and away > (_FAR_IF_USUAL if _is_usual(end) else _FAR) * (high - low)


def _is_usual(end: np.generic) -> bool:
    """Whether a number often stands for no value: nines alone, one of the smallest that are, or an enormous one."""
    value, bits = float(end), 8 * end.dtype.itemsize
    if abs(value) >= _ENORMOUS or value in _SIXTEEN or re.fullmatch(r"-99+(\.[09]+)?", f"{value:.6g}"):
        return True
    return end.dtype.kind == "i" and bits > 8 and value <= 2.0 - 2.0 ** (bits - 1)
