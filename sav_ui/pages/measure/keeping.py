"""What is kept of the Measure page when a visitor's work is saved: their own test set, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from sav_core.data.examples import Example
from sav_core.heads.rules import VotingName
from sav_core.rivals.spec import read_rivals
from sav_ui.pages.measure.state import MeasureState, Setup
from sav_ui.session.keeper import Keeper, SavedPart, SavedRow, unusable
from sav_ui.session.project import Project
from sav_ui.session.session import Session

__all__ = ["KEEPER", "NAME"]

NAME = "measure"
"""Of this part in a saved project."""


class _Row(BaseModel):
    model_config = ConfigDict(strict=True)
    label: str


class _Values(BaseModel):
    model_config = ConfigDict(strict=True)
    source: Literal["", "task", "own", "split"] = ""
    each: int = 1
    voting: VotingName | Literal[""] = ""
    ask: bool = False
    rivals: list[str] = []

    @field_validator("rivals")
    @classmethod
    def _known(cls, rivals: list[str]) -> list[str]:
        read_rivals(rivals)  # a SettingError is a ValueError, which makes it a ValidationError
        return rivals


def _about(session: Session) -> tuple[Any, ...]:
    state = session.state(MeasureState)
    return state.own, state.setup


def _save(project: Project, about: tuple[Any, ...]) -> SavedPart:
    own, setup = about
    rows = tuple(SavedRow(each.images, each.question, {"label": each.label}) for each in own)
    values = {"source": setup.source, "each": setup.each, "voting": setup.voting, "ask": setup.ask}
    return SavedPart(rows, values | {"rivals": [str(each) for each in setup.rivals]})


def _take(project: Project, kept: SavedPart) -> Callable[[Session], None]:
    state = MeasureState()  # which knows how many there may be
    try:
        labels = [_Row.model_validate(row.values).label for row in kept.rows]
        values = _Values.model_validate(kept.values)
    except ValidationError as error:
        raise unusable(NAME, error) from error
    state.add([Example(row.pictures, row.text, label) for row, label in zip(kept.rows, labels, strict=True)], "")

    def put(session: Session) -> None:
        here = session.state(MeasureState)
        here.take(state.own)
        here.setup = Setup(values.source, max(1, values.each), values.voting, values.ask, read_rivals(values.rivals))

    return put


KEEPER = Keeper(_about, _save, _take)
"""Takes the page out of a session, and brings it back."""
