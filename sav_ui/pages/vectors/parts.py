"""Lines that the panels of function vectors share: how far the work is, words with their probabilities, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sav_core.evaluation.metrics import wilson_interval
from sav_core.vectors import COMPOSED, INJECTED, Site
from sav_ui.panels.wording import percent, progress_bar
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

if TYPE_CHECKING:
    from sav_core.vectors import Outcome, RelationItem, WordShares

__all__ = ["answer_word", "at_site", "busy_at", "conditions", "doing", "progress_of", "word_bars"]

_BARS = 7  # words that are shown
_PANELS = {
    Kind.EFFECTS: "effects",
    Kind.VECTOR: "vector",
    Kind.TUNING: "tuning",
    Kind.ANALOGY: "analogy",
}


def busy_at(session: Session) -> str:
    """The panel whose work is under way, or waits for its turn; empty otherwise.

    A prompt that is answered in a moment is no such work: a button that it disabled would swallow a click, and what is
    asked for meanwhile comes after it.
    """
    task = session.work.at(*_PANELS)
    return "" if task is None else _PANELS[task.kind]


def progress_of(session: Session, kind: Kind, what: str) -> dict[str, Any] | None:
    """How far work of that kind is, in words; ``None`` when there is none, neither under way nor waiting for its turn."""
    task = session.work.at(kind)
    return None if task is None else progress_bar(task.progress, what, place=session.work.place_of(task))


def doing(session: Session) -> str:
    """The name of what the visitor has the model do, such as ``"judge"``; empty when it is at nothing of this page."""
    task = session.work.at(*_PANELS)
    return "" if task is None else task.name


def at_site(site: Site) -> str:
    """Where a vector is added, in words that are the same everywhere."""
    return f"after layer {site.layer} at scale {site.scale:g}"


def answer_word(words: WordShares, scale: float) -> dict[str, Any]:
    """The likeliest first word of the answer, at a scale and without the vector."""
    row = _row(words, scale)
    now, before = int(words.shares[row].argmax()), int(words.shares[0].argmax())
    return {
        "word": words.words[now],
        "share": percent(float(words.shares[row, now])),
        "before": words.words[before],
        "before_share": percent(float(words.shares[0, before])),
        "right": words.words[now] == words.wanted,
    }


def _row(words: WordShares, scale: float) -> int:
    """The row of the scale that was asked and is nearest."""
    return min(range(len(words.scales)), key=lambda row: abs(words.scales[row] - scale))


def word_bars(words: WordShares, scale: float, item: RelationItem) -> list[dict[str, Any]]:
    """Words with their probabilities before and after, always in the same order; what each is in the picture."""
    row = _row(words, scale)
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
