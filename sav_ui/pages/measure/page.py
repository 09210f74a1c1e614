"""The Measure page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import WHERE
from sav_ui.panels.host import Frame

__all__ = ["TITLE", "build"]

TITLE = "Measure"


def build(frame: Frame) -> None:
    """Lay the page out."""
    frame.stage("gauge", measure_view.gauge, act=measure.act, run=measure.run, lively=True, where=WHERE)
    frame.stage("report", measure_view.report, act=measure.act, where=WHERE)
