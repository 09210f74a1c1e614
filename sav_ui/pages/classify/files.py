"""The answers of the Classify page as files: a table for a spreadsheet, and JSON as the command line writes it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from sav_core.reports.tables import plain
from sav_ui.pages.classify.state import NONE, ClassifyState, Query
from sav_ui.pages.shared.answers import Answer
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project

__all__ = ["NONE_OF_THESE", "as_csv", "as_json"]

NONE_OF_THESE = "none of these"


def as_csv(state: ClassifyState, project: Project, fit: Fit) -> str:
    """One line for each answered query, with a column for each label's share of the vote."""
    buffer = io.StringIO()
    table = csv.writer(buffer)
    numbered = ("confidence", "probability", "closeness", "acceptance", "none_below")
    columns = ["image", "label", *numbered, "truth", "right", "votes"]
    table.writerow([*columns, *(f"share: {label}" for label in fit.labels)])
    for query, answer in _answered(state, project, fit):
        row = _row(query, answer, project, fit)
        votes = " ".join(f"{vote.head}={vote.label}" for vote in answer.prediction.votes)
        right = {True: "yes", False: "no", None: ""}[row["right"]]
        numbers = ["" if row[name] is None else f"{row[name]:.4f}" for name in numbered]
        shares = [f"{share:.4f}" for share in answer.prediction.shares.values()]
        table.writerow(
            [plain(row["image"]), plain(row["label"]), *numbers, plain(row["truth"] or ""), right, votes, *shares]
        )
    return buffer.getvalue()


def as_json(state: ClassifyState, project: Project, fit: Fit) -> str:
    """A list of objects, as ``python -m sav_core classify --json`` writes them, and what this page knows besides."""
    rows = [
        {**answer.prediction.as_dict(), **_row(query, answer, project, fit)}
        for query, answer in _answered(state, project, fit)
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _answered(state: ClassifyState, project: Project, fit: Fit) -> list[tuple[Query, Answer]]:
    answers = state.answers(project, fit)
    return [(query, answers[query.id]) for query in state.shown(project) if query.id in answers]


def _row(query: Query, answer: Answer, project: Project, fit: Fit) -> dict[str, Any]:
    names = {label.id: label.name for label in project.labels} | {NONE: NONE_OF_THESE}
    given = NONE if answer.none else fit.label_ids[answer.code]
    return {
        "image": query.name,
        "label": names.get(given, answer.prediction.label),
        "confidence": answer.prediction.confidence,
        "probability": answer.prediction.probability,
        "closeness": answer.prediction.closeness,
        "acceptance": answer.acceptance,
        "none_below": answer.threshold,
        "none": answer.none,
        "truth": names.get(query.truth),
        "right": query.truth == given if query.truth in names else None,
    }
