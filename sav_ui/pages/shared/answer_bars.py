"""An answer as the pages draw it: every label's share as a bar, every head's vote as a square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sav_ui.pages.shared.answers import Answer

__all__ = ["bars", "squares"]

_BARS = 6  # labels shown as bars; the rest is summed up


def bars(shares: Mapping[str, float], winner: str, *, in_place: bool = False) -> list[dict[str, Any]]:
    """Labels with their share of the vote; what is beyond the first few is one line.

    Args:
        shares: of every label.
        winner: the label that won.
        in_place: whether they stand in the labels' order, for shares that change while one looks; else most first.
    """
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    first, rest = (ordered, []) if len(ordered) <= _BARS else (ordered[: _BARS - 1], ordered[_BARS - 1 :])
    if in_place:
        places = {label: place for place, label in enumerate(shares)}
        first.sort(key=lambda pair: places[pair[0]])
    lines = [{"label": label, "percent": round(100 * share), "won": label == winner} for label, share in first]
    if rest:
        together = round(100 * sum(share for _, share in rest))
        lines.append({"label": f"{len(rest)} others", "percent": together, "won": False})
    return lines


def squares(answer: Answer) -> list[dict[str, Any]]:
    """The kept heads in their order, and whether each voted for the winner."""
    return [
        {"head": str(vote.head), "label": vote.label, "agrees": vote.label == answer.prediction.label}
        for vote in answer.prediction.votes
    ]
