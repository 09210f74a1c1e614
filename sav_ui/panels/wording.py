"""Shares in words: every page writes them alike."""

from __future__ import annotations

__all__ = ["percent"]


def percent(share: float) -> str:
    """A share as whole per cent, "55 %"."""
    return f"{share:.0%}".replace("%", " %")
