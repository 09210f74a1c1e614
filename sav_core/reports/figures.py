"""Every figure of a measurement, by name: the same on the page and in the report."""

from __future__ import annotations

import plotly.graph_objects as go

from sav_core.figures.evaluation import calibration_figure, dot_plot, roc_figure, selective_figure, sweep_figure
from sav_core.reports.measurement import Measurement
from sav_core.reports.wording import SWEPT

__all__ = ["figures"]


def figures(found: Measurement) -> dict[str, go.Figure]:
    """Return every figure that there is, by its name in ``sav_core.reports.wording.SECTIONS``."""
    drawn = {}
    if found.baselines is not None:
        drawn["baselines"] = dot_plot(found.beside.judged, found.chance)
    if found.rules is not None and found.rules.judged:
        drawn["rules"] = dot_plot(found.rules.judged, found.chance)
    if found.sweeps is not None:
        drawn["by_heads"] = sweep_figure(found.sweeps["heads"], SWEPT["heads"], found.about.heads, found.chance)
        if len(found.sweeps["shots"]) > 1:
            drawn["by_shots"] = sweep_figure(found.sweeps["shots"], SWEPT["shots"], None, found.chance)
    if found.trust is not None:
        drawn["calibration"] = calibration_figure(found.trust.diagram)
        drawn["selective"] = selective_figure(found.trust.selective)
    if found.unknown is not None:
        drawn["unknown"] = roc_figure(found.unknown.roc)
    return drawn
