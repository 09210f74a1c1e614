"""The Atlas page: where its one panel stands, and who handles what is done there."""

from __future__ import annotations

from sav_ui.host.page_host import PageHost
from sav_ui.pages.atlas import view
from sav_ui.pages.atlas.actions import act
from sav_ui.pages.atlas.run import run
from sav_ui.pages.atlas.state import PANEL, WHERE
from sav_ui.pages.shared.points import ASKS
from sav_ui.session.work import Kind

__all__ = ["TITLE", "build"]

TITLE = "Atlas"


def build(host: PageHost) -> None:
    """Lay the page out."""
    asks = {"read_ready": Kind.READ_TASKS, "try_heads": Kind.TRY_HEADS, **ASKS}
    host.panel(PANEL, view.show, act=act, run=run, asks=asks, lively=True, where=WHERE)
