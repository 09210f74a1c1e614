"""Figures of the heads: every head's accuracy, accuracy by how many vote, and what the kept heads make of a query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.style import (
    BAND,
    LINE,
    MOST_NUMBERED,
    SEQUENTIAL,
    axis_names,
    axis_range,
    cell_axes,
    cell_text,
    colour_scale,
    colourbar,
    frames,
    height_of,
    here,
    layout,
    literal,
    percent_axis,
    pointed_at,
    reference_line,
    tick_step,
)
from sav_core.types import Head, HeadScores

__all__ = ["accuracy_curve", "classifier_heatmap", "head_heatmap", "similarity_heatmap"]


def head_heatmap(scores: HeadScores, kept: Sequence[Head], *, title: str = "", selected: Sequence[Head] = ()) -> go.Figure:
    """Draw the accuracy of every head, layers upwards and heads to the right, the kept ones outlined and numbered.

    Args:
        scores: of every head.
        kept: the heads that vote, best first.
        title: what the accuracies are of.
        selected: heads to point at with a dotted frame.
    """
    layers, heads = scores.correct.shape
    accuracy = scores.accuracy
    ranks = np.empty((layers, heads), dtype=int)
    for rank, head in enumerate(scores.ranking, start=1):
        ranks[head.layer, head.index] = rank
    lowest = float(min(accuracy.min(), 0.5))
    figure = go.Figure(
        go.Heatmap(
            z=accuracy,
            customdata=np.dstack([scores.correct, scores.margin, ranks]),
            colorscale=colour_scale(SEQUENTIAL),
            zmin=lowest,
            zmax=1,
            xgap=2 if heads <= 40 else 1,
            ygap=2 if layers <= 40 else 1,
            colorbar=colourbar("accuracy", [lowest, 1]),
            hovertemplate=(
                "<b>layer %{y}, head %{x}</b><br>accuracy %{z:.1%} "
                f"(%{{customdata[0]:.0f}} of {scores.scored})<br>"
                "margin %{customdata[1]:.4f}<br>rank %{customdata[2]:.0f}<extra></extra>"
            ),
        )
    )
    shades = (accuracy - lowest) / max(1 - lowest, 1e-9)
    numbered = kept if len(kept) <= MOST_NUMBERED else ()
    # All at once: Plotly checks every shape there is again for each that is added.
    figure.update_layout(
        **layout(literal(title), top=84 if title else 58),
        height=height_of(layers),
        shapes=[*frames(kept), *pointed_at(selected)],
        annotations=[
            *(
                cell_text(head.index, head.layer, str(ranks[head.layer, head.index]), float(shades[head.layer, head.index]))
                for head in numbered
            ),
            *axis_names("head", "layer"),
        ],
    )
    figure.update_xaxes(dtick=tick_step(heads), range=axis_range(heads), **cell_axes())
    figure.update_yaxes(dtick=tick_step(layers), range=axis_range(layers), **cell_axes())
    return figure


def classifier_heatmap(scores: HeadScores, kept: Sequence[Head], model: str) -> go.Figure:
    """Draw the heads of a classifier under a title that says whose they are and how they were judged."""
    title = f"Accuracy of every head of {model} ({scores.scoring}, {scores.scored} examples)"
    return head_heatmap(scores, kept, title=title)


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
    current = min(kept, len(right)) - 1
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure = go.Figure(
        [
            go.Scatter(x=numbers, y=high, **band),
            go.Scatter(x=numbers, y=low, fill="tonexty", fillcolor=BAND, **band),
            go.Scatter(
                x=numbers,
                y=right / n,
                customdata=np.column_stack([right, low, high]),
                mode="lines",
                line={"color": LINE, "width": 2.5, "shape": "hv"},
                hovertemplate=(
                    "<b>%{x} heads</b><br>%{y:.1%} "
                    f"(%{{customdata[0]}} of {n})<br>95 % interval %{{customdata[1]:.0%}} to %{{customdata[2]:.0%}}"
                    "<extra></extra>"
                ),
                showlegend=False,
            ),
            here(numbers[current], right[current] / n),
        ]
    )
    if chance is not None:
        figure.add_hline(chance, **reference_line("guessing"))
    figure.update_layout(**layout(right=14, top=10, bottom=6), height=150)
    figure.update_xaxes(visible=False, range=[1, max(len(right), 2)])
    bottom = max(0.0, min(float(low.min()), 1.0 if chance is None else chance) - 0.05)
    figure.update_yaxes(nticks=4, **percent_axis(bottom, 1.03))
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
    names = [f"{rank}. {head}" for rank, head in enumerate(heads, start=1)]
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
            colorscale=colour_scale(SEQUENTIAL),
            xgap=2,
            ygap=2,
            colorbar=colourbar("nearer than on average", [float(above.min()), float(above.max())], "+.2f"),
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}: cosine %{customdata[2]:.4f}<extra></extra>",
        )
    )
    votes = [Head(row, int(vote)) for row, vote in enumerate(similarities.argmax(1))]
    figure.update_layout(**layout(left=84, right=12, top=58, bottom=40), shapes=frames(votes), height=108 + 22 * len(names))
    plain = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(tickvals=list(range(len(labels))), ticktext=[literal(_short(label)) for label in labels], **plain)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, autorange="reversed", **plain)
    return figure


def _short(label: str) -> str:
    return label if len(label) <= 14 else f"{label[:13]}…"
