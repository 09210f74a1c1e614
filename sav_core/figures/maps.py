"""The map of a head: examples, label means and queries as its vectors place them, see ``sav_core.retrieval.projection``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from sav_core.figures.name_places import name_places
from sav_core.figures.style import CATEGORIES, OUTLINE, elided, elided_apart, layout, literal
from sav_core.retrieval.projection import HeadMap
from sav_core.wording import percent

__all__ = ["MAP_HEIGHT", "MEANS", "QUERIES", "head_map", "head_map_values"]

MAP_HEIGHT = 440
"""In pixels."""

MEANS, QUERIES = "label means", "queries"
"""Names of the last two traces; before them stands one for each label."""

_SHAPES = ("circle", "square", "triangle-up", "diamond", "pentagon")  # 5 beside 8 colours: 40 labels differ
_EDGE = 1.16  # of the axes, where the farthest point lies at 1
_MOST_NAMED = 12  # labels that stand in a legend; with more, the means alone are named
_NAME = 13  # pixels of the letters of a mean's name
_SCALES = (116.0, 160.0)  # pixels of a unit, on a phone and where the figure is as wide as it is high
_MOVE = {"duration": 600, "easing": "cubic-in-out"}  # from one map to the next


class _Box(NamedTuple):
    """What all points lie in."""

    middle: npt.NDArray[np.float64]
    half: float


def head_map(
    found: HeadMap,
    names: Sequence[str],
    query_names: Sequence[str] = (),
    *,
    taken: npt.NDArray[np.integer] | None = None,
    ids: Sequence[str] = (),
    query_ids: Sequence[str] = (),
) -> go.Figure:
    """Draw a map, to one scale in both directions; drawn in the place of another, every point moves to where it is now.

    Args:
        found: the places.
        names: of the examples.
        query_names: of the queries.
        taken: ``int (example,)``, the label that each example is given, said on hover where it is not its own.
        ids: of the examples, for whoever puts pictures in the place of the points.
        query_ids: of the queries, likewise.
    """
    values = head_map_values(found, names, query_names, taken=taken, ids=ids, query_ids=query_ids)
    return go.Figure(values["data"], values["layout"])


def head_map_values(
    found: HeadMap,
    names: Sequence[str],
    query_names: Sequence[str] = (),
    *,
    taken: npt.NDArray[np.integer] | None = None,
    ids: Sequence[str] = (),
    query_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the figure as JSON's values, for a page that shows another at every click: Plotly takes long to check them.

    Args:
        found: as of ``head_map``, like all that follow.
        names: likewise.
        query_names: likewise.
        taken: likewise.
        ids: likewise.
        query_ids: likewise.
    """
    every = np.concatenate([found.examples, found.means, found.queries])
    box = _Box((every.min(0) + every.max(0)) / 2, float(np.ptp(every, axis=0).max()) / 2 or 1.0)
    given = found.codes if taken is None else taken
    traces = [
        _examples(found, code, np.flatnonzero(found.codes == code), box, names, given, ids)
        for code in range(len(found.labels))
    ]
    means, unnamed = _means(found, box)
    traces.append(means)
    if len(found.queries):
        traces.append(_queries(found, box, query_names, query_ids))
    bare: dict[str, Any] = {"showgrid": False, "zeroline": False, "showticklabels": False, "range": [-_EDGE, _EDGE]}
    bare["constrain"] = "domain"  # Plotly would widen the range instead, at every change of the window's width again
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemsizing": "constant"}
    drawn = {
        **layout(left=24, right=8, top=34, bottom=26),
        "height": MAP_HEIGHT,
        "hovermode": "closest",
        "legend": legend,
        "showlegend": len(found.labels) <= _MOST_NAMED,
        "transition": _MOVE,
        "annotations": [*_axis_words(found.spread), *_left_out(unnamed)],
        "xaxis": bare,
        "yaxis": {**bare, "scaleanchor": "x"},
    }
    return {"data": traces, "layout": drawn}


