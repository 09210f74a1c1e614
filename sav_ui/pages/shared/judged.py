"""What Measure found of the heads last, for other pages to say beside their own figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sav_ui.session.fit import Fit
from sav_ui.session.page_state import PageState
from sav_ui.session.project import Project
from sav_ui.session.session import Session

__all__ = ["Judged", "JudgedState", "judged_with", "taught_key"]


@dataclass(frozen=True)
class Judged:
    """How many test examples were right.

    Attributes:
        taught: the ``taught_key`` of what was judged.
        voting: by which voting rule.
        test: which test set, in words.
        right: how many were right.
        n: of how many.
        accuracy: their share.
        interval: its 95 % interval.
    """

    taught: tuple[Any, ...]
    voting: str
    test: str
    right: int
    n: int
    accuracy: float
    interval: tuple[float, float]


class JudgedState(PageState):
    """The latest of them; ``None`` before anything was measured."""

    def __init__(self) -> None:
        self.latest: Judged | None = None


def taught_key(project: Project, fit: Fit) -> tuple[Any, ...]:
    """What the figures of heads depend on, whatever they are judged by; the order of the examples is no part of it."""
    made_by = (project.question, project.model, project.detail, project.max_layer)
    return (frozenset(project.items), fit.labels, *made_by, fit.n_kept, fit.scoring)


def judged_with(session: Session, fit: Fit) -> Judged | None:
    """What was found of just these heads and this voting rule, on whatever test set; ``None`` before it was."""
    found = session.state(JudgedState).latest
    if fit.off or found is None or found.taught != taught_key(session.project, fit) or found.voting != fit.rule.voting:
        return None
    return found
