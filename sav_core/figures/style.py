"""What every figure shares: one palette, one frame for what is chosen, one layout; readable on light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sav_core.types import Head
from sav_core.wording import percent, percent_range

__all__ = [
    "BAND",
    "CATEGORIES",
    "DIVERGING",
    "DIVERGING_DARK",
    "DOTTED",
    "GRID",
    "INK",
    "LINE",
    "LINES",
    "NEUTRAL",
    "OUTLINE",
    "SEQUENTIAL",
    "axis_names",
    "axis_range",
    "cell_axes",
    "cell_text",
    "colour_scale",
    "colourbar",
    "elided",
    "elided_apart",
    "error_bars",
    "frame",
    "frames",
    "height_of",
    "here",
    "interval_words",
    "layout",
    "literal",
    "numbered",
    "percent_axis",
    "pointed_at",
    "reference_line",
    "tick_step",
]

SEQUENTIAL = ["#f4f1ea", "#cfe3df", "#93c9c6", "#4fa3ad", "#22789b", "#1c4d80", "#1d2457"]
"""From nothing to everything: lightness falls evenly from sand to ink, so it also reads in grey."""

DIVERGING = ["#5e3200", "#b0711c", "#e6c690", "#f4f1ea", "#93c9c6", "#22789b", "#1d2457"]
"""From harm over nothing to help: brown, sand, ink. The ends differ in hue to every eye, the middle is palest."""

DIVERGING_DARK = ["#ffe0ad", "#d39a45", "#6d4a1c", "#232833", "#20566e", "#5fb6cc", "#dcf4f8"]
"""The same for a dark page, whose middle is its ground."""

OUTLINE = "#e8590c"
"""What is kept or chosen, wherever it is drawn."""

INK = "#1d2457"
"""Words on light cells; on dark ones they are white. A dark page turns the scale round and swaps the two."""

NEUTRAL = "#6e727a"
"""Words and helping lines: a contrast of 4.8 : 1 on white, for words, and of more than 3 : 1 on near-black, for lines."""

LINE = "#2a8aa8"
LINES = (LINE, "#b0711c", "#8a6fc0")
"""Curves, in the order in which they are drawn."""

CATEGORIES = (LINE, "#b0711c", "#8a6fc0", "#c9497a", "#4f8f3a", "#4a76d4", "#a08a00", "#7b7f87")
"""Labels, in their order: each of 3 : 1 or more on white and on near-black; shapes tell apart whom hues do not."""

BAND = "rgba(42,138,168,0.16)"
"""An interval around the first of the curves."""

_MOST_NUMBERED, _WIDE = 30, 16

GRID = "rgba(123,127,135,0.22)"
DOTTED = {"color": NEUTRAL, "width": 1, "dash": "dot"}

_FONT = "system-ui, sans-serif"
_DARK_FROM = 0.5  # of the scale: from here on a cell takes white text


def interval_words(low: float, high: float, digits: int = 0) -> str:
    """A 95 % interval of shares in words: "95 % interval: 74 to 90 %"."""
    return f"95 % interval: {percent_range((low, high), digits)}"


def literal(text: str) -> str:
    """A text as Plotly must be given it to show just that: it reads ``<b>`` and ``&lt;``, but not ``&quot;``."""
    return escape(text, quote=False)


def elided(text: str, most: int = 14) -> str:
    """A text of at most so many letters: of a longer one the middle is left out, for ends tell names of one kind apart."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head].rstrip()}…{text[head + 1 - most :].lstrip()}"


def elided_apart(texts: Sequence[str], most: int = 14) -> list[str]:
    """The same for names beside each other: of those that would read alike, what they begin alike with is left out too."""
    short = [elided(text, most) for text in texts]
    for alike in {each for each in short if short.count(each) > 1}:
        places = [place for place, each in enumerate(short) if each == alike]
        first, last = min(texts[place] for place in places), max(texts[place] for place in places)
        begin = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
        begin = first.rfind(" ", 0, begin) + 1 or begin  # a number is not cut in two
        for place in places if first != last else ():
            short[place] = "…" + elided(texts[place][begin:], most - 1) if begin else short[place]
    return short