def _examples(
    found: HeadMap,
    code: int,
    rows: npt.NDArray[np.intp],
    box: _Box,
    names: Sequence[str],
    given: npt.NDArray[np.integer],
    ids: Sequence[str],
) -> dict[str, Any]:
    """One label's examples."""
    label = literal(found.labels[code])
    wrong = ["" if given[row] == code else f"<br>taken for {literal(found.labels[given[row]])}" for row in rows]
    return {
        "type": "scatter",
        **_places(found.examples[rows], box),
        "name": literal(elided(found.labels[code], 24)),
        "mode": "markers",
        "text": [literal(names[row]) for row in rows],
        "hovertext": wrong,
        "customdata": np.round(found.example_similarity[rows, code], 4).tolist(),
        **({"ids": [ids[row] for row in rows]} if ids else {}),
        "marker": {**_mark(code), "size": 9},
        "meta": {"label": label},
        "hovertemplate": (
            f"<b>%{{text}}</b><br>{label}%{{hovertext}}<br>"
            f"cosine to the mean of {label}: %{{customdata:.4f}}<extra></extra>"
        ),
    }


def _means(found: HeadMap, box: _Box) -> tuple[dict[str, Any], int]:
    """The labels' means, and how many of them have no name, for there it would lie on another."""
    counts = np.bincount(found.codes, minlength=len(found.labels))
    marks = [_mark(code) for code in range(len(found.labels))]
    places, names = _places(found.means, box), elided_apart(found.labels)
    sides = name_places(np.array([places["x"], places["y"]]).T, names, size=_NAME, scales=_SCALES, edge=_EDGE)
    trace = {
        "type": "scatter",
        **places,
        "name": MEANS,
        "mode": "markers+text",
        "text": [literal(name) if side else "" for name, side in zip(names, sides, strict=True)],
        "hovertext": [literal(label) for label in found.labels],
        "customdata": counts.tolist(),
        "ids": [f"mean {code}" for code in range(len(found.labels))],
        "textposition": [side or "top center" for side in sides],
        "textfont": {"size": _NAME},
        "marker": {
            "color": [mark["color"] for mark in marks],
            "symbol": "cross",
            "size": 15,
            "opacity": 1,
            "line": {"color": "white", "width": 2},
        },
        "hovertemplate": "<b>mean of %{hovertext}</b><br>of examples: %{customdata}<extra></extra>",
        "showlegend": False,
        "cliponaxis": False,
    }
    return trace, sides.count(None)


def _queries(found: HeadMap, box: _Box, names: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
    nearest = found.query_similarity.argmax(1)
    return {
        "type": "scatter",
        **_places(found.queries, box),
        "name": QUERIES,
        "mode": "markers",
        "text": [literal(name) for name in names],
        "hovertext": [literal(found.labels[code]) for code in nearest],
        "customdata": np.round(found.query_similarity.max(1, initial=-1.0), 4).tolist(),
        **({"ids": list(ids)} if ids else {}),
        "marker": {"color": OUTLINE, "symbol": "star", "size": 14, "opacity": 1, "line": {"color": "white", "width": 1}},
        "hovertemplate": (
            "<b>%{text}</b><br>a query, nearest to the mean of %{hovertext}<br>"
            "cosine to it: %{customdata:.4f}<extra></extra>"
        ),
        "cliponaxis": False,
    }


def _places(places: npt.NDArray[np.float64], box: _Box) -> dict[str, list[float]]:
    """Coordinates to a thousandth of the map: fewer letters, and no more can be seen."""
    x, y = np.round((places - box.middle) / box.half, 3).T + 0.0  # no minus in front of a nought
    return {"x": x.tolist(), "y": y.tolist()}


def _mark(code: int) -> dict[str, Any]:
    return {"color": CATEGORIES[code % len(CATEGORIES)], "symbol": _SHAPES[code % len(_SHAPES)], "opacity": 0.85}


def _left_out(unnamed: int) -> list[dict[str, Any]]:
    """That names are missing, where they are."""
    if not unnamed:
        return []
    words = f"{unnamed} {'name has' if unnamed == 1 else 'names have'} no room: point at a cross"
    common = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 11}}
    return [{"text": words, "x": 0, "y": 0, "xanchor": "left", "yanchor": "top", "yshift": -4, **common}]


def _axis_words(spread: Sequence[float] | None) -> list[dict[str, Any]]:
    """What of the spread lies along each axis, where axes mean something."""
    if spread is None:
        return []
    across, up = (f"{percent(share)} of the spread" for share in spread)
    common = {"xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 11}}
    return [
        {"text": across, "x": 1, "y": 0, "xanchor": "right", "yanchor": "top", "yshift": -4, **common},
        {"text": up, "x": 0, "y": 0, "xanchor": "right", "yanchor": "bottom", "textangle": -90, "xshift": -4, **common},
    ]
