"""The Classify page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

import gradio as gr

from sav_ui.host.page_host import MODEL_QUEUE, QUIET, Outputs, PageHost, caller_of, received, token_of
from sav_ui.pages.classify import keeping, opened, view, webcam
from sav_ui.pages.classify.actions import act
from sav_ui.pages.classify.run import run
from sav_ui.pages.classify.state import PANEL, WHERE
from sav_ui.serving.callers import calling
from sav_ui.session.context import Context
from sav_ui.session.work import Kind

__all__ = ["TITLE", "build"]

TITLE = "Classify"


def build(host: PageHost) -> None:
    """Lay the page out."""
    host.keeps(keeping.NAME, keeping.KEEPER)
    host.panel("opened", opened.show, act=opened.act, run=opened.run, lively=True, where=WHERE)
    host.panel("tray", view.tray, act=act, lively=True, where=WHERE)
    live = host.panel("live", webcam.show, act=act, where=WHERE, events=("frame",))
    host.panel(
        PANEL, view.answers, act=act, run=run, asks={"insight": Kind.ASK_MODEL}, slides=(PANEL,), lively=True, where=WHERE
    )

    def on_frame(name: str | None, request: gr.Request, event: gr.EventData) -> Outputs:
        tab = host.known(name, token_of(request))
        with calling(caller_of(tab, request)):
            webcam.look(Context(tab.session, host.models, WHERE), received(event))
        return host.as_sent(host.shown(tab, ("live",), always="live"))

    # "once": while a frame is on its way no other is sent, whatever the script says.
    live.frame(on_frame, host.tab, host.outputs_for("live"), trigger_mode="once", **MODEL_QUEUE, **QUIET)
