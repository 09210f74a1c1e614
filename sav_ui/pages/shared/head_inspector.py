"""One head, or two beside each other, in words, pictures and numbers: plain values for the inspector's template."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sav_core.evaluation.support_fit import head_confusion
from sav_core.retrieval.nearest import nearest
from sav_core.types import Head
from sav_ui.pages.shared.head_map import Mapped, mapped
from sav_ui.pages.shared.head_words import quality
from sav_ui.pages.shared.inside import Inside
from sav_ui.pages.shared.points import points_of, where_asked
from sav_ui.pages.shared.uses import FIGURE, uses_of
from sav_ui.panels.thumbnails import thumb
from sav_ui.session.fit import Fit
from sav_ui.session.project import Item
from sav_ui.session.session import Session

__all__ = ["inspector", "listed_heads"]

_LISTED = 64  # rows of the table; the heatmap shows the rest
_WRONG = 8  # examples it gets wrong that are shown


def inspector(session: Session, inside: Inside) -> dict[str, Any]:
    """What is known of the head that a visitor looks at; with none chosen, the list to choose from.

    Returns:
        Values for the template, and for ``content`` its ``figures`` and ``pieces``.
    """
    fit, focus = inside.fit, inside.focus
    layers, heads = fit.scores.correct.shape
    there = [h for h in (focus.head, focus.versus) if h is not None and h.layer < layers and h.index < heads]
    maps = _maps(session, inside, there)
    return {
        "title": _title(inside, there),
        "whose": inside.whose,
        "of": inside.title,
        "heads": [
            _about(session, inside, head) | {"map": one.values if one is not None else None}
            for head, one in zip(there, maps, strict=True)
        ],
        "mapped": focus.mapped,
        "switching": focus.switching,
        "by": focus.projection,
        "at": inside.item.id if inside.item is not None else "",
        "figures": {one.values["figure"]: one.figure for one in maps if one is not None} | _bars(session, inside, there),
        "pieces": [each for one in maps if one is not None for each in one.pieces],
        "list": listed_heads(fit),
        "count": len(fit.ranking),
        "labels": list(fit.labels),
        "cell": focus.cell,
        "cell_items": _cell_items(inside, there[0], focus.cell) if there and focus.cell else [],
        "all_heads": [str(head) for head in fit.ranking[:200]],
        "uses": uses_of(session, inside.project, fit),
        "pointing": where_asked(session),
    }


def _title(inside: Inside, there: list[Head]) -> str:
    what = "Two heads side by side" if len(there) > 1 else "".join(f"Inside head {head}" for head in there)
    return f"{what} on “{inside.title}”" if inside.title else what


def _maps(session: Session, inside: Inside, there: list[Head]) -> list[Mapped | None]:
    """A map for each head, or for the first that of all that vote."""
    fit, focus = inside.fit, inside.focus
    queries = session.classified if session.current_fit is not None and not inside.title else ()
    shown = partial(mapped, session, fit, by=focus.projection, queries=queries, whose=inside.whose)
    if focus.mapped == "kept" and there:
        return [shown(fit.kept, f"{inside.prefix}map-1"), *[None] * (len(there) - 1)]
    return [shown([head], f"{inside.prefix}map-{place}") for place, head in enumerate(there, start=1)]


def _bars(session: Session, inside: Inside, there: list[Head]) -> dict[str, Any]:
    """The figure of what the model loses without the heads that vote, where that was found out and a head is looked at."""
    found = uses_of(session, inside.project, inside.fit) if there else None
    return {} if found is None else {FIGURE: found["figure"]}


def listed_heads(fit: Fit) -> list[dict[str, Any]]:
    """The best heads as rows of a table: rank, name, score, margin, whether it votes."""
    kept = set(fit.kept)
    scores = fit.scores
    return [
        {
            "rank": rank,
            "name": str(head),
            "layer": head.layer,
            "index": head.index,
            "right": int(scores.correct[head.layer, head.index]),
            "accuracy": float(scores.accuracy[head.layer, head.index]),
            "margin": float(scores.margin[head.layer, head.index]),
            "kept": head in kept,
            "off": head in fit.off,
        }
        for rank, head in enumerate(fit.ranking[:_LISTED], start=1)
    ]


def _about(session: Session, inside: Inside, head: Head) -> dict[str, Any]:
    fit = inside.fit
    rank = fit.ranking.index(head) + 1
    confusion = head_confusion(fit.rule.own_answers, fit.codes, len(fit.labels), head)
    peak = max(1, int(confusion.max()))
    wrong = _wrong_rows(fit, head)
    return {
        "name": str(head),
        "layer": head.layer,
        "index": head.index,
        "rank": rank,
        "words": _words(inside, head, rank),
        "kept": head in fit.kept,
        "off": head in fit.off,
        "rows": [
            {
                "label": label,
                "cells": [
                    {
                        "count": int(confusion[row, column]),
                        "shade": float(confusion[row, column] / peak),
                        "own": row == column,
                    }
                    for column in range(len(fit.labels))
                ],
            }
            for row, label in enumerate(fit.labels)
        ],
        "wrong": [_wrong(fit, head, row) for row in wrong[:_WRONG]],
        "more_wrong": len(wrong[_WRONG:]),
        "near": _near(inside, head),
        "attention": _attention(session, inside, head),
        "points": points_of(session, head, fit.read.geometry.shape[:2]),
    }


def _attention(session: Session, inside: Inside, head: Head) -> dict[str, Any]:
    """One head's attention over the inspected example beside the mean of those that vote; or why there is none."""
    item = inside.item
    look = None if item is None else session.look_into(inside.project, item)
    if look is None or isinstance(look, str):
        return {"views": [], "why_not": look or ""}
    return {"views": [*look.of_head(head), *look.of_mean(inside.fit.kept)], "why_not": ""}


