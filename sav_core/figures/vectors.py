"""Figures of function vectors: every head's effect, accuracy by layer and scale, and tuning as it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.figures.style import (
    DIVERGING,
    DIVERGING_DARK,
    GRID,
    LINES,
    NEUTRAL,
    OUTLINE,
    SEQUENTIAL,
    axis_names,
    axis_range,
    cell_axes,
    cell_text,
    colour_scale,
    colourbar,
    frame,
    frames,
    height_of,
    layout,
    literal,
    numbered,
    percent_axis,
    pointed_at,
    tick_step,
)
from sav_core.types import Head
from sav_core.wording import percent

__all__ = ["effect_heatmap", "place_heatmap", "tuning_curve"]

_DASHES = ("dot", "dashdot", "longdash")


def effect_heatmap(
    effect: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    ranking: Sequence[Head],
    top: int,
    *,
    also: Sequence[Head] = (),
    also_are: str = "",
    selected: Head | None = None,
) -> go.Figure:
    """Draw the average indirect effect of every head, layers upwards, heads to the right; no effect is palest.

    Colour goes by the signed root of the effect, for one head often has nearly all of it; every number shown is true.

    Args:
        effect: ``float (layer, head)``, the mean change of the answer's probability.
        low: lower ends of its 95 % interval, alike.
        high: upper ends.
        ranking: every head, largest effect first.
        top: how many of them are framed and numbered.
        also: other heads, to see the overlap: each gets a ring.
        also_are: what they are, for the hover.
        selected: a head to point at with a thick frame.
    """
    layers, heads = effect.shape
    rank = np.empty((layers, heads), dtype=int)
    for place, head in enumerate(ranking, start=1):
        rank[head.layer, head.index] = place
    marks = np.full((layers, heads), "", dtype=object)
    for place, head in enumerate(also, start=1):
        marks[head.layer, head.index] = f"<br>number {place} of {literal(also_are)}"
    peak = float(max(np.abs(effect).max(), 1e-6))
    roots, top_root = np.sign(effect) * np.sqrt(np.abs(effect)), peak**0.5
    figure = go.Figure(
        go.Heatmap(
            z=roots,
            customdata=np.dstack([low.astype(object), high.astype(object), rank.astype(object), marks, effect]),
            colorscale=colour_scale(DIVERGING),
            meta={"dark": colour_scale(DIVERGING_DARK)},
            zmin=-top_root,
            zmax=top_root,
            zmid=0,
            xgap=2 if heads <= 40 else 1,
            ygap=2 if layers <= 40 else 1,
            colorbar=_root_bar("change of probability", peak),
            hovertemplate=(
                "<b>layer %{y}, head %{x}</b><br>effect %{customdata[4]:+.4f}<br>95 % interval %{customdata[0]:+.4f} to "
                "%{customdata[1]:+.4f}<br>rank %{customdata[2]}%{customdata[3]}<extra></extra>"
            ),
        )
    )
    framed = list(ranking[:top])
    figure.update_layout(
        **layout(top=58),
        height=height_of(layers),
        shapes=[
            *frames(framed),
            *frames(also, 0.4, type="circle", line={"color": NEUTRAL, "width": 2.5}),
            *pointed_at(() if selected is None else (selected,), heads),
        ],
        annotations=[
            *(
                cell_text(head.index, head.layer, str(rank), abs(roots[head.layer, head.index]) / top_root)
                for rank, head in enumerate(framed[: numbered(top, heads)], start=1)
            ),
            *axis_names("head", "layer"),
        ],
    )
    figure.update_xaxes(dtick=tick_step(heads), range=axis_range(heads), **cell_axes())
    figure.update_yaxes(dtick=tick_step(layers), range=axis_range(layers), **cell_axes())
    return figure


def _root_bar(name: str, peak: float) -> dict[str, Any]:
    """The bar of a scale that goes by the signed root: at its ends, half-way and in the middle stand the true values."""
    shares = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    values = peak * np.sign(shares) * shares**2
    words = [f"{value:+.2g}" if value else "0" for value in values]
    return {**colourbar(name, list(shares * peak**0.5)), "ticktext": words, "len": 300}


def place_heatmap(
    accuracy: npt.NDArray[np.float64], scales: Sequence[float], chosen: tuple[int, float] | None, n: int
) -> go.Figure:
    """Draw accuracy with the vector added after every layer at several scales; the place in use is framed.

    Args:
        accuracy: ``float (layer, scale)``.
        scales: of the columns, in multiples of the vector's length.
        chosen: row and column in use, a column such as 1.5 where its scale lies between two of them; ``None`` where it
            lies beyond them.
        n: of how many prompts.
    """
    layers = len(accuracy)
    words = [
        cell_text(column, row, percent(accuracy[row, column]), float(accuracy[row, column]))
        for row in range(layers)
        for column in range(len(scales))
    ]
    figure = go.Figure(
        go.Heatmap(
            z=accuracy,
            customdata=[list(scales)] * layers,
            text=[[percent(share, 1) for share in row] for row in accuracy],
            colorscale=colour_scale(SEQUENTIAL),
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2 if layers <= 40 else 1,
            colorbar=colourbar("accuracy", [0, 1]),
            hovertemplate=(
                f"<b>after layer %{{y}}, scale %{{customdata}}</b><br>%{{text}} of {n} prompts right<extra></extra>"
            ),
        )
    )
    figure.update_layout(
        **layout(top=58),
        height=height_of(layers),
        shapes=[] if chosen is None else [frame(chosen[1], chosen[0], line={"color": OUTLINE, "width": 3})],
        annotations=[*(words if layers <= 24 else ()), *axis_names("scale", "layer")],
    )
    columns = list(range(len(scales)))
    figure.update_xaxes(
        tickvals=columns, ticktext=[f"{scale:g}" for scale in scales], range=[-0.5, len(scales) - 0.5], **cell_axes()
    )
    figure.update_yaxes(dtick=tick_step(layers), range=[-0.5, layers - 0.5], **cell_axes())
    return figure


def tuning_curve(curves: Mapping[str, npt.NDArray[np.float64]], levels: Mapping[str, float], *, steps: int) -> go.Figure:
    """Draw validation accuracy while vectors are tuned, one line each, and levels to hold them against.

    Args:
        curves: by what was tuned, ``float (point, 3)``: step, accuracy, mean probability of the answer.
        levels: accuracies that need no tuning, by name: thin lines, named in the legend, where no curve crosses the words.
        steps: how many there are to be, for the width.
    """
    figure = go.Figure(
        [
            go.Scatter(
                x=points[:, 0],
                y=points[:, 1],
                customdata=points[:, 2],
                text=[percent(share, 1) for share in points[:, 1]],
                name=literal(name),
                mode="lines+markers",
                line={"color": LINES[number % len(LINES)], "width": 2.5, "dash": "solid" if number == 0 else "dash"},
                marker={"size": 6},
                hovertemplate=(
                    f"<b>{literal(name)}, step %{{x}}</b><br>%{{text}} right<br>"
                    "probability of the answer %{customdata:.2f}"
                    "<extra></extra>"
                ),
            )
            for number, (name, points) in enumerate(curves.items())
        ]
    )
    for dash, (name, level) in zip(cycle(_DASHES), levels.items(), strict=False):
        line = {"color": NEUTRAL, "width": 1.5, "dash": dash}
        words = f"{literal(name)} {percent(level)}"
        figure.add_scatter(x=[0, steps], y=[level] * 2, mode="lines", line=line, name=words, hoverinfo="skip")
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(**layout(left=48, right=14, top=34), height=290, legend=legend, showlegend=True)
    figure.update_layout(annotations=axis_names("step", "validation accuracy", left=-34))
    figure.update_xaxes(range=[0, steps], gridcolor=GRID, zeroline=False)
    figure.update_yaxes(**percent_axis(0, 1.03))
    return figure
