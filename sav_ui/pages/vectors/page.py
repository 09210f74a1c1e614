"""The page Function vectors: where its parts stand, and who handles what is done there."""

from __future__ import annotations

import gradio as gr

from sav_ui.host.page_host import PageHost
from sav_ui.pages.vectors.actions import act
from sav_ui.pages.vectors.analogy_view import analogy
from sav_ui.pages.vectors.effects_view import effects
from sav_ui.pages.vectors.relation_view import relations
from sav_ui.pages.vectors.run import ASKS, run
from sav_ui.pages.vectors.state import PANEL, WHERE
from sav_ui.pages.vectors.tuning_view import tuning
from sav_ui.pages.vectors.vector_view import vector

__all__ = ["TITLE", "build"]

TITLE = "Function vectors"


def build(host: PageHost) -> None:
    """Lay the page out."""
    with gr.Row(elem_id="vectors-top", elem_classes=["vectors-pair"], equal_height=False):
        with gr.Column():
            host.panel(WHERE, relations, act=act, lively=True)
        with gr.Column():
            host.panel("effects", effects, act=act, run=run, asks=ASKS, slides=("effects", WHERE), lively=True, where=WHERE)
    host.panel(PANEL, vector, act=act, run=run, asks=ASKS, slides=(PANEL, "effects", WHERE), lively=True, where=WHERE)
    with gr.Row(elem_id="vectors-bottom", elem_classes=["vectors-pair"], equal_height=False):
        with gr.Column():
            host.panel("tuning", tuning, act=act, run=run, asks=ASKS, lively=True, where=WHERE)
        with gr.Column():
            host.panel("analogy", analogy, act=act, run=run, asks=ASKS, lively=True, where=WHERE)
