"""The page Function vectors: where its parts stand, and who handles what is done there."""

from __future__ import annotations

import gradio as gr

from sav_ui.pages.vectors import actions as vectors
from sav_ui.pages.vectors import analogy_view, effects_view
from sav_ui.pages.vectors import relation_view as vectors_view
from sav_ui.pages.vectors.run import run
from sav_ui.panels.host import Frame

__all__ = ["TITLE", "build"]

TITLE = "Function vectors"


def build(frame: Frame) -> None:
    """Lay the page out."""
    with gr.Row(elem_id="vectors-top", elem_classes=["vectors-pair"], equal_height=False):
        with gr.Column():
            frame.stage("relations", vectors_view.relations, act=vectors.act)
        with gr.Column():
            frame.stage("effects", effects_view.effects, act=vectors.act, run=run, slides=("effects",), lively=True)
    frame.stage("vector", vectors_view.vector, act=vectors.act, run=run, slides=("vector", "effects"), lively=True)
    with gr.Row(elem_id="vectors-bottom", elem_classes=["vectors-pair"], equal_height=False):
        with gr.Column():
            frame.stage("tuning", vectors_view.tuning, act=vectors.act, run=run, lively=True)
        with gr.Column():
            frame.stage("analogy", analogy_view.analogy, act=vectors.act, run=run, lively=True)
