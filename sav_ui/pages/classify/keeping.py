"""What is kept of the Classify page when a visitor's work is saved: its pictures and what was said of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sav_ui.pages.classify.state import NONE, ClassifyState, Query
from sav_ui.session.keeper import Keeper, SavedPart, SavedRow, unusable
from sav_ui.session.project import Project
from sav_ui.session.session import Session

__all__ = ["KEEPER", "NAME"]

NAME = "classify"
"""Of this part in a saved project."""


class _Row(BaseModel):
    """What is known of a picture: its truth is a label's number, for identities are new whenever a project is opened."""

    model_config = ConfigDict(strict=True)
    truth: int | Literal["none"] | None = None
    task: str = ""


class _Values(BaseModel):
    model_config = ConfigDict(strict=True)
    chosen: int = 0


def _about(session: Session) -> tuple[Any, ...]:
    state = session.state(ClassifyState)
    return state.queries, state.chosen


def _save(project: Project, about: tuple[Any, ...]) -> SavedPart:
    queries, chosen = about
    numbers: dict[str, int | str] = {label.id: number for number, label in enumerate(project.labels)} | {NONE: NONE}
    rows = [
        SavedRow(query.pictures, query.text, {"truth": numbers.get(query.truth), "task": query.task})
        for query in queries
        if query.pictures or query.text
    ]
    place = next((place for place, query in enumerate(queries) if query.id == chosen), 0)
    return SavedPart(tuple(rows), {"chosen": place})


def _take(project: Project, kept: SavedPart) -> Callable[[Session], None]:
    state = ClassifyState()  # which knows how many there may be
    try:
        state.add([_query(project, row, _Row.model_validate(row.values)) for row in kept.rows])
        chosen = _Values.model_validate(kept.values).chosen
    except ValidationError as error:
        raise unusable(NAME, error) from error

    def put(session: Session) -> None:
        here = session.state(ClassifyState)
        here.remove([query.id for query in here.queries])
        here.add(state.queries)
        if 0 <= chosen < len(here.queries):
            here.chosen = here.queries[chosen].id

    return put


def _query(project: Project, row: SavedRow, known: _Row) -> Query:
    truth: str = known.truth if isinstance(known.truth, str) else ""
    if isinstance(known.truth, int) and 0 <= known.truth < len(project.labels):
        truth = project.labels[known.truth].id
    levels = project.levels
    return Query("", tuple(picture.at_levels(levels) for picture in row.pictures), row.text, truth, known.task)


KEEPER = Keeper(_about, _save, _take)
"""Takes the page out of a session, and brings it back."""
