"""What a visitor finds out about relations: the task, and each relation's heads, vector and answers.

A study belongs to a relation, a model and a way to prompt, so going back to any of them shows what was found there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from sav_core.errors import InputError, SavError
from sav_core.types import Head
from sav_core.vectors import (
    Cue,
    Prompting,
    PromptPairs,
    RelationItem,
    RelationTask,
    Site,
    SiteMap,
    draw_task,
    shipped_sprites,
)
from sav_ui.session.head_attention import HeadAttention
from sav_ui.session.session import PageState

if TYPE_CHECKING:
    from sav_core.vectors import Effects, FunctionVector, MeanVectors, Outcome, WordShares

__all__ = [
    "PANEL",
    "SCENES",
    "SLIDER_SCALES",
    "Analogy",
    "Setup",
    "Study",
    "Tuning",
    "VectorState",
    "drawn_task",
    "item_at",
]

PANEL = "vector"
"""The panel that hands saved files over."""

SLIDER_SCALES = tuple(step / 4 for step in range(25))
"""Scales of the slider, all asked at once so that moving it runs no model."""

SCENES = (160, 60, 80)
"""Scenes that are drawn for training, validation and test."""

_STUDIES = 16
_NOWHERE_YET = Site(0, 1.0)


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

    def prompting(self, seed: int) -> Prompting:
        """How its prompts are made of a task with this seed."""
        return Prompting(self.told_by, self.demonstrations, seed)


@dataclass(frozen=True)
class Tuning:
    """A vector's way while it learns.

    Attributes:
        curves: by what was tuned, ``float (point, 3)``: step, accuracy, mean probability of the answer on validation.
        levels: accuracies on the same items without tuning, by condition.
        best_steps: of the vectors that were reached, by condition.
        steps: how many there are to be.
        vectors: what was reached, by condition; empty while it goes on.
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
        prompts: its clean and corrupted prompts.
        refused: why there are no such prompts; empty when there are.
        means: mean head vectors in the clean prompts.
        effects: of every head; of some prompts only while that goes on or after it was stopped.
        zero_shot_right: how many of the same items the model answers right when nothing says the relation.
        n_heads: how many of the leading heads make the vector.
        vector: made of them; ``None`` before.
        sites: how accurate validation items are answered with it at every site.
        site: the one in use.
        scale: where the slider stands.
        tuning: the latest.
        use: which vector answers, ``"built"`` or a condition of ``tuning.vectors``.
        judged: of the vector in use on the test part, by condition.
        words: what the model answers a query with, by query and vector; a reason where it cannot.
        looks: what the heads look at in a prompt, by its number; a reason where that cannot be shown.
    """

    setup: Setup
    model: str
    prompts: PromptPairs
    refused: str = ""
    means: MeanVectors | None = None
    effects: Effects | None = None
    zero_shot_right: int = 0
    n_heads: int = 10
    vector: FunctionVector | None = None
    sites: SiteMap | None = None
    site: Site = _NOWHERE_YET
    scale: float = 1.0
    tuning: Tuning | None = None
    use: str = "built"
    judged: Mapping[str, Outcome] = field(default_factory=dict)
    words: dict[tuple[Any, ...], WordShares | str] = field(default_factory=dict)
    looks: dict[int, HeadAttention | str] = field(default_factory=dict)

    @property
    def held_bytes(self) -> int:
        """Of the effects and of what heads look at; the rest is small."""
        effects = 0 if self.effects is None else self.effects.changes.nbytes
        means = 0 if self.means is None else self.means.values.nbytes
        return effects + means + sum(look.held_bytes for look in self.looks.values() if not isinstance(look, str))

    @property
    def done(self) -> int:
        """On how many prompts every head was judged."""
        return 0 if self.effects is None else len(self.effects.changes)

    def shown(self, number: int) -> int:
        """Which prompt is shown when the visitor has gone on so often: round and round."""
        return number % max(1, len(self.prompts.clean))

    @property
    def complete(self) -> bool:
        """Whether that is all of them."""
        return self.effects is not None and self.done == len(self.prompts.corrupted)

    @property
    def in_use(self) -> FunctionVector | None:
        """The vector in use, at its site."""
        if self.vector is None:
            return None
        if self.use != "built" and self.tuning is not None:
            return self.tuning.vectors[self.use]
        return self.vector.at(*self.site)

    @property
    def to_save(self) -> FunctionVector | None:
        """The vector in use at the slider's scale; where that is 0, at its own."""
        used = self.in_use
        return None if used is None else used.at(used.layer, self.scale or used.scale)


