"""The About page: the same for everybody, so it is sent once and never again."""

from __future__ import annotations

from sav_ui.host.page_host import PageHost
from sav_ui.pages.about.citations import CITATIONS
from sav_ui.pages.about.view import model_card
from sav_ui.pages.shared.drawings import steps
from sav_ui.panels.panel import content, fill, panel

__all__ = ["TITLE", "build"]

TITLE = "About"


def build(host: PageHost) -> None:
    """Lay the page out."""
    html = fill("about/page.html", **steps(), card=model_card(), citations=CITATIONS)
    panel({**content(html), "version": 1}, "about")
