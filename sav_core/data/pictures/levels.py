"""Which values are black and which are white: one rule for all pictures of a set whose values have more than eight bits.

    levels = decide([picture.spread for picture in pictures])     # Levels: uint16 from 0 to 4095
    levels.apply(values, "uint16")                                # uint8

A detector of 12 bits fills a sixteenth of a 16-bit file. So the rule is taken from the values themselves, for a set at
once: what is equal in two of its pictures stays equal. Black is 0 and white the largest value of so many bits (8, 9, ...)
as hold all but the brightest 0.4 % of the set; the values' own range is taken where it fills less than a quarter of that,
and where there are negative values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Levels", "Spread", "decide", "range_for", "scaled", "spread_of"]

_STEPS = 250  # quantiles are kept in steps of 0.4 %, and the outermost step is what may be clipped
_SAMPLED = 1 << 16  # values of a picture that its quantiles are taken from
_LEAST_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of one picture lie.

    Attributes:
        kind: of number, such as ``"uint16"``.
        quantiles: of the values in steps of 0.4 %, from the least to the largest.
    """

    kind: str
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Levels:
    """What is black and what is white for each kind of number; see ``range_for`` for a kind that is not named.

    Attributes:
        ranges: ``(kind, black, white)``, by kind.
    """

    ranges: tuple[tuple[str, float, float], ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{kind} from {black:g} to {white:g}" for kind, black, white in self.ranges)

    def range_of(self, kind: str) -> tuple[float, float] | None:
        """Return black and white of a kind of number, if they were decided."""
        return next(((black, white) for name, black, white in self.ranges if name == kind), None)

    def as_dict(self) -> dict[str, tuple[float, float]]:
        """Return black and white by kind."""
        return {kind: (black, white) for kind, black, white in self.ranges}

    @classmethod
    def from_dict(cls, ranges: Mapping[str, tuple[float, float]]) -> Levels:
        """Return what ``as_dict`` gave."""
        return cls(tuple((kind, black, white) for kind, (black, white) in sorted(ranges.items())))


def spread_of(values: npt.NDArray[np.generic], kind: str, nodata: float | None = None) -> Spread:
    """Say how the values of a picture lie; what is not finite, and what stands for no value, does not count."""
    flat = values.reshape(-1)
    known = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
    if nodata is not None:
        known = known[known != nodata]
    if not known.size:
        return Spread(kind, (0.0,) * (_STEPS + 1))
    sample = known[:: max(1, known.size // _SAMPLED)].astype(np.float64)
    quantiles = np.quantile(sample, np.linspace(0, 1, _STEPS + 1))
    quantiles[0], quantiles[-1] = known.min(), known.max()
    return Spread(kind, tuple(quantiles.tolist()))


def decide(spreads: Iterable[Spread]) -> Levels:
    """Decide for a set of pictures what is black and what is white, for each kind of number apart."""
    kinds: dict[str, list[tuple[float, ...]]] = {}
    for spread in spreads:
        kinds.setdefault(spread.kind, []).append(spread.quantiles)
    ranges = ((kind, _range(kind, np.array(rows))) for kind, rows in sorted(kinds.items()))
    return Levels(tuple((kind, black, white) for kind, (black, white) in ranges))


def range_for(spread: Spread, levels: Levels | None) -> tuple[float, float]:
    """Return black and white of a picture.

    Args:
        spread: of its values.
        levels: of its set; a kind that they do not name is decided from this picture alone. Without any, unsigned 16-bit
            keeps its whole range, and the others run over the smallest of 0..1, 0..255 and 0..65535 that holds all their
            values, else from their minimum to their maximum.
    """
    if levels is not None:
        known = levels.range_of(spread.kind)
        return _range(spread.kind, np.array([spread.quantiles])) if known is None else known
    whole = {"uint12": 4095.0, "uint16": 65535.0}.get(spread.kind)
    if whole is not None:
        return 0.0, whole
    least, most = spread.quantiles[0], spread.quantiles[-1]
    ceiling = next((ceiling for ceiling in (1.0, 255.0, 65535.0) if least >= 0 and most <= ceiling), None)
    return (least, most) if ceiling is None else (0.0, ceiling)


def scaled(values: npt.NDArray[np.generic], black: float, white: float) -> npt.NDArray[np.uint8]:
    """Scale to 0..255; what lies outside is clipped, and what is not a number is black."""
    if values.dtype == np.uint8 and (black, white) == (0.0, 255.0):
        return values.astype(np.uint8)
    known = np.nan_to_num(values.astype(np.float64), nan=black, posinf=black, neginf=black)
    shares = (np.clip(known, black, max(white, black)) - black) * (255 / ((white - black) or 1.0))
    return np.rint(shares).astype(np.uint8)


def _range(kind: str, rows: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Black and white of the quantiles ``(picture, step)`` of a set."""
    low, high = (float(end) for end in np.quantile(rows, [1 / _STEPS, 1 - 1 / _STEPS]))
    least, most = float(rows.min()), float(rows.max())
    if least < 0:
        return (low, high) if low < high else (least, most if least < most else least + 1.0)
    ceilings = (1.0, 255.0, 65535.0) if kind.startswith("float") else tuple(2.0**bits - 1 for bits in range(8, 65))
    white = next((ceiling for ceiling in ceilings if high <= ceiling), max(most, 1.0))
    return (low, high) if 0 < high - low < _LEAST_SHARE * white else (0.0, white)
