"""The app as a whole: its pages in their order, under one masthead."""

from __future__ import annotations

import gradio as gr

from sav_ui.api import endpoints
from sav_ui.host.page_host import PageHost
from sav_ui.host.quiet_blocks import QuietBlocks
from sav_ui.host.wiring import connect
from sav_ui.limits import limits
from sav_ui.pages.about import page as about_page
from sav_ui.pages.atlas import page as atlas_page
from sav_ui.pages.classify import page as classify_page
from sav_ui.pages.header import kept_work, masthead, project_menu, undo_bar
from sav_ui.pages.measure import page as measure_page
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import page as teach_page
from sav_ui.pages.vectors import page as vectors_page
from sav_ui.serving.pool import ModelPool
from sav_ui.session.store import SessionStore

__all__ = ["PAGES", "build", "lay_out"]

PAGES = (teach_page, classify_page, measure_page, atlas_page, vectors_page, about_page)
"""Each has a ``TITLE`` and a ``build(host)`` that lays it out; its own files hold all else."""


def build(models: ModelPool | None = None, store: SessionStore | None = None) -> gr.Blocks:
    """Build the app.

    Args:
        models: where models are loaded; a new one by default.
        store: where sessions are found again after a reload; a new place by default.
    """
    app = QuietBlocks(title="SAV Explorer", analytics_enabled=False, delete_cache=(600, 3600), fill_width=True)
    with app:
        if store is None:
            store = SessionStore(limit_bytes=limits().process_bytes)
        host = PageHost(models or ModelPool(), store)
        lay_out(host)
        connect(host, app)
        endpoints.build(host.models, host.memory)
    return app


def lay_out(host: PageHost) -> None:
    """Add every panel to a host, inside of the ``gr.Blocks`` that is being built."""
    with gr.Row(elem_id="top"):
        host.panel("masthead", masthead.show, fetch=project_menu.load_model, lively=True, where="model")
        host.panel(project_menu.PANEL, project_menu.show, act=project_menu.act, where=project_menu.WHERE)
    host.panel("word", masthead.word, act=teach.act, lively=True, where=project_menu.WHERE)
    kept_work.build(host)
    with gr.Tabs(elem_id="pages"):
        for page in PAGES:
            with gr.Tab(page.TITLE, id=page.TITLE.lower()):
                page.build(host)
    host.panel(undo_bar.PANEL, undo_bar.show, act=undo_bar.act, lively=True)
