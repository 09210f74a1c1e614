"""What is known of one relation: its heads, its vector, what tuning made of that, and how each was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sav_core.vectors import PromptPairs, Site, SiteMap
from sav_ui.pages.vectors.setup import Setup
from sav_ui.session.head_attention import HeadAttention

if TYPE_CHECKING:
    from sav_core.vectors import Effects, FunctionVector, MeanVectors, Outcome, Tuned, WordShares

__all__ = ["BUILT", "SLIDER_SCALES", "Judged", "Study", "Tuning"]

BUILT = "built"
"""The vector that was summed from heads, among those that can be used; tuned ones have their conditions' names."""

SLIDER_SCALES = tuple(step / 4 for step in range(17))
"""Scales of the slider, as far as the map goes; all are asked at once so that moving it runs no model."""


@dataclass(frozen=True)
class Judged:
    """How a vector did on the test part.

    Attributes:
        vector: as it was then, with its site.
        outcomes: by condition.
        turn: of the work that found it.
    """

    vector: FunctionVector
    outcomes: Mapping[str, Outcome]
    turn: int = 0

    def is_of(self, vector: FunctionVector | None) -> bool:
        """Whether that is the vector which was judged, where it was judged."""
        return vector is not None and self.same_values(vector) and self.site == Site(vector.layer, vector.scale)

    def same_values(self, vector: FunctionVector) -> bool:
        """Whether it is the same direction, wherever it is added."""
        return np.array_equal(self.vector.values, vector.values)

    @property
    def site(self) -> Site:
        """Where it was added."""
        return Site(self.vector.layer, self.vector.scale)


@dataclass(frozen=True)
class Tuning:
    """A vector's way while it learns.

    Attributes:
        start: the vector that it began with, at its site.
        curves: by what was tuned, ``float (point, 3)``: step, accuracy, mean probability of the answer on validation.
        levels: accuracies on the same items without tuning, by condition.
        steps: how many there are to be at most.
        n: how many items of the validation part.
        reached: what each came to, by condition; empty while it goes on.
        turn: of the work that does it.
    """

    start: FunctionVector
    curves: dict[str, npt.NDArray[np.float64]]
    levels: dict[str, float]
    steps: int
    n: int
    reached: Mapping[str, Tuned] = field(default_factory=dict)
    turn: int = 0

    def is_of(self, vector: FunctionVector | None) -> bool:
        """Whether it began with that vector, at that site."""
        return Judged(self.start, {}).is_of(vector)


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
        ready: whether that vector came with the app.
        at: where each vector is added and at which scale: the one that acts, is judged and is saved.
        tuning: the latest.
        use: which vector answers, ``BUILT`` or a condition of ``tuning.reached``.
        judged: the latest judgement of each vector, of the vector as it was then.
        words: what the model answers a query with, by query and vector; a reason where it cannot.
        looks: what the heads look at in a prompt, by its number; a reason where that cannot be shown.
        turn: of the work that built the vector.
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
    ready: bool = False
    at: dict[str, Site] = field(default_factory=dict)
    tuning: Tuning | None = None
    use: str = BUILT
    judged: dict[str, Judged] = field(default_factory=dict)
    words: dict[tuple[Any, ...], WordShares | str] = field(default_factory=dict)
    looks: dict[int, HeadAttention | str] = field(default_factory=dict)
    turn: int = 0

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

    def take(self, vector: FunctionVector, sites: SiteMap, *, ready: bool = False, turn: int = 0) -> None:
        """Take a vector where its map is best. What was tuned from the one before and judged of it stays."""
        self.vector, self.sites, self.ready, self.turn = vector, sites, ready, turn
        self.at[BUILT], self.use = sites.best, BUILT
        self.words = {key: words for key, words in self.words.items() if key[1] != BUILT}

    @property
    def usable(self) -> tuple[str, ...]:
        """The vectors that can be used."""
        return (*(() if self.vector is None else (BUILT,)), *(() if self.tuning is None else self.tuning.reached))

    @property
    def site(self) -> Site:
        """Where the vector in use is added, and at which scale; there must be one."""
        return self.at[self.use]

    def vector_of(self, use: str) -> FunctionVector | None:
        """One of the usable vectors at its site."""
        if use != BUILT and self.tuning is not None and use in self.tuning.reached:
            return self.tuning.reached[use].vector.at(*self.at[use])
        return None if self.vector is None else self.vector.at(*self.at[BUILT])

    @property
    def in_use(self) -> FunctionVector | None:
        """The vector in use, at its site."""
        return self.vector_of(self.use)
