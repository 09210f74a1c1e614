"""Lines that the panels of function vectors share: how far the work is, words with their probabilities, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.vectors import COMPOSED, INJECTED
from sav_ui.pages.vectors.state import Lab

if TYPE_CHECKING:
    from sav_core.vectors import Outcome, RelationItem, WordShares

__all__ = ["conditions", "progress_of", "word_bars"]

_BARS = 7  # words that are shown


def progress_of(lab: Lab, where: str, what: str) -> dict[str, Any] | None:
    """How far the work at that place is, in words; ``None`` when the model is at work elsewhere or not at all."""
    if lab.busy != where:
        return None
    progress = lab.progress
    if progress is None or not progress.total:
        return {"percent": 0, "words": "Starting …"}
    words, left = f"{progress.done} of {progress.total} {what}", progress.seconds_left
    if progress.done and progress.done < progress.total:
        words += f", {left:.0f} s left" if left >= 1 else ", less than a second left"
    return {"percent": round(100 * progress.done / progress.total), "words": words}


def word_bars(words: WordShares, scale: float, item: RelationItem) -> list[dict[str, Any]]:
    """Words with their probabilities before and after, always in the same order; what each is in the picture."""
    row = min(range(len(words.scales)), key=lambda row: abs(words.scales[row] - scale))
    roles = {name: relation for relation, name in item.others.items()} | {item.anchor: "what was asked about"}
    if words.wanted is not None:  # the answer's first word may be all that the model says of it so far
        roles[words.wanted] = item.relation
    lines = [
        {
            "word": word,
            "before": round(100 * float(words.shares[0, column])),
            "after": round(100 * float(words.shares[row, column])),
            "right": word == words.wanted,
            "role": roles.get(word, ""),
            "first": column == int(words.shares[row].argmax()),
        }
        for column, word in enumerate(words.words)
    ]
    return [line for rank, line in enumerate(lines) if rank < _BARS or line["right"]]


def conditions(judged: Mapping[str, Outcome]) -> list[dict[str, Any]]:
    """Outcomes with their intervals, as lines with bars."""
    lines = []
    for name, outcome in judged.items():
        low, high = wilson_interval(outcome.right, outcome.n)
        lines.append(
            {
                "name": name,
                "percent": round(100 * outcome.accuracy),
                "low": round(100 * low),
                "high": round(100 * high),
                "n": outcome.n,
                "own": name in (INJECTED, COMPOSED),
            }
        )
    return lines
