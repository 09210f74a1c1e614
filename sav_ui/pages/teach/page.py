"""The Teach page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

import gradio as gr

from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.panels.host import Frame

__all__ = ["TITLE", "build"]

TITLE = "Teach"


def build(frame: Frame) -> None:
    """Lay the page out."""
    frame.stage("start", teach_view.start, act=teach.act, where="bench")
    with gr.Row(elem_id="teach", equal_height=False):
        with gr.Column(elem_id="left"):
            frame.stage("bench", teach_view.bench, act=teach.act, run=teach.run, lively=True)
        with gr.Column(elem_id="right"):
            frame.stage("findings", teach_view.findings, act=teach.act, run=teach.run, slides=("findings",), lively=True)
