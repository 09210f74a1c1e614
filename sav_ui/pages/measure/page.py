"""The Measure page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

from sav_ui.host.page_host import PageHost
from sav_ui.pages.measure import keeping, uses, view
from sav_ui.pages.measure.actions import act
from sav_ui.pages.measure.run import MEASURING, run
from sav_ui.pages.measure.state import PANEL, WHERE
from sav_ui.session.work import Kind

__all__ = ["TITLE", "build"]

TITLE = "Measure"


def build(host: PageHost) -> None:
    """Lay the page out."""
    host.keeps(keeping.NAME, keeping.KEEPER)
    host.panel(PANEL, view.setup, act=act, run=run, asks={"measure": MEASURING[0]}, lively=True, where=WHERE)
    host.panel("report", view.report, act=act, where=WHERE)
    host.panel("uses", uses.show, act=act, run=uses.run, asks={"uses": Kind.KNOCK_OUT}, lively=True, where=WHERE)
