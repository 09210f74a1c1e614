"""What a visitor finds out about relations: the task, and each relation's heads, vector and answers.

A study belongs to a relation, a model and a way to prompt, so going back to any of them shows what was found there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cachetools import LRUCache

from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError, SavError
from sav_core.types import Head
from sav_core.vectors import PromptPairs, RelationTask
from sav_ui.pages.vectors.analogies import Analogies, Analogy, Bases
from sav_ui.pages.vectors.ready import Mapped, Ready
from sav_ui.pages.vectors.setup import Setup, is_drawn
from sav_ui.pages.vectors.study import Study
from sav_ui.session.page_state import PageState

__all__ = ["PANEL", "WHERE", "VectorState"]

PANEL = "vector"
"""The panel that hands saved files over."""

WHERE = "relations"
"""The part of the page that its sentences concern: the one panel that always shows something."""

_STUDIES = 16
_NOTHING_READY = Ready()


@dataclass(frozen=True)
class _Kept:
    """A task with all that was found for it, as it is put away when another takes its place; ``number`` tells it apart."""

    number: int
    task: RelationTask | None = field(default=None, compare=False)
    setup: Setup | None = field(default=None, compare=False)
    prompts: tuple[Setup, PromptPairs, str] | None = field(default=None, compare=False)
    studies: LRUCache[tuple[str, Setup], Study] = field(default_factory=lambda: LRUCache(1), compare=False)
    own: dict[str, RelationTask] = field(default_factory=dict, compare=False)
    board: Analogies | None = field(default=None, compare=False)

    def held(self) -> dict[int, int]:
        """The visitor's own pictures, and what was found."""
        return _buffers(self.task) | {id(study): study.held_bytes for study in self.studies.values()}

    def beside(self, other: _Kept) -> _Kept:
        """Nothing but the number where it is the same task, for the page has that by itself."""
        return _Kept(self.number) if self == other else self


