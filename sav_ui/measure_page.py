"""The Measure page: where its parts stand, and who handles what is done there."""

from __future__ import annotations

from sav_ui import measure, measure_view
from sav_ui.frame import Frame
from sav_ui.measuring import WHERE

__all__ = ["TITLE", "build"]

TITLE = "Measure"


def build(frame: Frame) -> None:
    """Lay the page out."""
    frame.stage("gauge", measure_view.gauge, act=measure.act, run=measure.run, lively=True, where=WHERE)
    frame.stage("report", measure_view.report, act=measure.act, where=WHERE)
