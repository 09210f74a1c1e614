"""Bars of what the model's own answer loses while heads are switched off: accuracy above, log-likelihood below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sav_core.evaluation.intervals import MeanDifference
from sav_core.figures.style import GRID, LINE, NEUTRAL, OUTLINE, error_bars, layout, literal

__all__ = ["SwitchedOff", "loss_figure", "loss_figure_height"]


@dataclass(frozen=True)
class SwitchedOff:
    """What is lost while some heads are switched off.

    Attributes:
        name: of the heads, in words.
        accuracy: what is lost of it.
        log_likelihood: of the right label, in nats.
        draws: each draw's loss of log-likelihood, where heads were drawn several times.
        ours: whether these are the heads that it is about.
    """

    name: str
    accuracy: MeanDifference
    log_likelihood: MeanDifference
    draws: Sequence[float] = ()
    ours: bool = False


def loss_figure(losses: Sequence[SwitchedOff]) -> go.Figure:
    """Draw each loss as a bar with its 95 % interval, the first on top; each draw of random heads as a dot."""
    figure = make_subplots(rows=2, cols=1, vertical_spacing=0.28)
    shown = losses[::-1]
    names = [literal(each.name) for each in shown]
    points = [each.accuracy for each in shown], [each.log_likelihood for each in shown]
    for row, (lost, scale, title, digits) in enumerate(
        ((points[0], 100, "accuracy lost (points)", 0), (points[1], 1, "log-likelihood lost (nats)", 2)), start=1
    ):
        value = scale * np.array([each.difference for each in lost])
        low, high = scale * np.array([each.interval for each in lost]).T
        figure.add_trace(
            go.Bar(
                x=value,
                y=names,
                orientation="h",
                marker={"color": [OUTLINE if each.ours else LINE for each in shown]},
                error_x=dict(error_bars(value, low, high, 1.5)),
                customdata=[
                    [f"{v:+.{digits}f}", f"{a:+.{digits}f} to {b:+.{digits}f}"]
                    for v, a, b in zip(value, low, high, strict=True)
                ],
                hovertemplate=(
                    f"<b>%{{y}}</b><br>{title}: %{{customdata[0]}}<br>95 % interval: %{{customdata[1]}}<extra></extra>"
                ),
                showlegend=False,
            ),
            row=row,
            col=1,
        )
        figure.update_xaxes(title=title, nticks=5, gridcolor=GRID, zerolinecolor=NEUTRAL, tickangle=0, row=row, col=1)
    drawn = [(literal(each.name), loss) for each in shown for loss in each.draws]
    if drawn:
        figure.add_trace(
            go.Scatter(
                x=[loss for _, loss in drawn],
                y=[name for name, _ in drawn],
                mode="markers",
                marker={"color": NEUTRAL, "size": 5, "opacity": 0.7},
                hovertemplate="one draw: %{x:+.2f}<extra></extra>",
                showlegend=False,
            ),
            row=2,
            col=1,
        )
    figure.update_layout(
        **layout(left=56, right=14, top=14, bottom=48), height=loss_figure_height(len(losses)), bargap=0.35
    )
    figure.update_yaxes(showgrid=False, automargin=True)
    return figure


def loss_figure_height(rows: int) -> int:
    """How high the figure of so many bars is drawn, in pixels."""
    return 190 + 68 * rows
