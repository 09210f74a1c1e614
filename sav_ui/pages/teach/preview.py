"""The webcam beside the label cards: what the heads take it for while one teaches, and pictures of it for each label."""

from __future__ import annotations

from typing import Any

from sav_ui.pages.shared.answers import percent
from sav_ui.pages.shared.live_window import window_of
from sav_ui.pages.shared.webcam import Seen, WebcamState, seen
from sav_ui.pages.teach.state import WHERE
from sav_ui.panels.panel import Content, content, fill
from sav_ui.session.project import Label
from sav_ui.session.session import Session

__all__ = ["PANEL", "show"]

PANEL = "preview"


def show(session: Session) -> Content:
    """The webcam's picture, the labels' shares, and a button for each label that takes pictures while it is held."""
    frame, now, taught = session.state(WebcamState).at(WHERE), seen(session, WHERE), session.current_fit is not None
    html = fill(
        "teach/preview.html",
        serial=frame.serial,
        refused=frame.refused if taught else "",  # without heads nothing is asked
        taught=taught,
        learns=session.finds_heads,
        answer=None if now is None else {"label": now.label, "none": now.none, "percent": percent(now.acceptance)},
        labels=[_line(label, now) for label in session.project.labels],
        window=window_of(session.project),
    )
    return content(html)


def _line(label: Label, now: Seen | None) -> dict[str, Any]:
    share = None if now is None else now.shares.get(label.name)
    return {
        "id": label.id,
        "name": label.name,
        "percent": None if share is None else round(100 * share),
        "won": now is not None and not now.none and label.name == now.label,
    }
