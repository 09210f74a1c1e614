"""The picture looked at, answered by the model itself while the heads that vote are knocked out in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from sav_core.data.examples import Example
from sav_core.errors import SavError
from sav_core.types import Head, HeadVectors
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.panels.jobs import Job
from sav_ui.serving.pool import ModelPool
from sav_ui.session.fit import Fit
from sav_ui.session.page_state import PageState
from sav_ui.session.project import Project
from sav_ui.session.session import Session

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["WithoutState", "ask_without", "known_without", "waits_for_without"]

_WORDS = 12  # tokens of the answer, as many as with all heads
_ANSWERS = 40  # that are kept


@dataclass(frozen=True)
class Without:
    """What the model says without some heads.

    Attributes:
        likelihoods: of each label as its answer.
        words: what it writes.
        refused: why there is neither.
    """

    likelihoods: dict[str, float]
    words: str
    refused: str = ""


class WithoutState(PageState):
    """Whether the heads that vote are knocked out where the model speaks for itself, and what it said so.

    Attributes:
        on: as the visitor left the switch.
        answers: by what they depend on.
    """

    def __init__(self) -> None:
        self.on = False
        self.answers: LRUCache[tuple[Any, ...], Without] = LRUCache(_ANSWERS)


def known_without(session: Session, query: Query, fit: Fit) -> Without | None:
    """What the model says of a query without the heads that vote now; ``None`` before it was asked."""
    return session.state(WithoutState).answers.get(_about(query, session.project, fit))


def waits_for_without(session: Session, found: tuple[Query, Project, Fit] | None) -> bool:
    """Whether the switch is on and the model has not said so of the query that is looked at, but has with all heads."""
    if found is None or not session.state(WithoutState).on:
        return False
    query, project, fit = found
    asked = ClassifyState.about(query, project, fit) in session.state(ClassifyState).model_answers
    return asked and known_without(session, query, fit) is None


def ask_without(session: Session, models: ModelPool, found: tuple[Query, Project, Fit]) -> Iterator[None]:
    """Ask the model."""
    query, project, fit = found
    job = Job(lambda: models.run(project.model, answer, query.asked(project), fit.labels, fit.kept, fit.read))
    yield from job.ticks()
    try:
        said = job.result()
    except SavError as error:
        said = Without({}, "", str(error))
    with session.changing():
        session.state(WithoutState).answers[_about(query, project, fit)] = said


def answer(
    backbone: Backbone, example: Example, labels: Sequence[str], heads: Sequence[Head], support: HeadVectors
) -> Without:
    """Ask a model about an example while those heads say their mean over the support."""
    from sav_core.causes import answer_without  # torch takes seconds, the page must not wait

    said = answer_without(backbone, example, labels, heads, support, max_new_tokens=_WORDS)
    return Without(said.likelihoods, said.words)


def _about(query: Query, project: Project, fit: Fit) -> tuple[Any, ...]:
    items = frozenset(item.id for item in fit.items)  # whose mean takes the heads' place
    return (*ClassifyState.about(query, project, fit), fit.kept, items)
