"""Figures of an atlas: how well every head knows every task, what tasks share, and how heads do on other tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.atlas.overlap import Overlap
from sav_core.atlas.rows import Atlas
from sav_core.atlas.sharing import Sharing
from sav_core.atlas.transfer import Transfer
from sav_core.figures.style import (
    DIVERGING,
    DIVERGING_DARK,
    GRID,
    LINE,
    NEUTRAL,
    OUTLINE,
    SEQUENTIAL,
    cell_axes,
    cell_text,
    colour_scale,
    colourbar,
    elided,
    frame,
    interval_words,
    layout,
    literal,
    pointed_at,
)
from sav_core.types import Head
from sav_core.wording import percent

__all__ = [
    "MARGINS",
    "PAIR_ROW",
    "ROW",
    "SHARING_HEIGHT",
    "atlas_heatmap",
    "atlas_size",
    "between_size",
    "framed_heads",
    "head_order",
    "names_width",
    "overlap_heatmap",
    "sharing_figure",
    "transfer_heatmap",
    "transfer_places",
]

ROW = 26
"""How high a task's row is, in pixels."""

PAIR_ROW = 38
"""The same where two tasks meet."""

MARGINS = {"right": 10, "top": 58, "bottom": 46}
"""Around the cells of an atlas and of pairs of tasks, in pixels, but for the left, see ``names_width``: rows can be named
beside them."""

SHARING_HEIGHT = 260
"""In pixels."""

_WIDE, _NARROW, _MANY = 10, 5, 128  # pixels of a column, and from how many on it is narrow
_LEAST, _MOST, _LETTER, _BESIDE = 96, 264, 7, 12  # pixels for names, of a letter, and between a name and the cells
_NUMBER = 24  # pixels of a task's number beside its name
_PAIR = 28  # pixels of a column in a figure of pairs, at least


def names_width(names: Sequence[str], *, numbered: bool = False) -> int:
    """How wide the margin is that holds tasks' names, in pixels: as wide as the longest needs, within reason."""
    room = _LETTER * max(map(len, names), default=0) + _BESIDE
    return min(max(room, _LEAST), _MOST) + (_NUMBER if numbered else 0)


