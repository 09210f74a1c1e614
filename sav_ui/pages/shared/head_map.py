"""The map of a head, or of all heads that vote: its figure, what is said of it, and the pictures that stand in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sav_core.figures.maps import MAP_HEIGHT, head_map_values
from sav_core.retrieval.projection import HeadMap, project
from sav_core.types import Head, HeadVectors
from sav_ui.panels.panel import Piece, fill
from sav_ui.panels.parts import piece
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import counted
from sav_ui.session.asked import Asked
from sav_ui.session.fit import Fit
from sav_ui.session.session import Session

__all__ = ["SHOWN_AS_PICTURES", "Mapped", "mapped"]

SHOWN_AS_PICTURES = 300
"""Examples that stand in a map as pictures; of more, evenly chosen ones do, and the others are points."""

_ON_THE_PAGE = 18  # of each label, the latest: their thumbnails are on its card, and are not sent again
_SMALL = 48  # pixels of a thumbnail that is for the map alone
_QUERIES = 60  # the latest


@dataclass(frozen=True)
class Mapped:
    """One map as a page shows it.

    Attributes:
        values: for the template.
        figure: as JSON.
        pieces: what stands in the template and is cut already, for ``content``.
    """

    values: dict[str, Any]
    figure: str
    pieces: tuple[Piece, ...]


def mapped(
    session: Session,
    fit: Fit,
    heads: Sequence[Head],
    figure: str,
    *,
    by: str = "pca",
    queries: Sequence[Asked] = (),
    whose: str = "your",
) -> Mapped:
    """Put the examples, their labels' means and queries on the map of some heads.

    Args:
        session: whose they are.
        fit: of the examples.
        heads: one, or all that vote.
        figure: the name of the figure's place, which nothing else on that panel has.
        by: how the space is flattened.
        queries: of the same model; the latest are shown.
        whose: the examples are.
    """
    shown = tuple(queries)[-_QUERIES:]
    about = (fit.vectors, tuple(heads), by, tuple(query.id for query in shown), fit.rule)
    made = session.memo(figure, about, lambda: _drawn(fit, heads, by, shown))
    here = (fit.items, session.project.items, session.project.labels)
    faces = session.memo(f"{figure} faces", here, lambda: piece(fill("shared/map_faces.html", faces=_faces(session, fit))))
    values = {
        "figure": figure,
        "height": MAP_HEIGHT,
        "by": by,
        "words": _words(made["found"], len(fit.items), heads, whose),
        "label": f"Map of {_called(heads)}: {_counts(len(fit.items), len(shown))}.",
        "faces": faces,
        "asked": [(query.id, thumb(query.pictures[0])) for query in shown if query.pictures],
        "queries": len(shown),
    }
    return Mapped(values, made["figure"], (faces,))


def _drawn(fit: Fit, heads: Sequence[Head], by: str, queries: Sequence[Asked]) -> dict[str, Any]:
    """The map and its figure, whose text a memo counts."""
    names = tuple(query.name for query in queries)
    asked = None
    if queries:
        values = np.stack([query.vector for query in queries])
        asked = HeadVectors(values, (None,) * len(names), names, tuple(range(len(names))), len(names), fit.vectors.model)
    found = project(fit.vectors, heads, asked, by=by)
    figure = head_map_values(
        found,
        fit.vectors.names,
        names,
        taken=_taken(fit, heads),
        ids=[item.id for item in fit.items],
        query_ids=[query.id for query in queries],
    )
    return {"found": found, "figure": json.dumps(figure)}


def _taken(fit: Fit, heads: Sequence[Head]) -> np.ndarray:
    """``int (example,)``, the label that each example is given by the head alone, or by the vote without the example."""
    if len(heads) == 1:
        answers: np.ndarray = fit.rule.own_answers.predicted[:, heads[0].layer, heads[0].index]
        return answers
    given = fit.codes.copy()
    if fit.left_out is not None:
        given[fit.left_out.rows] = fit.left_out.winner
    return given


def _words(found: HeadMap, n: int, heads: Sequence[Head], whose: str) -> str:
    """How much of what is so can be seen, in plain words."""
    if n < 2:
        return "With one example there is nothing to compare it with yet."
    kept = round(100 * found.kept)
    space = "this head’s space" if len(heads) == 1 else "the space of the heads that vote"
    rest = (
        "what lies near here lies near there"
        if kept >= 80
        else "what lies far apart here does there too; what lies near here may not"
        if kept >= 50
        else "most of it cannot be seen in two dimensions, so trust the cosines more than the picture"
    )
    return f"The map keeps {kept} % of the distances between {whose} examples in {space}: {rest}."


def _counts(examples: int, queries: int) -> str:
    beside = f" and {counted(queries, 'query', 'queries')}" if queries else ""
    return f"{counted(examples, 'example')}{beside}"


def _called(heads: Sequence[Head]) -> str:
    return f"head {heads[0]}" if len(heads) == 1 else f"all {len(heads)} heads that vote"


def _faces(session: Session, fit: Fit) -> list[tuple[str, str]]:
    """Thumbnails by the examples' identities: those of the page, or small ones where it has none."""
    project = session.project
    here = {item.id for label in project.labels for item in project.of_label(label.id)[-_ON_THE_PAGE:]}
    step = max(1, -(-len(fit.items) // SHOWN_AS_PICTURES))
    return [
        (item.id, thumb(item.pictures[0]) if item.id in here else thumb(item.pictures[0], _SMALL))
        for item in fit.items[::step]
        if item.pictures
    ]
