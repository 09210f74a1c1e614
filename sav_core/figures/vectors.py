"""Figures of function vectors: every head's effect, accuracy by layer and strength, and tuning as it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.figures.heads import INK, OUTLINE, SEQUENTIAL, axis_range, height_of, literal
from sav_core.types import Head

__all__ = ["DIVERGING", "effect_heatmap", "place_heatmap", "tuning_curve"]

DIVERGING = ["#5e3200", "#b0711c", "#e6c690", "#f4f1ea", "#93c9c6", "#22789b", "#1d2457"]
"""From harm over nothing to help: brown, sand, ink. The ends differ in hue to every eye, the middle is palest."""

_DIVERGING_DARK = ["#ffe0ad", "#d39a45", "#6d4a1c", "#232833", "#20566e", "#5fb6cc", "#dcf4f8"]
_NEUTRAL = "#7b7f87"  # contrast of 4 : 1 on white and on near-black alike
_LINES = ("#2a8aa8", "#b0711c", "#8a6fc0")
_GRID = "rgba(123,127,135,0.22)"
_DARK_FROM = 0.5  # of the scale: from here on a cell takes white text


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

    Args:
        effect: ``float (layer, head)``, the mean change of the answer's probability.
        low: lower ends of its 95 % interval, alike.
        high: upper ends.
        ranking: every head, largest effect first.
        top: how many of them are framed and numbered.
        also: other heads, to see the overlap: each gets a ring.
        also_are: what they are, for the hover.
        selected: a head to point at with a dashed frame.
    """
    layers, heads = effect.shape
    rank = np.empty((layers, heads), dtype=int)
    for place, head in enumerate(ranking, start=1):
        rank[head.layer, head.index] = place
    marks = np.full((layers, heads), "", dtype=object)
    for place, head in enumerate(also, start=1):
        marks[head.layer, head.index] = f"<br>number {place} of {literal(also_are)}"
    peak = float(max(np.abs(effect).max(), 1e-6))
    figure = go.Figure(
        go.Heatmap(
            z=effect,
            customdata=np.dstack([low.astype(object), high.astype(object), rank.astype(object), marks]),
            colorscale=_scale(DIVERGING),
            meta={"dark": _scale(_DIVERGING_DARK)},
            zmin=-peak,
            zmax=peak,
            zmid=0,
            xgap=2 if heads <= 40 else 1,
            ygap=2 if layers <= 40 else 1,
            colorbar=_colourbar("change of probability", [-peak, 0, peak], "+.2~f"),
            hovertemplate=(
                "<b>layer %{y}, head %{x}</b><br>effect %{z:+.4f}<br>95 % interval %{customdata[0]:+.4f} to "
                "%{customdata[1]:+.4f}<br>rank %{customdata[2]}%{customdata[3]}<extra></extra>"
            ),
        )
    )
    framed = list(ranking[:top])
    ring = {"type": "circle", "line": {"color": _NEUTRAL, "width": 2.5}}
    figure.update_layout(
        **_layout(),
        height=height_of(layers),
        shapes=[
            *({**_frame(head.index, head.layer), "line": {"color": OUTLINE, "width": 2}} for head in framed),
            *({**_frame(head.index, head.layer, 0.4), **ring} for head in also),
            *(
                {**_frame(head.index, head.layer, 0.62), "line": {"color": _NEUTRAL, "width": 2, "dash": "dot"}}
                for head in (() if selected is None else (selected,))
            ),
        ],
        annotations=[
            *(
                _word(head.index, head.layer, str(place), abs(effect[head.layer, head.index]) / peak)
                for place, head in enumerate(framed if top <= 30 else (), start=1)
            ),
            *_axis_names("head", "layer"),
        ],
    )
    axis = {"showgrid": False, "zeroline": False, "ticklabelstandoff": 3}
    figure.update_xaxes(dtick=_step(heads), range=axis_range(heads), **axis)
    figure.update_yaxes(dtick=_step(layers), range=axis_range(layers), **axis)
    return figure


