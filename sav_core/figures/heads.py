"""Arrays to Plotly figures: one palette, exact values on hover, readable on light and dark and by colour-blind eyes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.evaluation.metrics import wilson_interval
from sav_core.types import Head, HeadScores

__all__ = ["INK", "OUTLINE", "SEQUENTIAL", "accuracy_curve", "classifier_heatmap", "head_heatmap", "similarity_heatmap"]

SEQUENTIAL = ["#f4f1ea", "#cfe3df", "#93c9c6", "#4fa3ad", "#22789b", "#1c4d80", "#1d2457"]
"""From nothing to everything: lightness falls evenly from sand to ink, so it also reads in grey."""

OUTLINE = "#e8590c"
"""What is kept or chosen, wherever it is drawn."""

INK = "#1d2457"
"""Words on light cells; on dark ones they are white. A dark page turns the scale round and swaps the two."""

_NEUTRAL = "#6e727a"  # contrast of 4.8 : 1 on white, for words, and of more than 3 : 1 on near-black, for lines
_LINE = "#2a8aa8"
_NUMBERED = 30  # more kept heads than this are outlined only: their numbers would not be readable
_DARK_FROM = 0.5  # of the scale: from here on a cell takes white text


def head_heatmap(scores: HeadScores, kept: Sequence[Head], *, title: str = "", selected: Sequence[Head] = ()) -> go.Figure:
    """Draw the accuracy of every head, layers upwards and heads to the right, the kept ones outlined and numbered.

    Args:
        scores: of every head.
        kept: the heads that vote, best first.
        title: what the accuracies are of.
        selected: heads to point at with a dashed frame.
    """
    layers, heads = scores.correct.shape
    accuracy = scores.accuracy
    rank = np.empty((layers, heads), dtype=int)
    for place, head in enumerate(scores.ranking, start=1):
        rank[head.layer, head.index] = place
    lowest = float(min(accuracy.min(), 0.5))
    figure = go.Figure(
        go.Heatmap(
            z=accuracy,
            customdata=np.dstack([scores.correct, scores.margin, rank]),
            colorscale=_scale(),
            zmin=lowest,
            zmax=1,
            xgap=2 if heads <= 40 else 1,
            ygap=2 if layers <= 40 else 1,
            colorbar=_colourbar("accuracy", low=lowest, high=1),
            hovertemplate=(
                "<b>layer %{y}, head %{x}</b><br>accuracy %{z:.1%} "
                f"(%{{customdata[0]:.0f}} of {scores.scored})<br>"
                "margin %{customdata[1]:.4f}<br>rank %{customdata[2]:.0f}<extra></extra>"
            ),
        )
    )
    shades = (accuracy - lowest) / max(1 - lowest, 1e-9)
    numbered = [(int(rank[head.layer, head.index]), head) for head in kept] if len(kept) <= _NUMBERED else []
    # All at once: Plotly checks every shape there is again for each that is added.
    figure.update_layout(
        **_layout(literal(title)),
        height=height_of(layers),
        shapes=[
            *({**_frame(head), "line": {"color": OUTLINE, "width": 2}} for head in kept),
            *({**_frame(head, 0.62), "line": {"color": _NEUTRAL, "width": 2, "dash": "dot"}} for head in selected),
        ],
        annotations=[
            *(_number(place, head, float(shades[head.layer, head.index])) for place, head in numbered),
            _beside("head", x=0.5, y=0, yanchor="top", yshift=-22),
            _beside("layer", x=0, y=0.5, xanchor="right", xshift=-22, textangle=-90),
        ],
    )
    axis = {"showgrid": False, "zeroline": False, "ticklabelstandoff": 3}
    figure.update_xaxes(dtick=_step(heads), range=axis_range(heads), **axis)
    figure.update_yaxes(dtick=_step(layers), range=axis_range(layers), **axis)
    return figure


def classifier_heatmap(scores: HeadScores, kept: Sequence[Head], model: str) -> go.Figure:
    """Draw the heads of a classifier under a title that says whose they are and how they were judged."""
    title = f"Accuracy of every head of {model} ({scores.scoring}, {scores.scored} examples)"
    return head_heatmap(scores, kept, title=title)


def axis_range(count: int) -> tuple[float, float]:
    """Ends of a heatmap's axis of so many cells, with room for the dashed frame around the first and the last."""
    return -0.7, count - 0.3