def layout(title: str = "", *, left: int = 44, right: int = 8, top: int = 14, bottom: int = 44) -> dict[str, Any]:
    """What every figure's layout has; the margins are in pixels."""
    return {
        "title": {"text": title, "font": {"size": 14}},
        "font": {"color": NEUTRAL, "family": _FONT, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": left, "r": right, "t": top, "b": bottom},
        "hoverlabel": {"align": "left", "font": {"family": _FONT, "size": 13}},
        "dragmode": False,
    }


def colour_scale(colours: Sequence[str]) -> list[list[float | str]]:
    """Colours at even distances, as Plotly takes them."""
    return [[position, colour] for position, colour in zip(np.linspace(0, 1, len(colours)).tolist(), colours, strict=True)]


def colourbar(name: str, values: Sequence[float], tickformat: str = "") -> dict[str, Any]:
    """A slim bar at the top right that names what colour means and its values there, shares unless a format is given."""
    words = {"tickformat": tickformat} if tickformat else {"ticktext": [percent(value) for value in values]}
    return {
        "title": {"text": name, "side": "top"},
        "orientation": "h",
        **words,
        "tickvals": list(values),
        "tickangle": 0,
        "thickness": 8,
        "lenmode": "pixels",
        "len": 150,
        "x": 1,
        "xanchor": "right",
        "xpad": 22,
        "ticklabeloverflow": "allow",
        "y": 1,
        "yanchor": "bottom",
        "ypad": 4,  # not Plotly's 10, twice: a band of nothing above the figure
        "outlinewidth": 0,
    }


def frame(column: float, row: int, half: float = 0.5, **changes: Any) -> dict[str, Any]:
    """A frame around a heatmap's cell, in the colour of what is kept; ``changes`` are Plotly's names."""
    edges = {"x0": column - half, "x1": column + half, "y0": row - half, "y1": row + half}
    corners = {name: round(edge, 3) for name, edge in edges.items()}
    return {"type": "rect", "line": {"color": OUTLINE, "width": 2}, **corners, **changes}


def frames(heads: Sequence[Head], half: float = 0.5, **changes: Any) -> list[dict[str, Any]]:
    """A frame around each of these heads, layers upwards and heads to the right."""
    return [frame(head.index, head.layer, half, **changes) for head in heads]


def pointed_at(heads: Sequence[Head], columns: int = 1) -> list[dict[str, Any]]:
    """Two frames around the cell of each head that is looked at, thick orange in white: it stands out from what is kept.

    Args:
        heads: that are looked at.
        columns: how many cells lie side by side; where they are small, the frames are thinner.
    """
    halo, line = (7, 4) if columns <= _WIDE else (5, 3)
    return [
        frame(head.index, head.layer, 0.42, line={"color": colour, "width": width})
        for head in heads
        for colour, width in (("white", halo), (OUTLINE, line))
    ]


def numbered(count: int, columns: int) -> int:
    """How many of so many framed heads are numbered: all, where cells are wide enough to read any; else the first."""
    return count if columns <= _WIDE else min(count, _MOST_NUMBERED)


def cell_text(column: int, row: int, text: str, shade: float) -> dict[str, Any]:
    """Words in a cell whose colour lies at ``shade`` of the scale, 0 to 1."""
    font = {"size": 11, "color": "white" if shade > _DARK_FROM else INK}
    return {"x": column, "y": row, "text": text, "showarrow": False, "font": font}


def axis_names(across: str, up: str, *, left: int = -22) -> list[dict[str, Any]]:
    """Titles of both axes: Plotly's own land on the tick labels in small figures."""
    common = {"xref": "paper", "yref": "paper", "showarrow": False}
    return [
        {"text": across, "x": 0.5, "y": 0, "yanchor": "top", "yshift": -22, **common},
        {"text": up, "x": 0, "y": 0.5, "xanchor": "right", "xshift": left, "textangle": -90, **common},
    ]


def cell_axes() -> dict[str, Any]:
    """What both axes of a heatmap have."""
    return {"showgrid": False, "zeroline": False, "ticklabelstandoff": 3}


def axis_range(count: int) -> tuple[float, float]:
    """Ends of a heatmap's axis of so many cells, with room for the frames of the first and the last."""
    return -0.56, count - 0.44


def tick_step(count: int) -> int:
    """How many cells lie between two tick labels."""
    return 1 if count <= 12 else 2 if count <= 24 else 4


def height_of(layers: int) -> int:
    """How high a heatmap of so many layers is drawn, in pixels."""
    return 108 + int(np.clip(30 * layers, 150, 460))


def percent_axis(low: float = -0.02, high: float = 1.04) -> dict[str, Any]:
    """An axis of shares, from none to all unless told otherwise, with room for the marks at both ends."""
    step = 0.25 if high - low > 0.6 else 0.1
    ticks = [round(step * number, 2) for number in range(round(1 / step) + 1) if low <= step * number <= high]
    words = [percent(tick) for tick in ticks]
    return {"tickvals": ticks, "ticktext": words, "range": [low, high], "gridcolor": GRID, "zeroline": False}


def reference_line(text: str = "", *, above: bool = True, right: bool = True) -> dict[str, Any]:
    """How a level to hold other values against is drawn, for ``add_hline`` and ``add_vline``; words at one end."""
    if not text:
        return {"line": DOTTED}
    anchor = {"x": int(right), "xanchor": "right" if right else "left", "yanchor": "bottom" if above else "top"}
    return {"line": DOTTED, "annotation": {"text": literal(text), "font": {"size": 11}, **anchor}}


def here(x: float, y: float) -> go.Scatter:
    """The mark of the setting that is in use."""
    marker = {"color": OUTLINE, "size": 12, "line": {"color": "white", "width": 2}}
    return go.Scatter(x=[x], y=[y], mode="markers", marker=marker, cliponaxis=False, hoverinfo="skip", showlegend=False)


def error_bars(value: np.ndarray, low: np.ndarray, high: np.ndarray, thickness: float = 1) -> Mapping[str, Any]:
    """An interval's whiskers. A mean of draws may lie a rounding outside its own interval."""
    return {
        "array": np.maximum(high - value, 0),
        "arrayminus": np.maximum(value - low, 0),
        "color": NEUTRAL,
        "thickness": thickness,
    }
