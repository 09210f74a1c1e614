"""Figures of measurement: is confidence true, what doubt buys, how ways to answer compare, what more of a thing brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.evaluation.baselines import Baseline
from sav_core.evaluation.curves import ReliabilityDiagram, Roc, SelectiveCurve
from sav_core.evaluation.metrics import wilson_interval
from sav_core.evaluation.sweeps import SweepPoint
from sav_core.figures.style import (
    DOTTED,
    LINE,
    OUTLINE,
    error_bars,
    here,
    interval_words,
    layout,
    literal,
    percent_axis,
    reference_line,
)
from sav_core.wording import percent

__all__ = ["calibration_figure", "dot_plot", "dot_plot_height", "roc_figure", "selective_figure", "sweep_figure"]

_APART = 1.45  # ratio of numbers whose words do not touch on a phone
_POINTS = 400  # of a curve: more cannot be told apart


def calibration_figure(diagram: ReliabilityDiagram) -> go.Figure:
    """Draw accuracy against confidence, a dot for each bin with its 95 % interval, larger where it has more answers.

    On the dotted diagonal, confidence is true; below it, answers are surer than they should be.
    """
    used = np.flatnonzero(diagram.count)
    low, high = np.array([wilson_interval(int(diagram.right[b]), int(diagram.count[b])) for b in used]).T
    accuracy, count = diagram.accuracy[used], diagram.count[used]
    figure = go.Figure(
        [
            _diagonal(),
            go.Scatter(
                x=diagram.confidence[used],
                y=accuracy,
                customdata=[
                    [percent(sure, 1), percent(share, 1), int(right), int(of), interval_words(*ends)]
                    for sure, share, right, of, *ends in zip(
                        diagram.confidence[used], accuracy, diagram.right[used], count, low, high, strict=True
                    )
                ],
                error_y=error_bars(accuracy, low, high),
                mode="markers+lines",
                line={"color": LINE, "width": 1},
                marker={"color": LINE, "size": 8 + 14 * np.sqrt(count / count.max()), "opacity": 1},
                cliponaxis=False,
                hovertemplate=(
                    "<b>confidence %{customdata[0]}</b><br>accuracy %{customdata[1]} "
                    "(%{customdata[2]} of %{customdata[3]})<br>%{customdata[4]}<extra></extra>"
                ),
                showlegend=False,
            ),
        ]
    )
    note = f"expected calibration error {percent(diagram.expected_error, 1)}"
    return _square(figure, "confidence", "accuracy", note)


def selective_figure(curve: SelectiveCurve, threshold: float | None = None) -> go.Figure:
    """Draw the accuracy of what is answered against the share that is, and where a threshold stands on it."""
    points = _points(len(curve.coverage))
    figure = go.Figure(
        go.Scatter(
            x=curve.coverage[points],
            y=curve.accuracy[points],
            customdata=[
                [percent(curve.coverage[point], 1), percent(curve.accuracy[point], 1), float(curve.threshold[point])]
                for point in points
            ],
            mode="lines+markers" if len(curve.coverage) < 30 else "lines",
            line={"color": LINE, "width": 2.5},
            hovertemplate=(
                "<b>%{customdata[0]} answered</b><br>%{customdata[1]} of them right<br>"
                "from confidence %{customdata[2]:.2f} on<extra></extra>"
            ),
            showlegend=False,
        )
    )
    if threshold is not None and (given := np.flatnonzero(curve.threshold >= threshold)).size:
        figure.add_trace(here(curve.coverage[given[-1]], curve.accuracy[given[-1]]))
    return _square(figure, "share answered", "accuracy of the answers", f"mean over coverages {percent(curve.area, 1)}")


def roc_figure(curve: Roc) -> go.Figure:
    """Draw how many queries of the taught labels pass a threshold against how many of others do."""
    points = _points(len(curve.true_rate))
    figure = go.Figure(
        [
            _diagonal(),
            go.Scatter(
                x=curve.false_rate[points],
                y=curve.true_rate[points],
                customdata=[
                    [float(curve.threshold[point]), percent(curve.true_rate[point], 1), percent(curve.false_rate[point], 1)]
                    for point in points
                ],
                mode="lines",
                line={"color": LINE, "width": 2.5},
                hovertemplate=(
                    "threshold %{customdata[0]:.3f}<br>%{customdata[1]} of the taught pass<br>"
                    "%{customdata[2]} of the others do<extra></extra>"
                ),
                showlegend=False,
            ),
        ]
    )
    return _square(figure, "others that pass", "taught that pass", f"area {curve.area:.3f}")


def dot_plot(answers: Sequence[Baseline], chance: float | None = None) -> go.Figure:
    """Draw each way to answer as a dot with its 95 % interval, best on top; the first given is marked as ours.

    Args:
        answers: each way to answer, the kept heads' vote first.
        chance: the accuracy of guessing, drawn as a dotted line.
    """
    order = sorted(range(len(answers)), key=lambda row: answers[row].accuracy)
    shown = [answers[row] for row in order]
    accuracy = np.array([each.accuracy for each in shown])
    low, high = np.array([each.interval for each in shown]).T
    names = [literal(each.name.replace("_", " ")) for each in shown]
    figure = go.Figure(
        go.Scatter(
            x=accuracy,
            y=names,
            customdata=[[percent(each.accuracy, 1), len(each.right), interval_words(*each.interval, 1)] for each in shown],
            error_x=error_bars(accuracy, low, high, 1.5),
            mode="markers",
            marker={"color": [OUTLINE if row == 0 else LINE for row in order], "size": 11},
            cliponaxis=False,
            hovertemplate=("<b>%{y}</b><br>%{customdata[0]} of %{customdata[1]}<br>%{customdata[2]}<extra></extra>"),
            showlegend=False,
        )
    )
    if chance is not None:
        figure.add_vline(chance, **reference_line())
    figure.update_layout(**_layout(), height=dot_plot_height(len(answers)))
    figure.update_xaxes(title="accuracy", tickangle=0, **percent_axis())
    figure.update_yaxes(showgrid=False, automargin=True)
    return figure


def dot_plot_height(rows: int) -> int:
    """How high a dot plot of so many rows is drawn, in pixels."""
    return 90 + 26 * rows


def sweep_figure(points: Sequence[SweepPoint], of: str, here: int | None = None, chance: float | None = None) -> go.Figure:
    """Draw accuracy against a number, evenly spaced as ratios, with its 95 % interval.

    Args:
        points: of the sweep, in rising order.
        of: what the number counts, such as ``"heads that vote"``.
        here: the number that is in use, marked.
        chance: the accuracy of guessing, drawn as a dotted line.
    """
    value = np.array([point.value for point in points])
    accuracy = np.array([point.accuracy for point in points])
    low, high = np.array([point.interval for point in points]).T
    marked = [point.value == here for point in points]
    figure = go.Figure(
        go.Scatter(
            x=value,
            y=accuracy,
            customdata=[[percent(point.accuracy, 1), interval_words(*point.interval, 1)] for point in points],
            error_y=error_bars(accuracy, low, high),
            mode="lines+markers",
            line={"color": LINE, "width": 2},
            marker={
                "color": [OUTLINE if own else LINE for own in marked],
                "size": [12 if own else 8 for own in marked],
                "opacity": 1,
            },
            cliponaxis=False,
            hovertemplate=(f"<b>{of}: %{{x}}</b><br>%{{customdata[0]}}<br>%{{customdata[1]}}<extra></extra>"),
            showlegend=False,
        )
    )
    if chance is not None:
        figure.add_hline(chance, **reference_line())
    figure.update_layout(**_layout(), height=300)
    ticks = _spaced(value.tolist())
    figure.update_xaxes(
        type="log", title=of, tickvals=ticks, ticktext=[str(number) for number in ticks], tickangle=0, showgrid=False
    )
    figure.update_yaxes(title="accuracy", **percent_axis())
    return figure


def _spaced(values: Sequence[int]) -> list[int]:
    """The numbers that have room for words on an axis of ratios, the last always."""
    kept: list[int] = []
    for value in reversed(values):
        if not kept or kept[-1] >= _APART * value:
            kept.append(value)
    return kept[::-1]


def _points(count: int) -> npt.NDArray[np.intp]:
    """The points of a curve that are drawn: all, or evenly chosen ones with both ends."""
    return np.linspace(0, count - 1, min(count, _POINTS)).round().astype(np.intp)


def _diagonal() -> go.Scatter:
    return go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line=DOTTED,
        hoverinfo="skip",
        showlegend=False,
    )


def _square(figure: go.Figure, x: str, y: str, note: str) -> go.Figure:
    figure.update_layout(**_layout(note), height=360)
    figure.update_xaxes(title=x, **percent_axis(high=1.02))
    figure.update_yaxes(title=y, **percent_axis(high=1.02))
    return figure


def _layout(note: str = "") -> dict[str, Any]:
    """Room for axis titles, and for a note above where there is one."""
    return layout(note, left=56, right=14, top=44 if note else 14, bottom=48)
