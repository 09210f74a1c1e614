"""Arrays to Plotly figures: one palette, exact values on hover, readable on light and dark and by colour-blind eyes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from sav_core.records import Head, HeadScores

__all__ = ["SEQUENTIAL", "head_heatmap"]

SEQUENTIAL = ["#f4f1ea", "#cfe3df", "#93c9c6", "#4fa3ad", "#22789b", "#1c4d80", "#1d2457"]
"""From nothing to everything: lightness falls evenly from sand to ink, so it also reads in grey."""

_OUTLINE = "#e8590c"
_NEUTRAL = "#7b7f87"  # text and lines with contrast of 4 : 1 on white and on near-black alike
_NUMBERED = 30  # more kept heads than this are outlined only: their numbers would not be readable


def head_heatmap(scores: HeadScores, kept: Sequence[Head], *, title: str = "") -> go.Figure:
    """Draw the accuracy of every head, layers upwards and heads to the right, the kept ones outlined and numbered.

    Args:
        scores: of every head.
        kept: the heads that vote, best first.
        title: what the accuracies are of.
    """
    layers, heads = scores.correct.shape
    rank = np.empty((layers, heads), dtype=int)
    for place, head in enumerate(scores.ranking, start=1):
        rank[head.layer, head.index] = place
    figure = go.Figure(
        go.Heatmap(
            z=scores.accuracy,
            customdata=np.dstack([scores.correct, scores.margin, rank]),
            colorscale=[[place / (len(SEQUENTIAL) - 1), colour] for place, colour in enumerate(SEQUENTIAL)],
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            colorbar={"title": {"text": "accuracy"}, "tickformat": ".0%", "thickness": 12, "outlinewidth": 0},
            hovertemplate=(
                "<b>layer %{y}, head %{x}</b><br>accuracy %{z:.1%} "
                f"(%{{customdata[0]:.0f}} of {scores.scored})<br>"
                "margin %{customdata[1]:.4f}<br>rank %{customdata[2]:.0f}<extra></extra>"
            ),
        )
    )
    for place, head in enumerate(kept, start=1):
        figure.add_shape(
            type="rect",
            x0=head.index - 0.5,
            x1=head.index + 0.5,
            y0=head.layer - 0.5,
            y1=head.layer + 0.5,
            line={"color": _OUTLINE, "width": 2},
        )
        if len(kept) <= _NUMBERED:
            dark = scores.accuracy[head.layer, head.index] > 0.5
            figure.add_annotation(
                x=head.index,
                y=head.layer,
                text=str(place),
                showarrow=False,
                font={"size": 10, "color": "white" if dark else "#1d2457"},
            )
    figure.update_layout(
        title={"text": title, "font": {"size": 15}},
        font={"color": _NEUTRAL, "family": "system-ui, sans-serif"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 56, "r": 16, "t": 48 if title else 16, "b": 48},
    )
    axis = {"showgrid": False, "zeroline": False, "constrain": "domain"}
    figure.update_xaxes(title="head", **axis)
    figure.update_yaxes(title="layer", **axis)
    return figure
