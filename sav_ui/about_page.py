"""The About page: the same for everybody, so it is sent once and never again."""

from __future__ import annotations

from sav_ui.about_view import model_card, steps
from sav_ui.citations import CITATIONS
from sav_ui.frame import Frame
from sav_ui.stage import fill, scene, stage

__all__ = ["TITLE", "build"]

TITLE = "About"


def build(frame: Frame) -> None:
    """Lay the page out."""
    stage(scene(fill("about.html", **steps(), card=model_card(), citations=CITATIONS), version=1), "about")
