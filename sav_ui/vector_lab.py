"""What a visitor finds out about relations, kept with their visit: the task, and each relation's heads, vector and answers.

A study belongs to a relation, a model and a way to prompt, so going back to any of them shows what was found there.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError, SavError
from sav_core.records import Head, Progress
from sav_ui.attention_views import Looks
from sav_ui.visit import Visit

if TYPE_CHECKING:
    from sav_core.vectors import (
        Cue,
        Effects,
        FunctionVector,
        MeanVectors,
        RelationItem,
        RelationPrompt,
        RelationTask,
        WordShares,
    )

__all__ = ["ASKING", "BASES", "SCALES", "STRENGTHS", "Board", "Lab", "Setup", "Study", "Tuning", "drawn_task", "lab_of"]

ASKING = "asking"
"""What the model is busy with while it answers in a moment: it shows no bar and keeps nobody from going on."""

BASES = ("above", "below", "left", "right")
"""The relations that every drawn scene holds."""

SCALES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Strengths of the map."""

STRENGTHS = tuple(step / 4 for step in range(25))
"""Strengths of the slider, all asked at once so that moving it runs no model."""

_SCENES = (160, 60, 80)
_STUDIES = 16


@dataclass(frozen=True, slots=True)
class Setup:
    """How a relation is asked for.

    Attributes:
        relation: which.
        prompts: on how many the heads are judged; few keep it quick, and the interval says what that costs.
        demonstrations: in every prompt.
        told_by: what tells the relation, demonstrations or its name in words.
    """

    relation: str
    prompts: int = 8
    demonstrations: int = 4
    told_by: Cue = "demonstrations"


