"""The app as a whole: its pages in their order, under one masthead."""

from __future__ import annotations

import gradio as gr

from sav_ui import api
from sav_ui.pages.about import page as about_page
from sav_ui.pages.classify import page as classify_page
from sav_ui.pages.header import masthead, project_menu
from sav_ui.pages.measure import page as measure_page
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import page as teach_page
from sav_ui.pages.vectors import page as vectors_page
from sav_ui.panels.host import Frame
from sav_ui.serving import switching
from sav_ui.serving.pool import Shelf
from sav_ui.session.store import Visits

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