def place_heatmap(accuracy: npt.NDArray[np.float64], scales: Sequence[float], chosen: tuple[int, int], n: int) -> go.Figure:
    """Draw accuracy with the vector added after every layer at several strengths; the place in use is framed.

    Args:
        accuracy: ``float (layer, scale)``.
        scales: the strengths, in multiples of the vector's length.
        chosen: layer and place among the scales.
        n: of how many prompts.
    """
    layers = len(accuracy)
    words = [
        _word(column, row, f"{accuracy[row, column]:.0%}", float(accuracy[row, column]))
        for row in range(layers)
        for column in range(len(scales))
    ]
    figure = go.Figure(
        go.Heatmap(
            z=accuracy,
            customdata=[list(scales)] * layers,
            colorscale=_scale(SEQUENTIAL),
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2 if layers <= 40 else 1,
            colorbar=_colourbar("accuracy", [0, 1], ".0%"),
            hovertemplate=(
                f"<b>after layer %{{y}}, strength %{{customdata}}</b><br>%{{z:.1%}} of {n} prompts right<extra></extra>"
            ),
        )
    )
    figure.update_layout(
        **_layout(),
        height=height_of(layers),
        shapes=[{**_frame(chosen[1], chosen[0]), "line": {"color": OUTLINE, "width": 3}}],
        annotations=[*(words if layers <= 24 else ()), *_axis_names("strength", "layer")],
    )
    axis = {"showgrid": False, "zeroline": False, "ticklabelstandoff": 3}
    places = list(range(len(scales)))
    figure.update_xaxes(tickvals=places, ticktext=[f"{s:g}" for s in scales], range=[-0.5, len(scales) - 0.5], **axis)
    figure.update_yaxes(dtick=_step(layers), range=[-0.5, layers - 0.5], **axis)
    return figure


def tuning_curve(curves: Mapping[str, npt.NDArray[np.float64]], levels: Mapping[str, float], *, steps: int) -> go.Figure:
    """Draw validation accuracy while vectors are tuned, one line each, and levels to hold them against.

    Args:
        curves: by what was tuned, ``float (point, 3)``: step, accuracy, mean probability of the answer.
        levels: accuracies that need no tuning, by name; dotted.
        steps: how many there are to be, for the width.
    """
    figure = go.Figure(
        [
            go.Scatter(
                x=points[:, 0],
                y=points[:, 1],
                customdata=points[:, 2],
                name=literal(name),
                mode="lines+markers",
                line={"color": _LINES[number % len(_LINES)], "width": 2.5, "dash": "solid" if number == 0 else "dash"},
                marker={"size": 6},
                hovertemplate=(
                    f"<b>{literal(name)}, step %{{x}}</b><br>%{{y:.1%}} right<br>"
                    "probability of the answer %{customdata:.2f}"
                    "<extra></extra>"
                ),
            )
            for number, (name, points) in enumerate(curves.items())
        ]
    )
    for name, level in levels.items():
        figure.add_hline(
            level,
            line={"color": _NEUTRAL, "width": 1, "dash": "dot"},
            annotation={
                "text": f"{literal(name)} {level:.0%}",
                "font": {"size": 11},
                "xanchor": "right",
                "yanchor": "top" if level > 0.93 else "bottom",
            },
        )
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        **{**_layout(), "margin": {"l": 48, "r": 14, "t": 34, "b": 44}}, height=290, legend=legend, showlegend=True
    )
    figure.update_layout(annotations=[*figure.layout.annotations, *_axis_names("step", "validation accuracy", left=-34)])
    figure.update_xaxes(range=[0, steps], gridcolor=_GRID, zeroline=False)
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", nticks=6, gridcolor=_GRID, zeroline=False)
    return figure


def _scale(colours: Sequence[str]) -> list[list[float | str]]:
    return [[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)]


def _layout() -> dict[str, Any]:
    return {
        "font": {"color": _NEUTRAL, "family": "system-ui, sans-serif", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 44, "r": 8, "t": 58, "b": 44},
        "hoverlabel": {"font": {"family": "system-ui, sans-serif", "size": 13}},
        "dragmode": False,
    }


def _colourbar(name: str, values: Sequence[float], tickformat: str) -> dict[str, Any]:
    return {
        "title": {"text": name, "side": "top"},
        "orientation": "h",
        "tickformat": tickformat,
        "tickvals": list(values),
        "tickangle": 0,
        "thickness": 8,
        "lenmode": "pixels",
        "len": 160,
        "x": 0.98,
        "xanchor": "right",
        "y": 1,
        "yanchor": "bottom",
        "outlinewidth": 0,
    }


def _frame(column: int, row: int, half: float = 0.5) -> dict[str, Any]:
    return {"type": "rect", "x0": column - half, "x1": column + half, "y0": row - half, "y1": row + half}


def _word(column: int, row: int, text: str, shade: float) -> dict[str, Any]:
    font = {"size": 11, "color": "white" if shade > _DARK_FROM else INK}
    return {"x": column, "y": row, "text": text, "showarrow": False, "font": font}


def _axis_names(across: str, up: str, left: int = -22) -> list[dict[str, Any]]:
    """Plotly's own axis titles land on the tick labels in small figures."""
    place = {"xref": "paper", "yref": "paper", "showarrow": False}
    return [
        {"text": across, "x": 0.5, "y": 0, "yanchor": "top", "yshift": -22, **place},
        {"text": up, "x": 0, "y": 0.5, "xanchor": "right", "xshift": left, "textangle": -90, **place},
    ]


def _step(count: int) -> int:
    return 1 if count <= 12 else 2 if count <= 24 else 4
