"""The Classify page."""

from __future__ import annotations

from typing import Any

from sav_ui.frame import Frame
from sav_ui.stage import fill, scene
from sav_ui.visit import Visit

__all__ = ["TITLE", "build"]

TITLE = "Classify"


def build(frame: Frame) -> None:
    """Lay the page out."""
    frame.stage("classify", _show)


def _show(visit: Visit) -> dict[str, Any]:
    return scene(fill("classify.html", taught=visit.fit is not None), visit.version())
