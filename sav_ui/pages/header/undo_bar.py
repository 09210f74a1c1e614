"""Undo and Redo, in sight on every page while there is something to take back."""

from __future__ import annotations

from sav_ui.host.dispatch import dispatch
from sav_ui.pages.shared.actions import WORK
from sav_ui.panels.panel import Content, content, fill
from sav_ui.session.context import Context, Data
from sav_ui.session.history import MAX_BYTES, MAX_STEPS, Step
from sav_ui.session.session import Session

__all__ = ["PANEL", "act", "show"]

PANEL = "undo"
"""The panel, and the part of the page that says what was undone from here or by the keyboard."""


def act(context: Context, data: Data) -> None:
    """Do what the buttons ask for."""
    dispatch(WORK, context, data)


def show(session: Session) -> Content:
    """The two buttons, each with what it would do; nothing while there is nothing."""
    html = fill(
        "header/undo.html",
        undo=_words(session.to_undo),
        redo=_words(session.to_redo),
        most=MAX_STEPS,
        megabytes=MAX_BYTES >> 20,
        notice=session.notice_at(PANEL),
    )
    return content(html)


def _words(step: Step | None) -> str:
    """What a step was, to stand after a colon; empty without one."""
    return "" if step is None else f"{step.words[:1].lower()}{step.words[1:]}"
