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
    OUTLINE,
    SEQUENTIAL,
    axis_names,
    axis_range,
    cell_axes,
    cell_text,
    colour_scale,
    colourbar,
    elided_apart,
    frames,
    height_of,
    here,
    interval_words,
    layout,
    literal,
    numbered,
    percent_axis,
    pointed_at,
    reference_line,
    tick_step,
)
from sav_core.types import Head, HeadScores
from sav_core.wording import percent

__all__ = ["CURVE_HEIGHT", "accuracy_curve", "classifier_heatmap", "head_heatmap", "similarity_heatmap"]

CURVE_HEIGHT = 194
"""Of the accuracy curve, in pixels."""

_WORDS_HIGH, _WORDS_WIDE = 0.12, 0.22
"""Room that a level's words take: of the accuracies, and of the width on a phone."""


def head_heatmap(
    scores: HeadScores,
    kept: Sequence[Head],
    *,
    title: str = "",
    selected: Sequence[Head] = (),
    off: Sequence[Head] = (),
) -> go.Figure:
    """Draw the accuracy of every head, layers upwards and heads to the right, the kept ones outlined and numbered.

    Args:
        scores: of every head.
        kept: the heads that vote, best first.
        title: what the accuracies are of.
        selected: heads to point at with a thick frame.
        off: heads that would vote and are switched off: their frame is dotted, and a cross stands in it.
    """
    layers, heads = scores.correct.shape
    accuracy = scores.accuracy
    ranks = np.empty((layers, heads), dtype=int)
    for rank, head in enumerate(scores.ranking, start=1):
        ranks[head.layer, head.index] = rank
    lowest = float(min(accuracy.min(), 0.5))
    cells = go.Heatmap(
        z=accuracy,
        customdata=np.dstack([scores.correct, scores.margin, ranks]),
        text=[[percent(share, 1) for share in row] for row in accuracy],
        colorscale=colour_scale(SEQUENTIAL),
        zmin=lowest,
        zmax=1,
        xgap=2 if heads <= 40 else 1,
        ygap=2 if layers <= 40 else 1,
        colorbar=colourbar("accuracy", [lowest, 1]),
        hovertemplate=(
            "<b>layer %{y}, head %{x}</b><br>accuracy %{text} "
            f"(%{{customdata[0]:.0f}} of {scores.scored})<br>"
            "margin %{customdata[1]:.4f}<br>rank %{customdata[2]:.0f}<extra></extra>"
        ),
    )
    shades = (accuracy - lowest) / max(1 - lowest, 1e-9)
    drawn = {
        **layout(literal(title), top=84 if title else 58),
        "height": height_of(layers),
        "shapes": [
            *frames(kept),
            *frames(off, line={"color": OUTLINE, "width": 2, "dash": "dot"}),
            *pointed_at(selected, heads),
        ],
        "annotations": [
            *(
                cell_text(head.index, head.layer, str(ranks[head.layer, head.index]), float(shades[head.layer, head.index]))
                for head in kept[: numbered(len(kept), heads)]
            ),
            *(cell_text(head.index, head.layer, "×", float(shades[head.layer, head.index])) for head in off),
            *axis_names("head", "layer"),
        ],
        "xaxis": {"dtick": tick_step(heads), "range": axis_range(heads), **cell_axes()},
        "yaxis": {"dtick": tick_step(layers), "range": axis_range(layers), **cell_axes()},
    }
    # All at once: Plotly checks every shape there is again for each thing that is added.
    return go.Figure(cells, drawn)


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
                customdata=[[count, interval_words(*ends)] for count, *ends in zip(right.tolist(), low, high, strict=True)],
                text=[percent(share, 1) for share in right / n],
                mode="lines",
                line={"color": LINE, "width": 2.5, "shape": "hv"},
                hovertemplate=(
                    "<b>heads that vote: %{x}</b><br>%{text} "
                    f"(%{{customdata[0]}} of {n})<br>%{{customdata[1]}}<extra></extra>"
                ),
                showlegend=False,
            ),
            here(numbers[current], right[current] / n),
        ]
    )
    bottom = max(0.0, min(float(low.min()), 1.0 if chance is None else chance) - 0.05)
    if chance is not None:
        bottom = max(-0.1, bottom - _WORDS_HIGH)
        figure.add_hline(chance, **reference_line("guessing", **_clear_of(right / n, chance)))
    figure.update_layout(**layout(right=14, top=24, bottom=46), height=CURVE_HEIGHT)
    last = max(len(right), 2)
    figure.update_xaxes(
        range=[1, last],
        tickvals=sorted({1, round(last / 4), round(last / 2), round(3 * last / 4), last}),
        showgrid=False,
        zeroline=False,
        ticklabelstandoff=6,  # else the first lies on the lowest share
    )
    figure.update_yaxes(**percent_axis(bottom, 1.03))
    common = {"xref": "paper", "yref": "paper", "showarrow": False}
    figure.add_annotation(text="accuracy", x=0, y=1, xanchor="left", yanchor="bottom", yshift=4, **common)
    figure.add_annotation(text="number of heads that vote", x=0.5, y=0, yanchor="top", yshift=-26, **common)
    return figure


def _clear_of(curve: npt.NDArray[np.float64], level: float) -> dict[str, bool]:
    """Where words at a level are farthest from the curve: below or above it, at its right or left end."""
    room = max(1, round(_WORDS_WIDE * len(curve)))
    ends = {True: curve[-room:], False: curve[:room]}
    places = [(above, right) for right in (True, False) for above in (False, True)]

    def distance(place: tuple[bool, bool]) -> float:
        near, middle = ends[place[1]], level + (_WORDS_HIGH / 2 if place[0] else -_WORDS_HIGH / 2)
        return min(max(float(near.min()) - middle, middle - float(near.max())), _WORDS_HIGH)

    above, right = max(places, key=distance)
    return {"above": above, "right": right}


def similarity_heatmap(
    similarities: npt.NDArray[np.float64], heads: Sequence[Head], labels: Sequence[str], selected: Head | None = None
) -> go.Figure:
    """Draw how near each kept head finds every label, best head on top; the label it finds nearest is framed.

    What is drawn, said on hover and named at the scale is one quantity: the cosine to the label's mean, less the head's
    average over the labels. Heads differ far more in how near they find everything than in what they find nearest, and
    would be bars of one colour each.

    Args:
        similarities: ``float (head, label)``, cosines.
        heads: best first.
        labels: in the order of the array.
        selected: the head whose row is pointed at.
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
            colorbar=colourbar("cosine above average", [float(above.min()), float(above.max())], "+.2f"),
            hovertemplate=(
                "<b>%{customdata[0]}</b><br>%{customdata[1]}: %{z:+.4f} above the head's average<br>"
                "(cosine %{customdata[2]:.4f})<extra></extra>"
            ),
        )
    )
    votes = [Head(row, int(vote)) for row, vote in enumerate(similarities.argmax(1))]
    shapes = frames(votes)
    if selected is not None and selected in heads:
        row = list(heads).index(selected)
        whole = {"x0": -0.5, "x1": len(labels) - 0.5}
        shapes += [{**shape, **whole} for shape in pointed_at([Head(row, 0)])]
    figure.update_layout(**layout(left=84, right=12, top=58, bottom=40), shapes=shapes, height=108 + 22 * len(names))
    plain = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(
        tickvals=list(range(len(labels))),
        ticktext=[literal(label) for label in elided_apart(labels)],
        range=axis_range(len(labels)),
        **plain,
    )
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=axis_range(len(names))[::-1], **plain)
    return figure
