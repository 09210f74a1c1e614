"""The numbers behind the four drawings of the method, which stand on several pages."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["steps"]

# What the drawings show: how well each head of a small model tells two labels apart, 0 to 1, and which three are kept.
_ACCURACY = ((0.1, 0.3, 0.2, 0.6, 0.1), (0.4, 0.95, 0.3, 0.2, 0.5), (0.2, 0.4, 0.9, 0.3, 0.1), (0.5, 0.1, 0.3, 0.85, 0.2))
_KEPT = ((1, 1), (2, 2), (3, 3))
_CLUSTERS = (((46, 44), (34, 34), (58, 36), (40, 58), (56, 54)), ((124, 84), (112, 76), (138, 78), (118, 98), (134, 96)))
_QUERY = (104, 62)


def steps() -> dict[str, Any]:
    """The numbers behind the drawings."""
    cells = [
        {"x": 26 * column, "y": 26 * row, "share": share, "rank": _KEPT.index((row, column)) + 1 if kept else 0}
        for row, line in enumerate(_ACCURACY)
        for column, share in enumerate(line)
        for kept in [(row, column) in _KEPT]
    ]
    centres = [tuple(sum(axis) / len(axis) for axis in zip(*points, strict=True)) for points in _CLUSTERS]
    nearest = min(centres, key=lambda centre: math.dist(centre, _QUERY))
    return {"cells": cells, "clusters": _CLUSTERS, "centres": centres, "query": _QUERY, "nearest": nearest}
