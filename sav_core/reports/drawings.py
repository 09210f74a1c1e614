"""Drawings of a page that runs no script, as plain values for its template: what lies where, and the words on it.

They say the same as the Plotly figures of ``sav_core.figures``, and in the same colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.evaluation.leave_one_out import LeftOutFits
from sav_core.evaluation.metrics import wilson_interval
from sav_core.figures.name_places import name_places
from sav_core.figures.style import CATEGORIES, elided, numbered, tick_step
from sav_core.retrieval.projection import HeadMap
from sav_core.types import Head, HeadScores
from sav_core.wording import percent, percent_range

__all__ = ["MAP_SIDE", "curve_drawing", "heads_drawing", "map_drawing"]

MAP_SIDE = 640
_EDGE = 40  # of a map, free of middles of pictures
_MARKS = 300  # examples of a map
_SAID = 2000  # cells: of more, only those that vote have words
_CURVE_POINTS = 160
_WIDE, _HIGH = 420, 150  # of the curve
_NAME = 60  # letters of a name
_FACE = (22, 44)  # side of a picture in a map, at least and at most
_COVERED = 0.3  # of a map by its pictures, at most
_HALF = MAP_SIDE / 2 - _EDGE  # of a map, without its edges
_MEAN_NAME, _REACH = 18, 11  # letters of a mean's name, and how far from the mean it starts
_LETTER, _ON_A_PHONE = 15, 0.6  # pixels; the template writes larger there, as if the map were smaller
_ACROSS, _UP = {"left": -1, "center": 0, "right": 1}, {"top": 1, "middle": 0, "bottom": -1}
_LOWER = {1: "0", 0: "0.35em", -1: "0.75em"}  # a line of words hangs from its middle, or from its top
_ANCHOR = {1: "start", 0: "middle", -1: "end"}


def heads_drawing(scores: HeadScores, kept: Sequence[Head]) -> dict[str, Any]:
    """The accuracy of every head: layers upwards and heads to the right, how dark each cell is, and what is said of it.

    ``table`` says the same in rows, best first, for whom words on a mark are out of reach.
    """
    layers, heads = scores.correct.shape
    lowest = float(min(scores.accuracy.min(), 0.5))
    shades = (scores.accuracy - lowest) / max(1 - lowest, 1e-9)
    ranks, votes = {head: rank for rank, head in enumerate(scores.ranking, start=1)}, set(kept)
    spoken = scores.ranking if layers * heads <= _SAID else tuple(kept)
    wide, high = (34, 24) if heads <= 16 else (14, 14)
    with_number = set(kept[: numbered(len(kept), heads)]) if heads <= 16 else set()
    rows = []
    for layer in range(layers):
        cells = []
        for index in range(heads):
            head = Head(layer, index)
            said = ""
            if head in votes or len(spoken) == layers * heads:
                right = f"{scores.correct[layer, index]} of {scores.scored}"
                said = f"{head}: {percent(scores.accuracy[layer, index], 1)}, {right}, rank {ranks[head]}"
            cells.append(
                {
                    "x": index * wide,
                    "shade": round(float(shades[layer, index]), 2),
                    "said": said + (", votes" if head in votes and said else ""),
                    "votes": head in votes,
                    "rank": str(ranks[head]) if head in with_number else "",
                }
            )
        rows.append(
            {"y": (layers - 1 - layer) * high, "cells": cells, "name": layer if layer % tick_step(layers) == 0 else ""}
        )
    return {
        "rows": rows,
        "wide": wide,
        "high": high,
        "width": heads * wide,
        "height": layers * high,
        "columns": [{"x": index * wide + wide / 2, "name": index} for index in range(0, heads, tick_step(heads))],
        "table": [
            (
                str(head),
                f"{scores.correct[head.layer, head.index]} of {scores.scored}",
                percent(scores.accuracy[head.layer, head.index], 1),
                str(ranks[head]),
                "yes" if head in votes else "",
            )
            for head in spoken
        ],
        "lowest": lowest,
    }


def curve_drawing(right: npt.NDArray[np.int64], fits: LeftOutFits, kept: int) -> dict[str, Any]:
    """Accuracy of examples left out against the number of heads that vote, and where it stands."""
    n, numbers = len(fits.rows), np.arange(1, len(right) + 1)
    shown = np.unique(np.linspace(0, len(right) - 1, min(_CURVE_POINTS, len(right))).round().astype(int))
    at = min(kept, len(right)) - 1

    def place(number: int, share: float) -> str:
        across = _WIDE * (number - 1) / max(1, len(right) - 1)
        return f"{across:.1f},{_HIGH * (1 - share):.1f}"

    ends = [wilson_interval(int(right[k]), n) for k in shown]
    x, y = place(at + 1, right[at] / n).split(",")
    return {
        "line": " ".join(place(int(numbers[k]), right[k] / n) for k in shown),
        "band": " ".join(
            [place(int(numbers[k]), low) for k, (low, _) in zip(shown, ends, strict=True)]
            + [place(int(numbers[k]), high) for k, (_, high) in zip(shown[::-1], ends[::-1], strict=True)]
        ),
        "width": _WIDE,
        "height": _HIGH,
        "levels": [{"y": _HIGH * (1 - share), "name": percent(share)} for share in (0, 0.5, 1)],
        "last": len(right),
        "table": [
            (str(numbers[k]), f"{right[k]} of {n}", percent(right[k] / n), percent_range(ends_of))
            for k, ends_of in zip(shown, ends, strict=True)
        ],
        "at": {
            "x": x,
            "y": y,
            "said": f"{at + 1} heads: {right[at]} of {n} right, {percent(right[at] / n)} "
            f"(95 % interval: {percent_range(wilson_interval(int(right[at]), n))})",
        },
    }


def map_drawing(found: HeadMap, names: Sequence[str], taken: Sequence[str | None], faces: Sequence[str]) -> dict[str, Any]:
    """Where some heads put the examples and the labels' means, to one scale in both directions.

    Args:
        found: the places.
        names: of the examples.
        taken: what each is taken for, ``None`` where that is its own label.
        faces: which examples have a picture: those whose text is not empty.
    """
    every = np.concatenate([found.examples, found.means])
    middle, half = (every.min(0) + every.max(0)) / 2, float(np.ptp(every, axis=0).max()) / 2 or 1.0
    flat = MAP_SIDE / 2 + (every - middle) / half * _HALF * [1, -1]
    rows = [row for row in range(len(names)) if faces[row]]
    rows += [row for row in range(len(names)) if not faces[row]][: max(0, _MARKS - len(rows))]
    side = round(float(np.clip(np.sqrt(_COVERED * MAP_SIDE**2 / max(1, len(rows))), *_FACE)), 1)
    marks, table = [], []
    for row in sorted(rows):
        code = int(found.codes[row])
        label, other = found.labels[code], taken[row]
        name, own, instead = (elided(text, _NAME) if text is not None else "" for text in (names[row], label, other))
        cosine = f"{found.example_similarity[row, code]:.3f}"
        words = f"{name}; {own}{f'; taken for {instead}' if instead else ''}; cosine to the mean of its label {cosine}"
        table.append((name, own, instead, cosine))
        x, y = (round(float(each), 1) for each in flat[row])
        corner = {"left": round(x - side / 2, 1), "top": round(y - side / 2, 1)}
        marks.append(
            {"row": row, "x": x, "y": y, **corner, "colour": _colour(code), "said": words, "face": bool(faces[row])}
        )
    means = _means(flat[len(names) :], found.labels)
    low, high = (round(float(each), 1) for each in (flat[:, 1].min() - _EDGE, flat[:, 1].max() + _EDGE))
    return {
        "side": side,
        "top": low,
        "height": round(high - low, 1),  # no higher than what is in it
        "marks": marks,
        "table": table,
        "left_out": len(names) - len(rows),
        "means": means,
        "unnamed": [elided(mean["label"], _MEAN_NAME) for mean in means if not mean["name"]],
        "kept": found.kept,
        "spread": found.spread,
    }


def _means(places: npt.NDArray[np.float64], labels: Sequence[str]) -> list[dict[str, Any]]:
    """The labels' means, and beside each its name where that lies on no other one."""
    names, means = [elided(label, _MEAN_NAME) for label in labels], []
    units, scales = (places - MAP_SIDE / 2) / _HALF * [1, -1], (_ON_A_PHONE * _HALF, _HALF)
    sides = name_places(units, names, size=_LETTER, scales=scales, edge=MAP_SIDE / 2 / _HALF)
    for code, ((x, y), side) in enumerate(zip(places.tolist(), sides, strict=True)):
        mean = {"x": round(x, 1), "y": round(y, 1), "colour": _colour(code), "label": labels[code], "name": ""}
        if side is not None:
            up, across = (words[way] for words, way in zip((_UP, _ACROSS), side.split(), strict=True))
            at = {"left": round(x + across * _REACH, 1), "base": round(y - up * _REACH, 1)}
            mean |= {"name": names[code], **at, "lower": _LOWER[up], "anchor": _ANCHOR[across]}
        means.append(mean)
    return means


def _colour(code: int) -> str:
    return CATEGORIES[code % len(CATEGORIES)]
