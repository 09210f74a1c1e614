"""What labelled examples taught as one HTML page to show: which heads know them, how good, and where they put them.

    page = heads_page(fit, 20, pictures, title="Pets", model="Qwen/Qwen2-VL-2B-Instruct")

Nothing in it runs and nothing is fetched: the drawings are SVG with words on every mark, thumbnails are in it, it follows
the reader's light or dark, and it has at most a megabyte, whatever it is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError
from sav_core.evaluation.leave_one_out import LeftOut
from sav_core.evaluation.metrics import wilson_interval
from sav_core.evaluation.support_fit import SupportFit
from sav_core.figures.style import CATEGORIES, elided
from sav_core.reports.drawings import curve_drawing, heads_drawing, map_drawing
from sav_core.reports.thumbnails import thumbnails
from sav_core.retrieval.projection import project
from sav_core.wording import percent, percent_range, unbroken_percent

__all__ = ["heads_page"]

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,  # labels and names are anybody's
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["percent"] = unbroken_percent
_TEMPLATES.filters["elided"] = elided

_LISTED = 64  # heads of the table; the drawing shows the rest
_LABELS = 200  # rows of the table of labels
_PER_LABEL = 24  # thumbnails under each label


def heads_page(
    fit: SupportFit,
    n_kept: int,
    pictures: Sequence[Picture | None],
    *,
    title: str = "",
    model: str = "",
    question: str = "",
) -> str:
    """Return the page.

    Args:
        fit: of the examples.
        n_kept: how many heads vote.
        pictures: of each example the one to show, ``None`` for one without.
        title: what was taught; a plain heading by default.
        model: whose heads they are.
        question: what was asked of every example.

    Raises:
        InputError: there are not as many pictures as examples.
        ImageError: one cannot be read.
    """
    if len(pictures) != len(fit.vectors):
        raise InputError(
            f"One picture or None is needed for each of {len(fit.vectors)} examples, but {len(pictures)} came."
        )
    kept = fit.fitted.rule.keep(fit.scores, n_kept).heads
    judged = None if fit.left_out is None else fit.left_out.at(n_kept)
    faces = thumbnails(pictures)
    maps = [([kept[0]], f"By its best head, {kept[0]}")]
    maps += [(list(kept), f"By all {len(kept)} heads that vote")] if len(kept) > 1 else []
    return _TEMPLATES.get_template("heads_page.html.jinja").render(
        title=title or "What these heads know",
        settings=[row for row in (("model", model), ("question", question), ("voting rule", fit.voting)) if row[1]],
        n=len(fit.vectors),
        labels=fit.fitted.labels,
        headline=None if judged is None else _headline(fit, judged),
        why_not=fit.why_not,
        curve=None if fit.left_out is None else curve_drawing(fit.left_out.right, fit.left_out, len(kept)),
        per_label=_per_label(fit, judged)[:_LABELS],
        heatmap=heads_drawing(fit.scores, kept),
        scores=fit.scores,
        heads=_heads(fit, kept),
        kept=len(kept),
        maps=[
            {"heading": words, **map_drawing(project(fit.vectors, heads), fit.vectors.names, _taken(fit, judged), faces)}
            for heads, words in maps
        ],
        faces=faces,
        gallery=_gallery(fit, judged, faces),
    )


def _headline(fit: SupportFit, judged: LeftOut) -> dict[str, Any]:
    assert fit.left_out is not None
    chance = float(np.bincount(fit.codes).max() / len(fit.codes))
    return {
        "accuracy": judged.accuracy,
        "right": judged.right,
        "n": judged.n,
        "interval": percent_range(wilson_interval(judged.right, judged.n)),
        "how": "one by one" if fit.left_out.alone else f"in {fit.left_out.groups} groups",
        "chance": chance,
    }


def _taken(fit: SupportFit, judged: LeftOut | None) -> list[str | None]:
    """What the vote makes of each example without it, where that is another label than its own."""
    taken: list[str | None] = [None] * len(fit.vectors)
    if judged is not None:
        for row, own, given in zip(judged.rows, judged.codes, judged.winner, strict=True):
            if own != given:
                taken[row] = fit.fitted.labels[given]
    return taken


def _per_label(fit: SupportFit, judged: LeftOut | None) -> list[dict[str, Any]]:
    """Of each label how many examples there are, how many are right when left out, and what it is mostly taken for."""
    rows = []
    for code, label in enumerate(fit.fitted.labels):
        row: dict[str, Any] = {"label": label, "n": int((fit.codes == code).sum()), "right": None, "instead": ""}
        if judged is not None and (judged.codes == code).any():
            given = np.bincount(judged.winner[judged.codes == code], minlength=len(fit.fitted.labels))
            row |= {"right": int(given[code]), "judged": int(given.sum())}
            given[code] = 0
            row["instead"] = f"{fit.fitted.labels[given.argmax()]} ({given.max()})" if given.any() else ""
        rows.append(row)
    return rows


def _heads(fit: SupportFit, kept: Sequence[Any]) -> list[tuple[str, ...]]:
    """The heads that vote, best first, as rows of a table."""
    scores, ranks = fit.scores, {head: rank for rank, head in enumerate(fit.scores.ranking, start=1)}
    return [
        (
            str(ranks[head]),
            str(head),
            f"{scores.correct[head.layer, head.index]} of {scores.scored}",
            percent(scores.accuracy[head.layer, head.index], 1),
            f"{scores.margin[head.layer, head.index]:.4f}",
        )
        for head in kept[:_LISTED]
    ]


def _gallery(fit: SupportFit, judged: LeftOut | None, faces: Sequence[str]) -> list[dict[str, Any]]:
    """Of each label the first thumbnails, those that are taken for another one before."""
    taken, shown = _taken(fit, judged), []
    for code, label in enumerate(fit.fitted.labels[:_LABELS]):
        rows = [row for row in np.flatnonzero(fit.codes == code).tolist() if faces[row]]
        rows.sort(key=lambda row: taken[row] is None)
        items = [{"row": row, "name": fit.vectors.names[row], "taken": taken[row]} for row in rows[:_PER_LABEL]]
        if items:
            colour = CATEGORIES[code % len(CATEGORIES)]
            shown.append({"label": label, "colour": colour, "items": items, "n": int((fit.codes == code).sum())})
    return shown
