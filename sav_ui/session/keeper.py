"""What a page has kept of a visitor's work beside the project: pictures with what is known of each, and a few settings.

    Keeper(about, save, take)       # a page says how; ``PageHost.keeps`` makes it known under a name

The page alone knows what is in it; a saved project holds it as rows of pictures, and browsers keep it like that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import ValidationError

from sav_core.data.pictures.picture import Picture
from sav_core.errors import DatasetError
from sav_ui.session.project import Project
from sav_ui.session.session import Session

__all__ = ["Keeper", "Keepers", "SavedPart", "SavedRow", "unusable"]


@dataclass(frozen=True)
class SavedRow:
    """One example of a page.

    Attributes:
        pictures: of it.
        text: its own question.
        values: what else is known of it, as JSON has it.
    """

    pictures: tuple[Picture, ...]
    text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedPart:
    """What one page has kept: its examples, and its settings as JSON has them."""

    rows: tuple[SavedRow, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Keeper:
    """How a page's part of the work is taken out of a session and brought back.

    Attributes:
        about: what is to be kept, as values that are never changed: another tuple when there is something new.
        save: that as rows, of a project; not to be called under a lock.
        take: rows as what a page keeps, for a project to be opened: what puts them into a session once it is. It raises
            ``InputError`` where they cannot be used, before anything is changed.
    """

    about: Callable[[Session], tuple[Any, ...]]
    save: Callable[[Project, tuple[Any, ...]], SavedPart]
    take: Callable[[Project, SavedPart], Callable[[Session], None]]


Keepers: TypeAlias = Mapping[str, Keeper]
"""What pages keep, by the name that it has in a saved project."""


def unusable(name: str, error: ValidationError) -> DatasetError:
    """Why a page's part of a saved project is refused."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return DatasetError(
        f"The project's part {name!r} cannot be used because its {place!r} is {str(first['input'])[:40]!r}: save it again."
    )