def _words(inside: Inside, head: Head, rank: int) -> str:
    fit = inside.fit
    vote = f"It is number {rank} of {len(fit.ranking)} and {_vote(fit, head)}."
    if not fit.can_leave_out:
        return f"One example a label cannot tell how much this head knows. {vote}"
    judged = np.bincount(fit.codes)[fit.codes] > 1
    right = (fit.rule.own_answers.predicted[:, head.layer, head.index] == fit.codes) & judged
    known = quality(int(right.sum()), int(judged.sum()), fit.chance, whose=inside.whose)
    ranked = ""
    if fit.scores.scoring != "leave_one_out":
        seen = f"{fit.scores.correct[head.layer, head.index]} of {fit.scores.scored}"
        ranked = f" It is ranked by training, {seen} right. Below, each example is judged left out of its label’s mean."
    return f"This head {known}. {vote}{ranked}"


def _vote(fit: Fit, head: Head) -> str:
    return "is switched off" if head in fit.off else "votes" if head in fit.kept else "does not vote"


def _wrong_rows(fit: Fit, head: Head) -> list[int]:
    """Rows of the examples it gives to another label, worst first."""
    predicted = fit.rule.own_answers.predicted[:, head.layer, head.index]
    margins = fit.rule.own_answers.margins[:, head.layer, head.index]
    return [int(row) for row in margins.argsort() if predicted[row] != fit.codes[row]]


def _wrong(fit: Fit, head: Head, row: int) -> dict[str, Any]:
    thought = fit.rule.own_answers.predicted[row, head.layer, head.index]
    return {**_picture(fit.items[row]), "own": fit.labels[fit.codes[row]], "thought": fit.labels[thought]}


def _near(inside: Inside, head: Head) -> dict[str, Any] | None:
    """The example looked at and the others nearest to it in this head's space."""
    fit, item = inside.fit, inside.item
    if item is None or len(fit.items) < 2:
        return None
    row = fit.items.index(item)
    me = fit.vectors.take([row])
    found = nearest(fit.vectors, me, [head], k=min(7, len(fit.items)))
    pairs = zip(found.positions[0], found.similarity[0], strict=True)
    others = [(int(other), float(similarity)) for other, similarity in pairs if other != row][:6]
    return {
        "of": {**_picture(item), "label": fit.labels[fit.codes[row]]},
        "found": [
            {
                **_picture(fit.items[other]),
                "label": fit.labels[fit.codes[other]],
                "same": bool(fit.codes[other] == fit.codes[row]),
                "similarity": similarity,
            }
            for other, similarity in others
        ],
    }


def _cell_items(inside: Inside, head: Head, cell: tuple[int, int]) -> list[dict[str, Any]]:
    fit, (own, given) = inside.fit, cell
    predicted = fit.rule.own_answers.predicted[:, head.layer, head.index]
    return [
        _picture(item)
        for item, code, guess in zip(fit.items, fit.codes, predicted, strict=True)
        if code == own and guess == given
    ]


def _picture(item: Item) -> dict[str, Any]:
    return {"id": item.id, "name": item.name, "picture": thumb(item.pictures[0]) if item.pictures else ""}
