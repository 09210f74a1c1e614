"""The webcam of the Classify page: its picture, and beside it what the latest frames are taken for."""

from __future__ import annotations

from typing import Any

from sav_ui.pages.classify.state import WHERE
from sav_ui.pages.shared.answer_bars import bars, squares
from sav_ui.pages.shared.answers import percent
from sav_ui.pages.shared.live_window import window_of
from sav_ui.pages.shared.webcam import Seen, WebcamState, seen
from sav_ui.panels.panel import Content, content, fill
from sav_ui.session.session import Session

__all__ = ["show"]


def show(session: Session) -> Content:
    """The webcam's picture, and beside it what it shows."""
    frame, now = session.state(WebcamState).at(WHERE), seen(session, WHERE)
    html = fill(
        "classify/live.html",
        serial=frame.serial,
        refused=frame.refused,
        answer=None if now is None else _shown(now),
        window=None if session.current_fit is None else window_of(session.project),
    )
    return content(html)


def _shown(now: Seen) -> dict[str, Any]:
    """The labels keep their places while one looks."""
    return {
        "label": now.label,
        "none": now.none,
        "percent": percent(now.acceptance),
        "bars": bars(now.shares, now.label, in_place=True),
        "squares": squares(now.latest),
    }
