"""What a visitor classifies: the pictures on the Classify page and what is known of each; kept with their visit.

An answer is array maths on vectors that the model gave once, so it follows every change of the fit by itself: another
number of heads, another label, one more example.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.data.images import Picture
from sav_core.errors import InputError
from sav_core.types import Progress
from sav_ui.pages.classify.answers import Answer, answers
from sav_ui.session.fit import Fit
from sav_ui.session.head_attention import Looks
from sav_ui.session.project import Project
from sav_ui.session.session import Visit
from sav_ui.uploads.ready_tasks import Task, ready_tasks

__all__ = [
    "NONE",
    "Desk",
    "Glimpse",
    "Insight",
    "Query",
    "desk_of",
    "fit_of",
    "task_of",
]

NONE = "none"
"""The truth of a picture that no label is about."""

MAX_QUERIES = 500
MAX_BYTES = 256 << 20
_AT_ONCE = 64  # queries whose vectors of every head are put together
_INSIGHTS = 40  # a large model's looks take megabytes


@dataclass(frozen=True, slots=True)
class Query:
    """One picture to classify.

    Attributes:
        id: its identity on the page.
        pictures: one, or several that belong together.
        text: its own question; empty for the project's.
        truth: the identity of its label, ``NONE``, or empty while nobody has said.
        task: the ready task it belongs to; empty for the visitor's own.
    """

    id: str
    pictures: tuple[Picture, ...]
    text: str = ""
    truth: str = ""
    task: str = ""

    @property
    def name(self) -> str:
        """What to call it."""
        return self.pictures[0].name if self.pictures else self.text[:60]

    @property
    def content(self) -> tuple[str, ...]:
        """What makes it the same as an example of the project: see ``Item.content``."""
        return (*(picture.digest for picture in self.pictures), self.text)

    def asked(self, project: Project) -> Example:
        """Return it as the model reads it."""
        return Example(self.pictures, self.text or project.question, name=self.name)


@dataclass(frozen=True)
class Insight:
    """What the model was asked about one query besides: its own answer, and what its heads look at.

    Attributes:
        likelihoods: of each label as the model's own answer.
        words: what it answers in words of its own.
        looks: of every head; ``None`` if they cannot be seen.
        refused: why something is missing.
    """

    likelihoods: dict[str, float] = field(default_factory=dict)
    words: str = ""
    looks: Looks | None = None
    refused: str = ""


@dataclass(frozen=True)
class Glimpse:
    """A frame of the webcam.

    Attributes:
        serial: the browser's number of the frame.
        picture: the frame; ``None`` before the first.
        answer: what it was taken for; ``None`` if there is no answer.
        refused: why not.
    """

    serial: int = 0
    picture: Picture | None = None
    answer: Answer | None = None
    refused: str = ""


class Desk:
    """The Classify page of one visit; changed only under the visit's lock.

    Attributes:
        queries: in the order they came; of all ready tasks, of which the current one's are shown.
        chosen: the query that is shown in full.
        insights: by what they depend on.
        busy: whether the model is at work for this page.
        held: whether the queries wait for the visitor to ask, because they stopped the work.
        progress: of the queries going through the model; ``None`` when none are.
        saved: the latest file made to download: see ``sav_ui.panels.downloads``.
        glimpse: the webcam's latest frame and what it was taken for.
    """

    def __init__(self) -> None:
        self.queries: tuple[Query, ...] = ()
        self.chosen = ""
        self.insights: dict[tuple[Any, ...], Insight] = {}
        self.busy = False
        self.held = False
        self.progress: Progress | None = None
        self.saved: dict[str, str] | None = None
        self.glimpse: Glimpse = Glimpse()
        self._vectors: dict[str, tuple[tuple[str, str], npt.NDArray[np.float32]]] = {}
        self._refusals: dict[str, tuple[tuple[str, str], str]] = {}
        self._answers: dict[str, Answer] = {}
        self._answered: tuple[Fit, float] | None = None
        self._serial = 1

    def add(self, queries: Sequence[Query]) -> None:
        """Add queries, each of which gets its identity here; the first of them is chosen.

        Raises:
            InputError: they would be too many or too large.
        """
        fresh = tuple(replace(query, id=f"q{self._serial + place}") for place, query in enumerate(queries))
        together = (*self.queries, *fresh)
        if len(together) > MAX_QUERIES:
            raise InputError(
                f"Up to {MAX_QUERIES} pictures are classified here at a time, but this would make {len(together)}: "
                "clear some, or use the command line (python -m sav_core classify)."
            )
        if sum(picture.held_bytes for query in together for picture in query.pictures) > MAX_BYTES:
            raise InputError(f"The pictures together would take more than {MAX_BYTES >> 20} MiB: clear some first.")
        self.queries = together
        self._serial += len(fresh)
        self.held = False
        if fresh:
            self.chosen = fresh[0].id

    def change(self, query_id: str, **values: Any) -> None:
        """Change what is known of a query."""
        self.queries = tuple(replace(query, **values) if query.id == query_id else query for query in self.queries)

    def remove(self, query_ids: Sequence[str]) -> None:
        """Take queries off the desk."""
        gone = set(query_ids)
        self.queries = tuple(query for query in self.queries if query.id not in gone)
        for query_id in gone:
            self._vectors.pop(query_id, None)
            self._refusals.pop(query_id, None)
            self._answers.pop(query_id, None)

    def shown(self, project: Project) -> tuple[Query, ...]:
        """The visitor's own queries and those of the ready task that the project began with."""
        return tuple(query for query in self.queries if query.task in ("", project.title))

    def current(self, project: Project) -> Query | None:
        """The query that is shown in full: the chosen one, else the first."""
        shown = self.shown(project)
        return next((query for query in shown if query.id == self.chosen), shown[0] if shown else None)

    def query(self, query_id: str) -> Query:
        """Return the query of that identity.

        Raises:
            InputError: it is gone.
        """
        for query in self.queries:
            if query.id == query_id:
                return query
        raise InputError("That picture is no longer here: choose another.")

    def keep(self, query: Query, project: Project, vector: npt.NDArray[np.float32]) -> None:
        """Keep a query's head vector ``(layer, head, dim)``, as the project's model and question make it."""
        self._vectors[query.id] = (_made_by(query, project), vector)
        self._answers.pop(query.id, None)

    def vector(self, query: Query, project: Project) -> npt.NDArray[np.float32] | None:
        """The query's head vector ``(layer, head, dim)``; ``None`` if the model has not seen it under this question."""
        made_by, vector = self._vectors.get(query.id, (None, None))
        return vector if made_by == _made_by(query, project) else None

    def refuse(self, query: Query, project: Project, reason: str) -> None:
        """Remember why the project's model cannot read a query under this question."""
        self._refusals[query.id] = (_made_by(query, project), reason)

    def refusal(self, query: Query, project: Project) -> str:
        """Why the model cannot read a query under this question; empty if it was not tried, or can."""
        made_by, reason = self._refusals.get(query.id, (None, ""))
        return reason if made_by == _made_by(query, project) else ""

    def try_again(self) -> None:
        """Let the model try what it refused, and go on with what was stopped."""
        self._refusals, self.held = {}, False

    def missing(self, project: Project) -> list[Query]:
        """The shown queries that the model has still to see."""
        return [
            query
            for query in self.shown(project)
            if self.vector(query, project) is None and not self.refusal(query, project)
        ]

    def answers(self, project: Project, fit: Fit) -> dict[str, Answer]:
        """The answer to every shown query that the model has seen, by the query's identity."""
        seen = {query: vector for query in self.shown(project) if (vector := self.vector(query, project)) is not None}
        if self._answered is None or self._answered[0] is not fit or self._answered[1] != project.threshold:
            self._answers, self._answered = {}, (fit, project.threshold)
        fresh = [query for query in seen if query.id not in self._answers]
        for start in range(0, len(fresh), _AT_ONCE):
            part = fresh[start : start + _AT_ONCE]
            found = answers(fit, np.stack([seen[query] for query in part]), project.threshold)
            self._answers |= {query.id: answer for query, answer in zip(part, found, strict=True)}
        return {query.id: self._answers[query.id] for query in seen}

    def learn(self, about: tuple[Any, ...], insight: Insight) -> None:
        """Keep an insight; the oldest go first."""
        self.insights[about] = insight
        while len(self.insights) > _INSIGHTS:
            del self.insights[next(iter(self.insights))]

    @staticmethod
    def about(query: Query, project: Project, fit: Fit) -> tuple[Any, ...]:
        """What an insight depends on."""
        return (query.id, _made_by(query, project), fit.labels)


def desk_of(visit: Visit) -> Desk:
    """Return the visit's desk."""
    desk: Desk = visit.extras.setdefault("desk", Desk())
    return desk


def fit_of(visit: Visit) -> Fit | None:
    """The fit that answers; ``None`` while heads are still to be found for the project as it is."""
    return None if visit.due else visit.fit


def task_of(project: Project) -> Task | None:
    """The ready task that the project began with."""
    return next((task for task in ready_tasks() if task.title == project.title), None)


def _made_by(query: Query, project: Project) -> tuple[str, str]:
    return (project.model, query.text or project.question)
