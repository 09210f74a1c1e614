"""Whether the model uses the heads that vote: what Measure found of it last, for every page that shows heads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sav_ui.pages.shared.judged import taught_key
from sav_ui.session.fit import Fit
from sav_ui.session.page_state import PageState
from sav_ui.session.project import Project
from sav_ui.session.session import Session

__all__ = ["FIGURE", "Uses", "UsesState", "uses_of"]

FIGURE = "uses"
"""The name of its figure on every page."""


@dataclass(frozen=True, eq=False)
class Uses:
    """What the model's own answers lose while heads are switched off.

    Attributes:
        taught: the ``taught_key`` of the heads that were switched off, and their voting rule.
        asked: which pictures it was asked about, in words.
        values: of ``sav_core.causes.values.ablation_values``.
        figure: the bars, as JSON.
        height: of the figure, in pixels.
    """

    taught: tuple[Any, ...]
    asked: str
    values: dict[str, Any] = field(repr=False)
    figure: str = field(repr=False)
    height: int


class UsesState(PageState):
    """The latest of them; ``None`` before the first."""

    def __init__(self) -> None:
        self.latest: Uses | None = None


def uses_of(session: Session, project: Project, fit: Fit) -> dict[str, Any] | None:
    """What was found of just these heads, those of a project, for a template; ``None`` before it was."""
    found = session.state(UsesState).latest
    if found is None or found.taught != (taught_key(project, fit), fit.rule.voting):
        return None
    own = found.values["conditions"]["nothing"]
    return {
        "sentence": found.values["sentence"],
        "n": found.values["n"],
        "asked": found.asked,
        "own": round(100 * own["accuracy"]),
        "draws": found.values["draws"],
        "height": found.height,
        "figure": found.figure,
    }