class VectorState(PageState):
    """The page Function vectors of one session; what is asked of it changes nothing, ``begin`` and ``keep`` say they do.

    Attributes:
        task: the items; ``None`` before one is chosen.
        setup: what is looked at.
        prompt: how often the visitor went on to the next prompt.
        corrupted: whether it is shown corrupted.
        head: which head is looked into.
        overlap: whether the heads of the project are ringed.
        query: which item of the test part is asked about.
        steps: how many a tuning was last asked for.
        ready: the vectors that came with the app, of the embedded model; ``None`` before they were read.
        board: the analogies.
        latest: what was last done by name, as long as nothing else was: its result is brought into sight.
        turn: how often the model was set to work by name; what it finds is told apart by it.
    """

    def __init__(self) -> None:
        self.task: RelationTask | None = None
        self.setup = Setup("above")
        self.prompt = 0
        self.corrupted = False
        self.head: Head | None = None
        self.overlap = True
        self.query = 0
        self.steps = 150
        self.ready: Ready | None = None
        self.board = Analogies()
        self.latest = ""
        self.turn = 0
        self._studies: LRUCache[tuple[str, Setup], Study] = LRUCache(_STUDIES)
        self._prompts: tuple[Setup, PromptPairs, str] | None = None  # of the setup that is looked at
        self._own: dict[str, RelationTask] = {}
        self._opened = self._number = 0  # tasks that have taken another's place, and which of them this is

    @property
    def held_bytes(self) -> int:
        """Of the visitor's own pictures, and of what was found; our drawn scenes are the same for everybody."""
        return sum(study.held_bytes for study in self._studies.values()) + sum(_buffers(self.task).values())

    @property
    def pictures(self) -> Iterable[Picture]:
        """The visitor's own items; our drawn scenes are the same for everybody."""
        return _pictures(self.task)

    def kept(self) -> _Kept:
        """The task that is open, with what was found for it."""
        return _Kept(self._number, self.task, self.setup, self._prompts, self._studies, self._own, self.board)

    def restore(self, kept: _Kept) -> None:
        """Open a task again that another had taken the place of, as it was left."""
        assert kept.setup is not None
        assert kept.board is not None
        self._number, self.task, self.setup, self._prompts = kept.number, kept.task, kept.setup, kept.prompts
        self._studies, self._own, self.board = kept.studies, kept.own, kept.board
        self.prompt, self.query, self.head = 0, 0, None
        if self.ready is not None:
            self.take_ready(self.ready)  # which may have come since

    def open(self, task: RelationTask, relation: str) -> None:
        """Take up a task in the place of another, which ``restore`` brings back with what was found for it.

        Raises:
            SavError: the task has no such relation.
        """
        task.of(relation)  # refused before anything is changed
        if task is not self.task:
            self._opened += self.task is not None  # the first replaces nothing, so it is no step to undo
            self._number = self._opened
            self._studies, self._own, self._prompts = LRUCache(_STUDIES), {}, None
            self.board = Analogies(task.listed[1 if task.spatial else 0])
        self.task = task
        self.choose(relation=relation)

    def choose(self, **changes: Any) -> None:
        """Look at another relation, or ask for it in another way.

        Raises:
            SavError: the task has no such relation.
        """
        setup = replace(self.setup, **changes)
        setup = replace(setup, prompts=max(2, min(setup.prompts, 60)), demonstrations=max(2, min(setup.demonstrations, 8)))
        if self._prompts is None or self._prompts[0] != setup:
            self._prompts = (setup, *self._make_prompts(setup))
        self.setup = setup
        self.prompt, self.query, self.head = 0, 0, None

    def own(self, relation: str) -> RelationTask:
        """The task's items of one relation.

        Raises:
            InputError: no task is chosen.
        """
        if self.task is None:
            raise InputError("No task is chosen yet: pick a relation first.")
        if relation not in self._own:  # asked for at every showing, and a task has thousands of items
            self._own[relation] = self.task.of(relation)
        return self._own[relation]

    def study(self, model: str) -> Study | None:
        """What is known of the relation looked at, nothing but its prompts at first; ``None`` before a task is chosen."""
        if self._prompts is None:
            return None
        setup, prompts, refused = self._prompts
        return self._studies.get((model, setup)) or self._new(model, setup, prompts, refused)

    def begin(self, model: str, relation: str = "") -> Study:
        """Keep what will be found of the relation looked at, or of another asked for alike; the longest unused gives way.

        Raises:
            SavError: no task is chosen, or it has no such relation.
        """
        setup = replace(self.setup, relation=relation or self.setup.relation)
        key = (model, setup)
        if key not in self._studies:
            shown = self._prompts is not None and self._prompts[0] == setup
            prompts, refused = self._prompts[1:] if self._prompts is not None and shown else self._make_prompts(setup)
            self._studies[key] = self._new(model, setup, prompts, refused)
        return self._studies[key]

    def waits_for_ready(self, model: str) -> bool:
        """Whether vectors may have come with the app for this task and model, and were not looked for."""
        return self.ready is None and self._may_be_ready(model)

    def take_ready(self, ready: Ready) -> None:
        """Use the vectors that came with the app, wherever none was built."""
        self.ready = ready
        for (model, setup), study in self._studies.items():
            if study.vector is None and (came := self._ready(model, setup)) is not None:
                study.take(*came, ready=True)

    def bases(self, model: str) -> Bases:
        """The vector of each base relation, asked for alike: built by the visitor, or else ready; ``None`` without one."""
        relations = () if self.task is None else self.task.bases
        setups = {relation: replace(self.setup, relation=relation) for relation in relations}
        return {relation: self._built(model, setup) or self._ready(model, setup) for relation, setup in setups.items()}

    def analogy(self, model: str) -> Analogy:
        """The analogy that is looked at, with this model and setup."""
        return self.board.shown(model, self.setup)

    def keep(self, model: str, analogy: Analogy) -> Analogy:
        """Keep an analogy with this model and setup, and return it."""
        return self.board.keep(model, self.setup, analogy)

    def _may_be_ready(self, model: str) -> bool:
        return not model and is_drawn(self.task)

    def _ready(self, model: str, setup: Setup) -> Mapped | None:
        return (self.ready or _NOTHING_READY).of(setup) if self._may_be_ready(model) else None

    def _built(self, model: str, setup: Setup) -> Mapped | None:
        study = self._studies.get((model, setup))
        if study is None or study.vector is None or study.sites is None:
            return None
        return Mapped(study.vector, study.sites)

    def _new(self, model: str, setup: Setup, prompts: PromptPairs, refused: str) -> Study:
        study = Study(setup, model, prompts, refused)
        if (came := self._ready(model, setup)) is not None:
            study.take(*came, ready=True)
        return study

    def _make_prompts(self, setup: Setup) -> tuple[PromptPairs, str]:
        """The prompts of a setup, or none and why."""
        own = self.own(setup.relation)
        try:
            return setup.prompting(own.seed).pairs(own.train[: setup.prompts], own.train), ""
        except SavError as error:  # too few pictures, or answers that cannot be corrupted
            return PromptPairs(), str(error)


def _pictures(task: RelationTask | None) -> Iterator[Picture]:
    """A task's pictures; none of drawn scenes, which are the same for everybody."""
    items = () if task is None or is_drawn(task) else (*task.train, *task.validation, *task.test)
    return (item.picture for item in items if item.picture is not None)


def _buffers(task: RelationTask | None) -> dict[int, int]:
    return {name: size for picture in _pictures(task) for name, size in picture.buffers.items()}