def accuracy_curve(right: npt.NDArray[np.int64], n: int, kept: int, *, chance: float | None = None) -> go.Figure:
    """Draw accuracy against the number of heads that vote, with its 95 % interval and a mark where it stands.

    Args:
        right: ``int (number of heads,)``, how many examples are right with 1, 2, ... heads.
        n: of how many.
        kept: how many heads vote now.
        chance: the accuracy of guessing, drawn as a dotted line.
    """
    numbers = np.arange(1, len(right) + 1)
    low, high = np.array([wilson_interval(int(count), n) for count in right]).T
    here = min(kept, len(right)) - 1
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure = go.Figure(
        [
            go.Scatter(x=numbers, y=high, **band),
            go.Scatter(x=numbers, y=low, fill="tonexty", fillcolor="rgba(42,138,168,0.16)", **band),
            go.Scatter(
                x=numbers,
                y=right / n,
                customdata=np.column_stack([right, low, high]),
                mode="lines",
                line={"color": _LINE, "width": 2.5, "shape": "hv"},
                hovertemplate=(
                    "<b>%{x} heads</b><br>%{y:.1%} "
                    f"(%{{customdata[0]}} of {n})<br>95 % interval %{{customdata[1]:.0%}} to %{{customdata[2]:.0%}}"
                    "<extra></extra>"
                ),
                showlegend=False,
            ),
            go.Scatter(
                x=[numbers[here]],
                y=[right[here] / n],
                mode="markers",
                marker={"color": OUTLINE, "size": 12, "line": {"color": "white", "width": 2}},
                cliponaxis=False,
                hoverinfo="skip",
                showlegend=False,
            ),
        ]
    )
    if chance is not None:
        figure.add_hline(
            chance,
            line={"color": _NEUTRAL, "width": 1, "dash": "dot"},
            annotation={"text": "guessing", "font": {"size": 11}, "xanchor": "right", "yanchor": "bottom"},
        )
    figure.update_layout(**{**_layout(""), "margin": {"l": 44, "r": 14, "t": 10, "b": 6}}, height=150)
    figure.update_xaxes(visible=False, range=[1, max(len(right), 2)])
    top, bottom = 1.03, max(0.0, min(float(low.min()), 1.0 if chance is None else chance) - 0.05)
    figure.update_yaxes(tickformat=".0%", range=[bottom, top], nticks=4, gridcolor="rgba(123,127,135,0.22)", zeroline=False)
    return figure


def similarity_heatmap(similarities: npt.NDArray[np.float64], heads: Sequence[Head], labels: Sequence[str]) -> go.Figure:
    """Draw each kept head's cosine to every label's mean, best head on top; each head's own vote is framed.

    Colour is the cosine above or below the head's own average over the labels: heads differ far more in how near they
    find everything than in what they find nearest, and would be bars of one colour each. Exact cosines are on hover.

    Args:
        similarities: ``float (head, label)``.
        heads: best first.
        labels: in the order of the array.
    """
    names = [f"{place}. {head}" for place, head in enumerate(heads, start=1)]
    above = similarities - similarities.mean(1, keepdims=True)
    figure = go.Figure(
        go.Heatmap(
            z=above,
            x=list(range(len(labels))),
            y=list(range(len(names))),
            customdata=[
                [[name, literal(label), float(cosine)] for label, cosine in zip(labels, row, strict=True)]
                for name, row in zip(names, similarities, strict=True)
            ],
            colorscale=_scale(),
            xgap=2,
            ygap=2,
            colorbar=_colourbar("nearer than on average", "+.2f", low=float(above.min()), high=float(above.max())),
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}: cosine %{customdata[2]:.4f}<extra></extra>",
        )
    )
    votes = [Head(row, int(vote)) for row, vote in enumerate(similarities.argmax(1))]
    figure.update_layout(
        shapes=[{**_frame(vote), "line": {"color": OUTLINE, "width": 2}} for vote in votes],
        **{**_layout(""), "margin": {"l": 84, "r": 12, "t": 58, "b": 40}},
        height=108 + 22 * len(names),
    )
    figure.update_xaxes(
        tickvals=list(range(len(labels))),
        ticktext=[literal(_short(label)) for label in labels],
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, autorange="reversed", showgrid=False, zeroline=False
    )
    return figure


def literal(text: str) -> str:
    """A text as Plotly must be given it to show just that: it reads ``<b>`` and ``&lt;``, but not ``&quot;``."""
    return escape(text, quote=False)


def height_of(layers: int) -> int:
    """How high a heatmap of so many layers is drawn, in pixels."""
    return 108 + int(np.clip(30 * layers, 150, 460))


def _layout(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"size": 15}},
        "font": {"color": _NEUTRAL, "family": "system-ui, sans-serif", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 44, "r": 8, "t": 84 if title else 58, "b": 44},
        "hoverlabel": {"font": {"family": "system-ui, sans-serif", "size": 13}},
        "dragmode": False,
    }


def _scale() -> list[list[float | str]]:
    return [[place / (len(SEQUENTIAL) - 1), colour] for place, colour in enumerate(SEQUENTIAL)]


def _colourbar(name: str, tickformat: str = ".0%", *, low: float, high: float) -> dict[str, Any]:
    return {
        "title": {"text": name, "side": "top"},
        "orientation": "h",
        "tickformat": tickformat,
        "tickvals": [low, high],
        "tickangle": 0,
        "thickness": 8,
        "lenmode": "pixels",
        "len": 150,
        "x": 1,
        "xanchor": "right",
        "y": 1,
        "yanchor": "bottom",
        "outlinewidth": 0,
    }


def _frame(head: Head, half: float = 0.5) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": head.index - half,
        "x1": head.index + half,
        "y0": head.layer - half,
        "y1": head.layer + half,
    }


def _number(place: int, head: Head, shade: float) -> dict[str, Any]:
    """A kept head's rank in its cell."""
    font = {"size": 11, "color": "white" if shade > _DARK_FROM else INK}
    return {"x": head.index, "y": head.layer, "text": str(place), "showarrow": False, "font": font}


def _beside(text: str, **place: Any) -> dict[str, Any]:
    """An axis title; Plotly's own land on the tick labels in small figures."""
    return {"text": text, "xref": "paper", "yref": "paper", "showarrow": False, **place}


def _step(count: int) -> int:
    return 1 if count <= 12 else 2 if count <= 24 else 4


def _short(label: str) -> str:
    return label if len(label) <= 14 else f"{label[:13]}…"