@dataclass(frozen=True)
class Analogy:
    """An analogy: a source pair in one picture, an anchor in another.

    Attributes:
        relation: of both; the model is not told.
        source: which item of the training part.
        target: which item of the test part.
        weights: of each base vector by relation; ``None`` until the source pair has set them.
        own: whether the visitor has set them.
        words: what the model answers for the target, at 0 and with the sum; a reason where it cannot.
        judged: on the test part, by condition.
    """

    relation: str = ""
    source: int = 0
    target: int = 0
    weights: dict[str, float] | None = None
    own: bool = False
    words: WordShares | str | None = None
    judged: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def unanswered(self) -> Analogy:
        """The same pair and target before the model was asked, with the visitor's own weights if they set any."""
        return replace(self, weights=self.weights if self.own else None, words=None, judged={})


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
        self._latest = Analogy()
        self._analogies: dict[tuple[str, Setup], Analogy] = {}
        self._studies: LRUCache[tuple[str, Setup], Study] = LRUCache(_STUDIES)
        self._prompts: tuple[Setup, PromptPairs, str] | None = None  # of the setup that is looked at
        self._own: dict[str, RelationTask] = {}

    @property
    def held_bytes(self) -> int:
        """Of the visitor's own pictures, and of what was found; our drawn scenes are the same for everybody."""
        task = None if self.task is drawn_task() else self.task
        items = () if task is None else (*task.train, *task.validation, *task.test)
        pictures = {id(item.picture): item.picture for item in items if item.picture is not None}
        studies = sum(study.held_bytes for study in self._studies.values())
        return studies + sum(picture.held_bytes for picture in pictures.values())

    def open(self, task: RelationTask, relation: str) -> None:
        """Take up a task; what was found for another is forgotten.

        Raises:
            SavError: the task has no such relation.
        """
        task.of(relation)  # refused before anything is changed
        if task is not self.task:
            self._studies.clear()
            self._own.clear()
            self._analogies.clear()
            self._prompts = None
            self._latest = Analogy(relation=task.listed[1 if task.spatial else 0])
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
        return self._studies.get((model, setup)) or Study(setup, model, prompts, refused)

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
            self._studies[key] = Study(setup, model, prompts, refused)
        return self._studies[key]

    def base_studies(self, model: str) -> dict[str, Study | None]:
        """What is known of each base relation, asked for alike; ``None`` where nothing is."""
        bases = () if self.task is None else self.task.bases
        return {relation: self._studies.get((model, replace(self.setup, relation=relation))) for relation in bases}

    def analogy(self, model: str) -> Analogy:
        """The analogy with this model and setup; a new one begins with the pair of the latest."""
        return self._analogies.get(self._analogy_key(model)) or self._latest.unanswered

    def keep(self, model: str, analogy: Analogy) -> Analogy:
        """Keep an analogy with this model and setup, and return it."""
        self._latest = self._analogies[self._analogy_key(model)] = analogy
        return analogy

    def answer(self, asked: Analogy, answered: Analogy) -> None:
        """Put what the model said in the place of what it was asked; nothing if the visitor has gone on since."""
        for key, analogy in self._analogies.items():
            if analogy is asked:
                self._analogies[key] = answered
                return

    def new_bases(self, model: str) -> None:
        """Forget what the analogy came to: its base vectors are others now."""
        if (known := self._analogies.get(self._analogy_key(model))) is not None:
            self._analogies[self._analogy_key(model)] = known.unanswered

    def _analogy_key(self, model: str) -> tuple[str, Setup]:
        """What the base vectors depend on: not on the relation that is looked at."""
        return model, replace(self.setup, relation="")

    def _make_prompts(self, setup: Setup) -> tuple[PromptPairs, str]:
        """The prompts of a setup, or none and why."""
        own = self.own(setup.relation)
        try:
            return setup.prompting(own.seed).pairs(own.train[: setup.prompts], own.train), ""
        except SavError as error:  # too few pictures, or answers that cannot be corrupted
            return PromptPairs(), str(error)


def item_at(items: Sequence[RelationItem], number: int) -> RelationItem:
    """The item of that number, counting round and round."""
    return items[number % len(items)]


@lru_cache(maxsize=1)
def drawn_task() -> RelationTask:
    """The drawn scenes, the same for everybody."""
    return draw_task(shipped_sprites(), scenes=SCENES)
