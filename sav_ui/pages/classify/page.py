"""The Classify page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify import webcam as live
from sav_ui.panels.host import MODEL_QUEUE, QUIET, Frame, sent
from sav_ui.session.session import Visit

__all__ = ["TITLE", "build"]

TITLE = "Classify"


def build(frame: Frame) -> None:
    """Lay the page out."""
    frame.stage("tray", classify_view.tray, act=classify.act, lively=True, where=classify.WHERE)
    webcam = frame.stage("live", live.show, act=classify.act, where=classify.WHERE, events=("frame",))
    frame.stage(
        "answers",
        classify_view.answers,
        act=classify.act,
        run=classify.run,
        slides=("answers",),
        lively=True,
        where=classify.WHERE,
    )

    def on_frame(visit: Visit | None, event: gr.EventData) -> dict[str, Any]:
        visit = visit or Visit()
        frame.visits.touch(visit)
        live.look(visit, frame.shelf, sent(event))
        return live.show(visit)

    # "once": while a frame is on its way no other is sent, whatever the script says.
    webcam.frame(on_frame, frame.session, webcam, trigger_mode="once", **MODEL_QUEUE, **QUIET)
