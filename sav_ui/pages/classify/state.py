"""What a visitor classifies: the pictures on the Classify page and what is known of each; kept with their session.

An answer is array maths on vectors that the model gave once, so it follows every change of the fit by itself: another
number of heads, another label, one more example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError
from sav_core.types import Head
from sav_ui.limits import limits
from sav_ui.pages.shared.answers import Answer, answers
from sav_ui.panels.memo import Memo
from sav_ui.session.asked import Asked
from sav_ui.session.fit import Fit
from sav_ui.session.head_attention import HeadAttention
from sav_ui.session.page_state import PageState
from sav_ui.session.project import Project

__all__ = ["FRAME", "NONE", "PANEL", "WHERE", "ClassifyState", "ModelAnswer", "Query"]

WHERE = "classify"
"""The part of the page that this one's sentences concern."""

PANEL = "answers"
"""The panel that hands saved files over."""

NONE = "none"
"""The truth of a picture that no label is about."""

FRAME = 320
"""Pixels of the longer side of a clip's frames, where the clip is shown in full."""

MAX_QUERIES = 500
_AT_ONCE = 64  # queries whose vectors of every head are put together
_MODEL_ANSWERS = 40  # with what its heads look at, which takes a large model megabytes


Vector: TypeAlias = npt.NDArray[np.float32]
"""``(layer, head, dim)``."""


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
        return Example(self.pictures, self.text or project.question, name=self.name, detail=project.detail)


@dataclass(frozen=True)
class ModelAnswer:
    """What the model was asked about one query besides: its own answer, and what its heads look at.

    Attributes:
        likelihoods: of each label as the model's own answer.
        words: what it answers in words of its own.
        looks: of every head; ``None`` if they cannot be seen.
        refused: why something is missing.
    """

    likelihoods: dict[str, float] = field(default_factory=dict)
    words: str = ""
    looks: HeadAttention | None = None
    refused: str = ""


class _Seen(NamedTuple):
    """What the model made of a query, under which question and so on, and up to which layer; ``None`` for its last."""

    made_by: tuple[str, ...]
    vector: Vector
    max_layer: int | None

    def reaches(self, max_layer: int | None) -> bool:
        """Whether it has all layers up to that one."""
        return self.max_layer is None or (max_layer is not None and max_layer <= self.max_layer)


@dataclass(frozen=True)
class _Kept:
    """The queries with their marks, and beside them what the model had said of them."""

    queries: tuple[Query, ...]
    chosen: str = field(compare=False)
    vectors: dict[str, _Seen] = field(compare=False)
    refusals: dict[str, tuple[tuple[str, ...], str]] = field(compare=False)

    def held(self) -> dict[int, int]:
        """The pictures and the vectors."""
        pictures = {name: size for query in self.queries for one in query.pictures for name, size in one.buffers.items()}
        return pictures | {id(seen.vector): seen.vector.nbytes for seen in self.vectors.values()}

    def beside(self, other: _Kept) -> _Kept:
        """Without what the model had said of queries that are in both, for the page knows that by itself."""
        gone = {query.id for query in self.queries} - {query.id for query in other.queries}
        vectors = {name: vector for name, vector in self.vectors.items() if name in gone}
        return replace(self, vectors=vectors, refusals={name: why for name, why in self.refusals.items() if name in gone})


