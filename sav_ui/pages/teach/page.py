"""The Teach page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

import gradio as gr

from sav_ui.host.page_host import PageHost
from sav_ui.pages.shared import points, webcam
from sav_ui.pages.teach import keeping, preview, view
from sav_ui.pages.teach.actions import act
from sav_ui.pages.teach.run import run
from sav_ui.pages.teach.state import WHERE

__all__ = ["TITLE", "build"]

TITLE = "Teach"


def build(host: PageHost) -> None:
    """Lay the page out."""
    host.keeps(keeping.NAME, keeping.KEEPER)
    host.panel("start", view.start, act=act, where=WHERE)
    with gr.Row(elem_id="teach", equal_height=False):
        with gr.Column(elem_id="left"):
            host.panel("bench", view.bench, act=act, run=run, lively=True, where=WHERE)
        with gr.Column(elem_id="right"):
            webcam.panel(host, preview.PANEL, preview.show, act, WHERE)
            slides = ("findings", "bench")
            host.panel(
                "findings", view.findings, act=act, run=run, asks=points.ASKS, slides=slides, lively=True, where=WHERE
            )
