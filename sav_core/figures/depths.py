"""The figure of depth: accuracy when heads come from the first layers only, and the time of a forward that stops there."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from sav_core.evaluation.depths import DepthCurve
from sav_core.figures.style import BAND, LINE, LINES, here, interval_words, layout, percent_axis, tick_step
from sav_core.wording import percent

__all__ = ["DEPTH_HEIGHT", "depth_figure"]

DEPTH_HEIGHT = 244
"""In pixels."""


def depth_figure(curve: DepthCurve, depth: int) -> go.Figure:
    """Draw accuracy with its 95 % interval, and time as a share of that of all layers, against the number of layers.

    Args:
        curve: both.
        depth: how many layers heads come from now; it is marked.
    """
    layers = np.arange(1, len(curve.right) + 1)
    low, high = np.array(curve.intervals).T
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    told = [[count, interval_words(*ends)] for count, *ends in zip(curve.right.tolist(), low, high, strict=True)]
    figure = go.Figure(
        [
            go.Scatter(x=layers, y=high, **band),
            go.Scatter(x=layers, y=low, fill="tonexty", fillcolor=BAND, **band),
            go.Scatter(
                x=layers,
                y=curve.accuracy,
                name="right when left out",
                customdata=told,
                text=[percent(share, 1) for share in curve.accuracy],
                mode="lines+markers",
                line={"color": LINE, "width": 2.5},
                marker={"size": 6},
                cliponaxis=False,
                hovertemplate=(
                    f"<b>first layers: %{{x}}</b><br>%{{text}} (%{{customdata[0]}} of {curve.n})<br>"
                    "%{customdata[1]}<extra></extra>"
                ),
            ),
            go.Scatter(
                x=layers,
                y=curve.time,
                name="time" if curve.timed else "time, by the share of layers",
                text=[percent(share) for share in curve.time],
                mode="lines",
                line={"color": LINES[1], "width": 2, "dash": "dash"},
                hovertemplate="<b>first layers: %{x}</b><br>%{text} of the time of all layers<extra></extra>",
            ),
            here(depth, float(curve.accuracy[depth - 1])),
        ]
    )
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}
    figure.update_layout(**layout(right=14, top=34), height=DEPTH_HEIGHT, legend=legend, showlegend=True)
    figure.update_xaxes(
        title={"text": "layers that heads come from", "font": {"size": 12}},
        dtick=tick_step(len(layers)),
        range=[1, len(layers)],
        showgrid=False,
    )
    figure.update_yaxes(**percent_axis())
    return figure
