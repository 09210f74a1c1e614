"""What is kept of the Teach page when a visitor's work is saved: the warnings that they have settled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sav_ui.pages.teach.state import TeachState
from sav_ui.session.keeper import Keeper, SavedPart, unusable
from sav_ui.session.project import Project
from sav_ui.session.session import Session

__all__ = ["KEEPER", "NAME"]

NAME = "teach"
"""Of this part in a saved project."""


class _Values(BaseModel):
    """Keys of warnings, in which an example is its number: identities are new whenever a project is opened."""

    model_config = ConfigDict(strict=True)
    settled: list[str] = []


def _about(session: Session) -> tuple[Any, ...]:
    return (session.state(TeachState).settled,)


def _save(project: Project, about: tuple[Any, ...]) -> SavedPart:
    (settled,) = about
    numbers = {item.id: f"#{number}" for number, item in enumerate(project.items)}
    return SavedPart(values={"settled": sorted(filter(None, (_renumbered(key, r"e\d+", numbers) for key in settled)))})


def _take(project: Project, kept: SavedPart) -> Callable[[Session], None]:
    try:
        settled = _Values.model_validate(kept.values).settled
    except ValidationError as error:
        raise unusable(NAME, error) from error
    ids = {f"#{number}": item.id for number, item in enumerate(project.items)}
    found = frozenset(filter(None, (_renumbered(key, r"#\d+", ids) for key in settled)))

    def put(session: Session) -> None:
        session.state(TeachState).settled = found

    return put


def _renumbered(key: str, written: str, names: dict[str, str]) -> str:
    """The key with its examples named in another way; empty if one of them is gone."""
    parts = [names.get(part, "") if re.fullmatch(written, part) else part for part in key.split("-")]
    return "-".join(parts) if all(parts) else ""


KEEPER = Keeper(_about, _save, _take)
"""Takes the page out of a session, and brings it back."""
