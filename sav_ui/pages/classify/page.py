"""The Classify page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

from sav_ui.host.page_host import PageHost
from sav_ui.pages.classify import keeping, live, opened, view
from sav_ui.pages.classify.actions import act
from sav_ui.pages.classify.run import run
from sav_ui.pages.classify.state import PANEL, WHERE
from sav_ui.pages.shared import points, webcam
from sav_ui.session.work import Kind

__all__ = ["TITLE", "build"]

TITLE = "Classify"


def build(host: PageHost) -> None:
    """Lay the page out."""
    host.keeps(keeping.NAME, keeping.KEEPER)
    host.panel("opened", opened.show, act=opened.act, run=opened.run, lively=True, where=WHERE)
    host.panel("tray", view.tray, act=act, lively=True, where=WHERE)
    webcam.panel(host, "live", live.show, act, WHERE)
    asks = {"insight": Kind.ASK_MODEL, **points.ASKS}
    host.panel(PANEL, view.answers, act=act, run=run, asks=asks, slides=(PANEL,), lively=True, where=WHERE)
