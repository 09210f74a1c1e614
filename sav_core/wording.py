"""Shares in words, written alike on the page, on a terminal, in reports and in figures."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["percent", "percent_range", "unbroken_percent"]


def percent(share: float, digits: int = 0) -> str:
    """A share as it is written everywhere, "55 %": a number, a space, the sign."""
    return f"{100 * share:.{digits}f} %"


def unbroken_percent(share: float, digits: int = 0) -> str:
    """The same for a page, on which no line ends between a number and its sign."""
    return percent(share, digits).replace(" ", "\u00a0")


def percent_range(ends: Sequence[float], digits: int = 0) -> str:
    """From one share to another, such as an interval: "74 to 90 %"."""
    low, high = ends
    return f"{100 * low:.{digits}f} to {percent(high, digits)}"
