"""Examples whose label the heads doubt, and how the page says so: as the heads' doubt, which may be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sav_ui.pages.teach.state import TeachState
from sav_ui.session.project import Item, Project
from sav_ui.session.session import Session

__all__ = ["Doubt", "doubts", "warning"]

_TRUSTED = 0.7  # accuracy below which heads that disagree with a label say more about the heads
_MOVABLE = 0.8  # of the heads by which the own label must trail before a click to move the example is offered


@dataclass(frozen=True)
class Doubt:
    """One example that heads found without it give to another label, by a wide margin.

    Attributes:
        item: the example.
        other: the name of the label they give it.
        other_id: its identity.
        agreeing: how many heads name that label.
        own: how many name the example's own.
        heads: how many vote.
        trailing: what share of the heads the other label has more.
    """

    item: Item
    other: str
    other_id: str
    agreeing: int
    own: int
    heads: int
    trailing: float


def doubts(session: Session) -> dict[str, Doubt]:
    """What the heads that vote now doubt and the visitor has not settled, by the example's identity, worst first."""
    fit, settled = session.fit, session.state(TeachState).settled
    if fit is None or fit.left_out is None or session.due or fit.left_out.accuracy < _TRUSTED:
        return {}
    judged, here, found = fit.left_out, {item.id: item for item in session.project.items}, {}
    for place in judged.doubtful:
        item = here.get(fit.items[judged.rows[place]].id)
        if item is None or f"doubt-{item.id}" in settled:
            continue
        winner, named = judged.winner[place], judged.named[place]
        found[item.id] = Doubt(
            item=item,
            other=fit.labels[winner],
            other_id=fit.label_ids[winner],
            agreeing=int(named[winner]),
            own=int(named[judged.codes[place]]),
            heads=int(named.sum()),
            trailing=float(judged.trailing[place]),
        )
    return found


def warning(doubt: Doubt, project: Project) -> dict[str, Any]:
    """Return a doubt as a line of the page; a click to move the example only where hardly a head speaks for its label."""
    own = project.label(doubt.item.label).name
    fixes = [{"do": "fine", "item": f"doubt-{doubt.item.id}", "label": "", "words": "The label is right"}]
    if doubt.trailing >= _MOVABLE:
        move = {"do": "move", "item": doubt.item.id, "label": doubt.other_id, "words": f"Move it to “{doubt.other}”"}
        fixes.append(move)
    own_votes = "none" if not doubt.own else f"only {doubt.own}"
    return {
        "kind": "doubt",
        "key": f"doubt-{doubt.item.id}",
        "about": doubt.item,
        "text": f"The heads may be wrong, but {doubt.agreeing} of {doubt.heads} take “{doubt.item.name}” for "
        f"“{doubt.other}” when they learn without it, and {own_votes} for its label “{own}”.",
        "fixes": fixes,
    }
