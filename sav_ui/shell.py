"""The app as a whole: its pages in their order, under one masthead."""

from __future__ import annotations

import gradio as gr

from sav_ui import (
    about_page,
    api,
    classify_page,
    masthead,
    measure_page,
    project_menu,
    switching,
    teach,
    teach_page,
    vectors_page,
)
from sav_ui.frame import Frame
from sav_ui.models import Shelf
from sav_ui.visits import Visits

__all__ = ["PAGES", "build"]

PAGES = (teach_page, classify_page, measure_page, vectors_page, about_page)
"""Each has a ``TITLE`` and a ``build(frame)`` that lays it out; its own files hold all else."""


def build(shelf: Shelf | None = None, visits: Visits | None = None) -> gr.Blocks:
    """Build the app.

    Args:
        shelf: where models are loaded; a new one by default.
        visits: where sessions are found again after a reload; a new place by default.
    """
    with gr.Blocks(title="SAV Explorer", analytics_enabled=False, delete_cache=(600, 3600), fill_width=True) as app:
        frame = Frame(shelf or Shelf(), visits or Visits())
        with gr.Row(elem_id="top"):
            frame.stage("masthead", masthead.show, fetch=switching.load, lively=True, where="model")
            frame.stage("project", project_menu.show, act=project_menu.act)
        frame.stage("word", masthead.word, act=teach.act, lively=True, where="project")
        with gr.Tabs(elem_id="pages"):
            for page in PAGES:
                with gr.Tab(page.TITLE, id=page.TITLE.lower()):
                    page.build(frame)
        frame.connect(app)
        api.build(frame.shelf)
    return app