class ClassifyState(PageState):
    """The Classify page of one session; changed only under the session's lock.

    Attributes:
        queries: in the order they came; of all ready tasks, of which the current one's are shown.
        chosen: the query that is shown in full.
        head: of those that vote, the one that is looked into; ``None`` for none.
        grid: whether what every head that votes looks at is shown.
        model_answers: by what they depend on, see ``about``.
    """

    def __init__(self) -> None:
        self.queries: tuple[Query, ...] = ()
        self.chosen = ""
        self.head: Head | None = None
        self.grid = False
        self.model_answers: LRUCache[tuple[Any, ...], ModelAnswer] = LRUCache(_MODEL_ANSWERS)
        self._vectors: dict[str, _Seen] = {}
        self._parts: dict[str, tuple[Vector, Vector]] = {}  # a vector, and what serves of it
        self._refusals: dict[str, tuple[tuple[str, ...], str]] = {}
        self._memo = Memo()
        self._next_id = 1

    @property
    def held_bytes(self) -> int:
        """Of the pictures, their vectors, and what the model's heads look at in them."""
        return sum(
            (
                sum(picture.held_bytes for query in self.queries for picture in query.pictures),
                sum(seen.vector.nbytes for seen in self._vectors.values()),
                sum(answer.looks.held_bytes for answer in self.model_answers.values() if answer.looks is not None),
            )
        )

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those to classify."""
        return tuple(picture for query in self.queries for picture in query.pictures)

    def exchange(self, clips: Mapping[str, Clip]) -> None:
        """Have other clips, by the digest of the one whose place each takes."""

        def exchanged(query: Query) -> Query:
            return replace(query, pictures=tuple(clips.get(one.digest, one) for one in query.pictures))

        self.queries = tuple(exchanged(query) for query in self.queries)

    def classified(self, project: Project) -> Iterator[Asked]:
        """Those shown that the model has seen."""
        for query in self.shown(project):
            vector = self.vector(query, project)
            if vector is not None:
                yield Asked(query.id, query.name, query.pictures, vector)

    def kept(self) -> _Kept:
        """The queries with their marks, their order and their answers."""
        return _Kept(self.queries, self.chosen, dict(self._vectors), dict(self._refusals))

    def restore(self, kept: _Kept) -> None:
        """Put them back; what the model has said of one since then stays."""
        self.queries, self.chosen = kept.queries, kept.chosen
        here = {query.id for query in self.queries}
        self._vectors = {name: v for name, v in {**kept.vectors, **self._vectors}.items() if name in here}
        self._refusals = {name: why for name, why in {**kept.refusals, **self._refusals}.items() if name in here}

    def add(self, queries: Sequence[Query]) -> None:
        """Add queries, each of which gets its identity here; the first of them is chosen.

        Raises:
            InputError: they would be too many, or one is more than an example may be.
        """
        fresh = tuple(replace(query, id=f"q{self._next_id + place}") for place, query in enumerate(queries))
        together = (*self.queries, *fresh)
        if len(together) > MAX_QUERIES:
            raise InputError(
                f"Up to {MAX_QUERIES} pictures are classified here at a time, but this would make {len(together)}: "
                "clear some, or use the command line (python -m sav_core classify)."
            )
        for query in fresh:
            limits().check_pictures(query.pictures)
            limits().checked_question(query.text)
        self.queries = together
        self._next_id += len(fresh)
        if fresh:
            self.chosen = fresh[0].id

    def change(self, query_id: str, **values: Any) -> None:
        """Change what is known of a query."""
        self.queries = tuple(replace(query, **values) if query.id == query_id else query for query in self.queries)

    def remove(self, query_ids: Sequence[str]) -> None:
        """Take queries away."""
        gone = set(query_ids)
        self.queries = tuple(query for query in self.queries if query.id not in gone)
        for query_id in gone:
            self._vectors.pop(query_id, None)
            self._parts.pop(query_id, None)
            self._refusals.pop(query_id, None)

    def shown(self, project: Project) -> tuple[Query, ...]:
        """The visitor's own queries and those of the ready task that the project began with."""
        return tuple(query for query in self.queries if query.task in ("", project.title))

    def current(self, project: Project) -> Query | None:
        """The query that is shown in full: the chosen one, else the first."""
        shown = self.shown(project)
        return next((query for query in shown if query.id == self.chosen), shown[0] if shown else None)

    def taught(self, query: Query, project: Project) -> str | None:
        """The identity of the label that just this query is an example of; ``None`` if it is none."""
        labels: dict[tuple[str, ...], str] = self._memo(
            "taught", (project.items,), lambda: {item.content: item.label for item in reversed(project.items)}
        )
        return labels.get(query.content)

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
        """Keep a query's head vector ``(layer, head, dim)``, as the project's model and question make it, if it is here."""
        if any(each.id == query.id for each in self.queries):
            self._vectors[query.id] = _Seen(_made_by(query, project), vector, project.max_layer)

    def vector(self, query: Query, project: Project) -> npt.NDArray[np.float32] | None:
        """The query's head vector ``(layer, head, dim)`` of the layers that heads come from.

        ``None`` if the model has not seen it under this question, or not so far.
        """
        seen = self._vectors.get(query.id)
        if seen is None or seen.made_by != _made_by(query, project) or not seen.reaches(project.max_layer):
            return None
        if seen.max_layer == project.max_layer:
            return seen.vector
        assert project.max_layer is not None, "what reaches another last layer reaches farther"
        whole, part = self._parts.get(query.id, (None, seen.vector))
        if (
            whole is not seen.vector or len(part) != project.max_layer + 1
        ):  # the same array again, by which answers are known
            _, part = self._parts[query.id] = seen.vector, seen.vector[: project.max_layer + 1]
        return part

    def refuse(self, query: Query, project: Project, reason: str) -> None:
        """Remember why the project's model cannot read a query under this question."""
        self._refusals[query.id] = (_made_by(query, project), reason)

    def refusal(self, query: Query, project: Project) -> str:
        """Why the model cannot read a query under this question; empty if it was not tried, or can."""
        made_by, reason = self._refusals.get(query.id, (None, ""))
        return reason if made_by == _made_by(query, project) else ""

    def try_again(self) -> None:
        """Let the model try what it refused."""
        self._refusals = {}

    def missing(self, project: Project) -> list[Query]:
        """The shown queries that the model has still to see."""
        return [
            query
            for query in self.shown(project)
            if self.vector(query, project) is None and not self.refusal(query, project)
        ]

    def answers(self, project: Project, fit: Fit) -> dict[str, Answer]:
        """The answer to every shown query that the model has seen, by the query's identity."""
        known: dict[str, tuple[Any, Answer]] = self._memo("answers", (fit, project.threshold), dict)  # and of which vector
        seen = {query.id: vector for query in self.shown(project) if (vector := self.vector(query, project)) is not None}
        fresh = [(name, vector) for name, vector in seen.items() if name not in known or known[name][0] is not vector]
        for start in range(0, len(fresh), _AT_ONCE):
            part = fresh[start : start + _AT_ONCE]
            found = answers(fit, np.stack([vector for _, vector in part]), project.threshold)
            known.update({name: (vector, answer) for (name, vector), answer in zip(part, found, strict=True)})
        return {name: known[name][1] for name in seen}

    @staticmethod
    def about(query: Query, project: Project, fit: Fit) -> tuple[Any, ...]:
        """What the model's own answer depends on."""
        return (query.id, _made_by(query, project), fit.labels)


def _made_by(query: Query, project: Project) -> tuple[str, ...]:
    ways = (f"{one.digest} {one.sampling.way}" for one in query.pictures if isinstance(one, Clip))
    return (project.model, query.text or project.question, project.detail, *ways)