def _named(name: str) -> str:
    """A name as it fits into that margin."""
    return literal(elided(name, (_MOST - _BESIDE) // _LETTER))


def head_order(atlas: Atlas, groups: Sequence[Sequence[Head]] = ()) -> tuple[list[Head], list[tuple[str, int]]]:
    """Return the heads as an atlas's columns, and the name and size of each block of them.

    Args:
        atlas: whose heads they are.
        groups: of heads that are to stand together, in this order; by layers without. What is in none stands last.
    """
    layers, width = atlas.shape
    every = [Head(layer, index) for layer in range(layers) for index in range(width)]
    if not groups:
        return every, [(str(layer), width) for layer in range(layers)]
    known = {head for group in groups for head in group}
    rest = [head for head in every if head not in known]
    blocks = [(str(number), len(group)) for number, group in enumerate(groups, start=1)]
    columns = [head for group in groups for head in group]
    return columns + rest, [*blocks, *([("–", len(rest))] if rest else [])]


def atlas_size(atlas: Atlas) -> tuple[int, int]:
    """How wide an atlas is drawn at least, without its names, and how high, in pixels."""
    heads = atlas.shape[0] * atlas.shape[1]
    column = _WIDE if heads <= _MANY else _NARROW
    return MARGINS["right"] + column * heads, MARGINS["top"] + MARGINS["bottom"] + ROW * len(atlas.rows)


def atlas_heatmap(
    atlas: Atlas,
    names: Sequence[str] = (),
    *,
    groups: Sequence[Sequence[Head]] = (),
    selected: tuple[int, Head] | None = None,
) -> go.Figure:
    """Draw how well each head knows each task, tasks downwards and heads to the right; a dot marks a head that is kept.

    Colour is skill, from guessing to all right, so that tasks of two and of ten labels can be compared; the counts
    themselves are said on hover.

    Args:
        atlas: the rows.
        names: of the tasks, as they are shown.
        groups: of heads that are to stand together, see ``head_order``.
        selected: the row and the head to point at.
    """
    names = names or atlas.names
    columns, blocks = head_order(atlas, groups)
    place = {head: number for number, head in enumerate(columns)}
    layers, indices = [head.layer for head in columns], [head.index for head in columns]
    skill, kept = atlas.skill[:, layers, indices], atlas.kept[:, layers, indices]
    dots = np.argwhere(kept)
    figure = go.Figure(
        [
            go.Heatmap(
                z=skill,
                customdata=_said(atlas, names, columns),
                colorscale=colour_scale(SEQUENTIAL),
                zmin=0,
                zmax=1,
                xgap=1,
                ygap=2,
                hoverongaps=False,
                colorbar={
                    **colourbar("knows the task", [0, 1]),
                    "ticktext": ["guessing", "all right"],
                    "tickvals": [0.09, 0.9],
                },
                hovertemplate="%{customdata}<extra></extra>",
            ),
            go.Scatter(
                x=dots[:, 1],
                y=dots[:, 0],
                mode="markers",
                marker={"color": OUTLINE, "size": 5, "line": {"color": "white", "width": 1}},
                hoverinfo="skip",
                showlegend=False,
            ),
        ]
    )
    ends = np.cumsum([size for _, size in blocks]).tolist()
    middles = [end - (size + 1) / 2 for (_, size), end in zip(blocks, ends, strict=True)]
    rows = len(atlas.rows)
    figure.update_layout(
        **_fixed(layout("", left=names_width(names), **MARGINS)),
        height=atlas_size(atlas)[1],
        shapes=[
            *(
                {"type": "line", "x0": end - 0.5, "x1": end - 0.5, "y0": -0.5, "y1": rows - 0.5, "line": _BLOCK}
                for end in ends[:-1]
            ),
            *([] if selected is None else pointed_at([Head(selected[0], place[selected[1]])], len(columns))),
        ],
        annotations=[_below("cluster of heads" if groups else "heads by layer")],
    )
    figure.update_xaxes(
        tickvals=middles, ticktext=[name for name, _ in blocks], range=[-0.6, len(columns) - 0.4], **cell_axes()
    )
    figure.update_yaxes(
        tickvals=list(range(rows)),
        ticktext=[_named(name) for name in names],
        range=[rows - 0.44, -0.56],
        **cell_axes(),
    )
    return figure


_BLOCK = {"color": NEUTRAL, "width": 1}


def _fixed(drawn: dict[str, Any]) -> dict[str, Any]:
    """A layout whose margins are as they are said to be: Plotly would widen them for the scale and for long names."""
    return {**drawn, "margin": {**drawn["margin"], "autoexpand": False}}


def _said(atlas: Atlas, names: Sequence[str], columns: Sequence[Head]) -> list[list[str]]:
    """What is said of every cell."""
    said = []
    for row, name in zip(atlas.rows, names, strict=True):
        kept = {head: rank for rank, head in enumerate(row.kept, start=1)}
        accuracy, skill = row.accuracy, row.skill
        line = []
        for head in columns:
            if head.layer >= len(row.correct):
                line.append("")
                continue
            at = head.layer, head.index
            rank = f"<br>number {kept[head]} of the {len(kept)} heads that vote" if head in kept else ""
            line.append(
                f"<b>{literal(name)}, {head}</b><br>{row.correct[at]} of {row.n} right ({percent(accuracy[at], 1)}), "
                f"{row.counted}<br>guessing {percent(row.chance, 1)}; skill {skill[at]:.2f}{rank}"
            )
        said.append(line)
    return said


def framed_heads(rows: Sequence[int], heads: Sequence[Head], columns: Sequence[Head]) -> list[dict[str, Any]]:
    """Frames around the cells of some heads in some rows of an atlas, of whose columns ``head_order`` tells."""
    place = {head: number for number, head in enumerate(columns)}
    return [frame(place[head], row) for row in rows for head in heads]


def between_size(rows: int, columns: int) -> tuple[int, int]:
    """How wide a figure of pairs of tasks is drawn at least, without its names, and how high, in pixels."""
    return MARGINS["right"] + _PAIR * columns, MARGINS["top"] + MARGINS["bottom"] + PAIR_ROW * rows


def overlap_heatmap(found: Sequence[Overlap], names: Sequence[str]) -> go.Figure:
    """Draw how many kept heads every two tasks share, coloured by how many more or fewer that is than by chance.

    Args:
        found: of every two tasks, from ``overlaps``.
        names: of the tasks, in the order of their rows.
    """
    size = len(names)
    more, said, words = np.full((size, size), np.nan), np.full((size, size), "", dtype=object), []
    for each in found:
        shared = len(each.shared)
        for row, column in ((each.first, each.second), (each.second, each.first)):
            more[row, column] = shared - each.expected
            said[row, column] = (
                f"<b>{literal(names[row])} and {literal(names[column])}</b><br>{shared} heads shared, of {each.kept[0]} "
                f"and {each.kept[1]} kept<br>by chance {each.expected:.1f}; p {each.p:.2g}, q {each.q:.2g}<br>"
                f"drawn in the same layers {each.expected_by_layer:.1f}; p {each.p_by_layer:.2g}, q {each.q_by_layer:.2g}"
            )
            words.append((column, row, f"{shared}{'*' if each.q < 0.05 else ''}"))
    rows = list(enumerate(names, start=1))
    return _between(more, said, words, rows, range(1, size + 1), "more than by chance")


def transfer_places(found: Transfer, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of the tasks that are a transfer's rows, those answered, and its columns, those that heads are of.

    Args:
        found: the accuracies.
        names: of the tasks, in the order of the atlas.
    """
    sources = {each.source for target in found.targets for each in target.sources}
    return [target.target for target in found.targets], [name for name in names if name in sources]


def transfer_heatmap(found: Transfer, names: Mapping[str, str]) -> go.Figure:
    """Draw how often heads of one task (across) are right on another (downwards), against random heads there.

    Args:
        found: the accuracies.
        names: of the tasks as they are shown, by the names of their rows.
    """
    rows, sources = transfer_places(found, list(names))
    gain, said, words = np.full((len(rows), len(sources)), np.nan), np.full((len(rows), len(sources)), "", dtype=object), []
    for row, target in enumerate(found.targets):
        beside = (
            f"<br>its own heads {percent(target.own, 1)}<br>random heads {percent(target.random, 1)} "
            f"({percent(target.random_interval[0])} to {percent(target.random_interval[1])} in 95 % of the draws)"
        )
        for each in target.sources:
            column = sources.index(each.source)
            gain[row, column] = 100 * (each.accuracy - target.random)
            low, high = each.interval
            said[row, column] = (
                f"<b>heads of {literal(names[each.source])} on {literal(names[target.target])}</b><br>"
                f"{percent(each.accuracy, 1)} of {target.n} right<br>{interval_words(low, high)}{beside}<br>"
                f"{percent(each.random_as_good)} of the draws do as well"
            )
            words.append((column, row, f"{100 * each.accuracy:.0f}"))
        if target.target in sources:
            column = sources.index(target.target)
            gain[row, column] = 100 * (target.own - target.random)
            said[row, column] = f"<b>its own heads on {literal(names[target.target])}</b>{beside}"
            words.append((column, row, f"{100 * target.own:.0f}"))
    number = {name: place for place, name in enumerate(names, start=1)}
    shown = [(number[name], names[name]) for name in rows], [number[name] for name in sources]
    own = [(sources.index(name), row) for row, name in enumerate(rows) if name in sources]
    return _between(gain, said, words, *shown, "points over random", framed=own)


def _between(
    values: npt.NDArray[np.float64],
    said: npt.NDArray[Any],
    words: Sequence[tuple[int, int, str]],
    rows: Sequence[tuple[int, str]],
    columns: Sequence[int],
    title: str,
    framed: Sequence[tuple[int, int]] = (),
) -> go.Figure:
    """A table of tasks by tasks as a heatmap around nothing, with words in its cells.

    Tasks have numbers, which stand under the columns: names would lie on each other there.
    """
    peak = float(np.nanmax(np.abs(values), initial=1e-6))
    bar = colourbar(title, [-peak, peak]) | {"ticktext": [f"{-peak:+.0f}", f"{peak:+.0f}"]}
    figure = go.Figure(
        go.Heatmap(
            z=values,
            customdata=said.tolist(),
            colorscale=colour_scale(DIVERGING),
            meta={"dark": colour_scale(DIVERGING_DARK)},
            zmin=-peak,
            zmax=peak,
            zmid=0,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            colorbar=bar,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    figure.update_layout(
        **_fixed(layout("", left=names_width([name for _, name in rows], numbered=True), **MARGINS)),
        height=between_size(len(rows), len(columns))[1],
        shapes=[frame(x, y) for x, y in framed],
        annotations=[
            *(cell_text(x, y, text, abs(float(values[y, x])) / peak) for x, y, text in words),
            _below("task, by its number"),
        ],
    )
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=list(map(str, columns)),
        range=[-0.56, len(columns) - 0.44],
        **cell_axes(),
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{_named(name)} {number}" for number, name in rows],
        range=[len(rows) - 0.44, -0.56],
        **cell_axes(),
    )
    return figure


def sharing_figure(found: Sharing) -> go.Figure:
    """Draw how many heads are kept by 0, 1, ... tasks as bars, and as dots how many chance would have so."""
    numbers = list(range(found.tasks + 1))
    expected = found.expected.tolist()
    figure = go.Figure(
        [
            go.Bar(
                x=numbers,
                y=found.observed,
                name="heads",
                marker={"color": LINE},
                customdata=[f"{each:.1f}" for each in expected],
                hovertemplate="kept by %{x} tasks: %{y} heads<br>by chance %{customdata}<extra></extra>",
            ),
            go.Scatter(
                x=numbers,
                y=expected,
                name="by chance",
                mode="lines+markers",
                line={"color": NEUTRAL, "width": 1, "dash": "dot"},
                marker={"color": OUTLINE, "size": 8},
                hoverinfo="skip",
            ),
        ]
    )
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
    figure.update_layout(**layout(left=44, top=34, bottom=46), height=SHARING_HEIGHT, bargap=0.25, legend=legend)
    figure.add_annotation(**_below("tasks that keep a head"))
    figure.add_annotation(
        text="heads", x=0, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False
    )
    figure.update_xaxes(tickvals=numbers, showgrid=False, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, rangemode="tozero")
    return figure


def _below(text: str) -> dict[str, Any]:
    """An axis's title under its numbers."""
    return {
        "text": text,
        "x": 0.5,
        "y": 0,
        "xref": "paper",
        "yref": "paper",
        "yanchor": "top",
        "yshift": -24,
        "showarrow": False,
    }
