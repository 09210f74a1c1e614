"""The About page: the same for everybody, so it is sent once and never again."""

from __future__ import annotations

from sav_ui.pages.about.citations import CITATIONS
from sav_ui.pages.about.view import model_card, steps
from sav_ui.panels.host import Frame
from sav_ui.panels.panel import fill, scene, stage

__all__ = ["TITLE", "build"]

TITLE = "About"


def build(frame: Frame) -> None:
    """Lay the page out."""
    stage(scene(fill("about/page.html", **steps(), card=model_card(), citations=CITATIONS), version=1), "about")
