"""Where the heads that point look in the picture that is shown in full: the box that the best few give, on the picture."""

from __future__ import annotations

from typing import Any

from sav_core.wording import percent
from sav_ui.pages.classify.state import ModelAnswer
from sav_ui.pages.shared.points import POINT, pointing_heads, stored_points, where_asked
from sav_ui.session.fit import Fit
from sav_ui.session.page_state import PageState
from sav_ui.session.session import Session

__all__ = ["WhereState", "where_shown"]


class WhereState(PageState):
    """Whether the box is drawn, as the visitor left the switch."""

    def __init__(self) -> None:
        self.on = False


def where_shown(session: Session, learned: ModelAnswer | None, fit: Fit) -> dict[str, Any]:
    """The switch, and with it on the picture with its box, or what is to be done before there is one."""
    on = session.state(WhereState).on
    found = pointing_heads(session, fit.read.geometry.shape[:2])
    told: dict[str, Any] = {"on": on, "views": [], "heads": "", "sure": "", "asked": None}
    if not on or learned is None or learned.looks is None:
        return told
    if found is None:
        return told | {"asked": where_asked(session)}
    best, stored = found.best(POINT), stored_points(session)
    return told | {
        "views": learned.looks.boxes_of(best),
        "heads": ", ".join(map(str, best)),
        "sure": _outcome(stored.outcome) if stored is not None and found is stored.heads else "",
    }


def _outcome(outcome: dict[str, Any]) -> str:
    """How far such a box is to be trusted, from drawn scenes that the heads were not chosen on."""
    return (
        f"Take it as rough: on {outcome['n']} drawn scenes the dot was on the right thing in {percent(outcome['hits'])}, "
        f"and the box and the right one had {percent(outcome['iou'])} in common (intersection over union)."
    )