@dataclass(frozen=True)
class Tuning:
    """A vector's way while it learns.

    Attributes:
        curves: by what was tuned, ``float (point, 3)``: step, accuracy, mean probability of the answer on validation.
        levels: accuracies on the same items without tuning, by name.
        best_steps: of the vectors that were reached, by name.
        steps: how many there are to be.
        vectors: what was reached, by name; empty while it goes on.
        n: how many items of the validation part.
    """

    curves: dict[str, npt.NDArray[np.float64]]
    levels: dict[str, float]
    steps: int
    n: int
    vectors: dict[str, FunctionVector] = field(default_factory=dict)
    best_steps: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Study:
    """What is known of one relation.

    Attributes:
        setup: how it was asked for.
        model: by which model.
        told: prompts that tell the relation.
        lost: the same, mixed up, so that they tell another.
        refused: why there are no such prompts; empty when there are.
        left_out: how many more there would be if they could be mixed up.
        means: mean head vectors in the prompts that tell it.
        effects: of every head; of some prompts only while that goes on or after it was stopped.
        bare: how many of the same items the model answers right when nothing tells the relation.
        n_heads: how many of the leading heads make the vector.
        vector: made of them; ``None`` before.
        accuracy: ``float (layer, scale)`` on ``mapped`` validation items.
        place: layer and number of the strength that are in use.
        strength: where the slider stands.
        tuning: the latest.
        use: which vector answers, ``"built"`` or a name in ``tuning.vectors``.
        judged: of the vector in use on the test part, by condition: right, asked.
        words: what the model answers a query with, by query and vector; a reason where it cannot.
        looks: what the heads look at in a prompt, by its number; a reason where that cannot be shown.
    """

    setup: Setup
    model: str
    told: tuple[RelationPrompt, ...]
    lost: tuple[RelationPrompt, ...]
    refused: str = ""
    left_out: int = 0
    means: MeanVectors | None = None
    effects: Effects | None = None
    bare: int = 0
    n_heads: int = 10
    vector: FunctionVector | None = None
    accuracy: npt.NDArray[np.float64] | None = None
    mapped: int = 0
    place: tuple[int, int] = (0, 0)
    strength: float = 1.0
    tuning: Tuning | None = None
    use: str = "built"
    judged: dict[str, tuple[int, int]] = field(default_factory=dict)
    words: dict[tuple[Any, ...], WordShares | str] = field(default_factory=dict)
    looks: dict[int, Looks | str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every prompt was asked for."""
        return self.effects is not None and len(self.effects.changes) == len(self.lost)

    @property
    def at_place(self) -> FunctionVector | None:
        """The vector in use, at its layer and strength."""
        if self.vector is None:
            return None
        if self.use != "built" and self.tuning is not None:
            return self.tuning.vectors[self.use]
        return self.vector.at(self.place[0], SCALES[self.place[1]])

    @property
    def to_save(self) -> FunctionVector | None:
        """The vector in use at the slider's strength; where that is nothing, at its own."""
        used = self.at_place
        return None if used is None else used.at(used.layer, self.strength or used.scale)


@dataclass(frozen=True)
class Board:
    """An analogy: a source pair in one picture, an anchor in another.

    Attributes:
        relation: of both; the model is not told.
        source: which item of the training part.
        target: which item of the test part.
        weights: of each base vector by relation; ``None`` until the source pair has set them.
        own: whether the visitor has set them.
        words: what the model answers for the target, at 0 and with the sum; a reason where it cannot.
        judged: on the test part, by condition: right, asked.
    """

    relation: str = ""
    source: int = 0
    target: int = 0
    weights: dict[str, float] | None = None
    own: bool = False
    words: WordShares | str | None = None
    judged: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def unanswered(self) -> Board:
        """The same pair and target before the model was asked, with the visitor's own weights if they set any."""
        return replace(self, weights=self.weights if self.own else None, words=None, judged={})


class Lab:
    """The page Function vectors of one visit.

    Attributes:
        task: the items; ``None`` before one is chosen.
        drawn: whether they are drawn scenes.
        setup: what is looked at.
        busy: what the model is at work for; empty when it is not.
        progress: of that work.
        cancelled: set to stop it.
        prompt: which prompt is shown.
        mixed: whether it is shown mixed up.
        head: which head is looked into.
        overlap: whether the heads of the project are ringed.
        query: which item of the test part is asked about.
        steps: how many a tuning was last asked for.
        model: the visitor's choice.
        boards: analogies, by model and setup: each has other base vectors.
        saved: the latest file to download.
    """

    def __init__(self) -> None:
        self.task: RelationTask | None = None
        self.drawn = True
        self.setup = Setup("above")
        self.busy = ""
        self.progress: Progress | None = None
        self.cancelled = threading.Event()
        self.prompt = 0
        self.mixed = False
        self.head: Head | None = None
        self.overlap = True
        self.query = 0
        self.steps = 150
        self.model = ""
        self.boards: dict[tuple[str, Setup], Board] = {}
        self._board = Board()
        self.saved: dict[str, str] | None = None
        self._studies: OrderedDict[tuple[str, Setup], Study] = OrderedDict()
        self._own: dict[str, RelationTask] = {}

    def open(self, task: RelationTask, relation: str, *, drawn: bool) -> None:
        """Take up a task; what was found for another is forgotten."""
        if task is not self.task:
            self._studies.clear()
            self._own.clear()
            self.boards.clear()
            self._board = Board(relation=self.relations_of(task, drawn)[1 if drawn else 0])
        self.task, self.drawn = task, drawn
        self.choose(relation=relation)

    def choose(self, **changes: Any) -> None:
        """Look at another relation, or ask for it in another way.

        Raises:
            SavError: the task has no such relation.
        """
        setup = replace(self.setup, **changes)
        setup = replace(setup, prompts=max(2, min(setup.prompts, 60)), demonstrations=max(2, min(setup.demonstrations, 8)))
        self.own(setup.relation)
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

    def study(self, model: str, relation: str = "") -> Study | None:
        """What is known of the relation looked at, or of another asked for alike; ``None`` before a task is chosen."""
        if self.task is None:
            return None
        from sav_core.vectors import Prompting  # torch takes seconds, and the page must not wait for them

        setup = replace(self.setup, relation=relation or self.setup.relation)
        known = self._studies.get((model, setup))
        if known is None:
            own = self.own(setup.relation)
            prompting = Prompting(setup.told_by, setup.demonstrations, self.task.seed)
            items = own.train[: setup.prompts]
            try:
                lost = prompting.corrupted(items, own.train)
                kept = {id(prompt.item) for prompt in lost}  # the others cannot be mixed up, and each is shown both ways
                told = tuple(prompt for prompt in prompting.clean(items, own.train) if id(prompt.item) in kept)
                known = Study(setup, model, told, tuple(lost), left_out=len(items) - len(lost))
            except SavError as error:  # too few pictures, or answers that cannot be mixed up
                known = Study(setup, model, (), (), refused=str(error))
            self._studies[model, setup] = known
            while len(self._studies) > _STUDIES:
                self._studies.popitem(last=False)
        self._studies.move_to_end((model, setup))
        return known

    @property
    def board_key(self) -> tuple[str, Setup]:
        """What the base vectors depend on: not on the relation that is looked at."""
        return self.model, replace(self.setup, relation="")

    @property
    def board(self) -> Board:
        """The analogy with this model and setup; a new one begins with the pair that was on the board."""
        return self.boards.setdefault(self.board_key, self._board.unanswered)

    @board.setter
    def board(self, board: Board) -> None:
        self._board = self.boards[self.board_key] = board

    @property
    def relations(self) -> tuple[str, ...]:
        """Those to choose from."""
        return () if self.task is None else self.relations_of(self.task, self.drawn)

    @property
    def bases(self) -> tuple[str, ...]:
        """The relations whose vectors the board combines."""
        return BASES if self.drawn else self.relations[:4]

    @property
    def queries(self) -> tuple[RelationItem, ...]:
        """The test items of the relation looked at."""
        return self.own(self.setup.relation).test

    @staticmethod
    def relations_of(task: RelationTask, drawn: bool) -> tuple[str, ...]:
        """The relations of a task: of drawn scenes the base ones first, otherwise the commonest."""
        if drawn:
            return (*BASES, *(r for r in task.relations if r not in BASES))
        whole = set(task.relations)
        counts = Counter(item.relation for part in (task.train, task.validation, task.test) for item in part)
        return tuple(relation for relation, _ in counts.most_common() if relation in whole)

    def chance(self, relation: str) -> tuple[float, str]:
        """How often one is right on the test items who knows nothing of the relation, and how one would guess."""
        own = self.own(relation)
        if all(item.others for item in own.test):
            return float(np.mean([1 / (1 + len(item.others)) for item in own.test])), "naming any thing around it"
        (word, _), *_ = Counter(item.related for item in own.train).most_common(1)
        return float(np.mean([item.related == word for item in own.test])), f"always saying “{word}”"

    @staticmethod
    def pair(items: Sequence[RelationItem], place: int) -> RelationItem:
        """The item at that place, counting round and round."""
        return items[place % len(items)]


def lab_of(visit: Visit) -> Lab:
    """Return the visit's lab."""
    lab: Lab = visit.extras.setdefault("lab", Lab())
    lab.model = visit.project.model
    return lab


@lru_cache(maxsize=1)
def drawn_task() -> RelationTask:
    """The drawn scenes, the same for everybody."""
    from sav_core.vectors import draw_task, shipped_sprites  # torch takes seconds, and the page must not wait for them

    return draw_task(shipped_sprites(), scenes=_SCENES)
