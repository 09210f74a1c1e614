"""Do heads travel? Those found on one task vote on another, beside the other's own heads and beside as many at random.

Only which heads vote is carried over. Their label means are made of the other task's support: nothing else would mean
anything there. Where that task has test examples, they are answered; where it has none, each example of its support is
answered by a fit without it, and its own heads are then chosen without it too, or they would be chosen by what judges them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.atlas.rows import Atlas
from sav_core.errors import CancelledError, InputError
from sav_core.evaluation.baselines import RANDOM_DRAWS
from sav_core.evaluation.intervals import Comparison, bootstrap_interval, compare
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.evaluation.metrics import check_truth, wilson_interval
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Cancel, Head, HeadVectors

__all__ = ["TaskVectors", "Transfer", "TransferTo", "Transferred", "transfer_heads"]

Right = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TaskVectors:
    """A task that heads can be tried on.

    Attributes:
        name: of its row.
        support: labelled.
        test: labelled; ``None`` where each example of the support is left out instead.
    """

    name: str
    support: HeadVectors
    test: HeadVectors | None = None


@dataclass(frozen=True)
class Transferred:
    """Heads of another task on this one.

    Attributes:
        source: the other task's name.
        heads: how many vote.
        accuracy: of their vote.
        interval: of it at 95 %, Wilson's.
        against_own: this task's own heads less these.
        random_as_good: the share of random draws of as many heads that are right as often or more.
    """

    source: str
    heads: int
    accuracy: float
    interval: tuple[float, float]
    against_own: Comparison
    random_as_good: float


@dataclass(frozen=True)
class TransferTo:
    """One task answered by heads of all others.

    Attributes:
        target: its name.
        n: how many examples were answered.
        left_out: whether they are those of its support, each left out.
        chance: the share of the commonest label among them.
        heads: how many heads of its own vote.
        own: accuracy of these.
        own_interval: of it at 95 %, Wilson's.
        random: mean accuracy of as many heads at random.
        random_interval: the middle 95 % of the draws.
        sources: the other tasks, in the order of the atlas.
    """

    target: str
    n: int
    left_out: bool
    chance: float
    heads: int
    own: float
    own_interval: tuple[float, float]
    random: float
    random_interval: tuple[float, float]
    sources: tuple[Transferred, ...]

    @property
    def foreign(self) -> float:
        """Mean accuracy of the other tasks' heads; not a number where there are none."""
        return float(np.mean([each.accuracy for each in self.sources])) if self.sources else float("nan")


@dataclass(frozen=True)
class Transfer:
    """Every task answered by heads of every other.

    Attributes:
        targets: one for each task that there are vectors of.
        draws: how often random heads were drawn.
        seed: of the draws.
    """

    targets: tuple[TransferTo, ...]
    draws: int = RANDOM_DRAWS
    seed: int = 0

    def __repr__(self) -> str:
        shares = f"own {self.own:.1%}, others' {self.foreign:.1%}, random {self.random:.1%}"
        return f"Transfer({len(self.targets)} targets, {shares})"

    @cached_property
    def _tried(self) -> tuple[TransferTo, ...]:
        return tuple(each for each in self.targets if each.sources)

    @property
    def own(self) -> float:
        """Mean accuracy of tasks' own heads, over those that others' were tried on."""
        return float(np.mean([each.own for each in self._tried])) if self._tried else float("nan")

    @property
    def foreign(self) -> float:
        """Mean accuracy of others' heads, every task weighing alike."""
        return float(np.mean([each.foreign for each in self._tried])) if self._tried else float("nan")

    @property
    def random(self) -> float:
        """Mean accuracy of random heads, likewise."""
        return float(np.mean([each.random for each in self._tried])) if self._tried else float("nan")

    def gain_over_random(self, *, own: bool) -> tuple[float, tuple[float, float]]:
        """By how much heads do better than random ones, and its bootstrap interval at 95 % over the tasks.

        Args:
            own: the tasks' own heads; else those of other tasks.

        Raises:
            InputError: no task was tried.
        """
        gains = np.array([(each.own if own else each.foreign) - each.random for each in self._tried])
        interval = bootstrap_interval(gains, self.seed)
        return float(gains.mean()), interval


def transfer_heads(
    tasks: Sequence[TaskVectors],
    atlas: Atlas,
    classifier: HeadClassifier | None = None,
    *,
    seed: int = 0,
    cancel: Cancel | None = None,
) -> Transfer:
    """Let the kept heads of every row vote on every task.

    Args:
        tasks: those that there are vectors of, by the names of their rows.
        atlas: whose kept heads are tried.
        classifier: whose voting rule, scoring and number of heads a task's own heads have; the paper's by default. It is
            not changed and need not be fitted.
        seed: of the random heads.
        cancel: asked between tasks; true stops the work.

    Raises:
        InputError: a task has no row, or a test example has no label that its support knows.
        CancelledError: ``cancel`` said so.
    """
    settings = HeadClassifier() if classifier is None else classifier
    targets = []
    for place, task in enumerate(tasks):
        if cancel is not None and cancel():
            raise CancelledError(f"Stopped after {place} of {len(tasks)} tasks that heads were tried on.")
        if task.name not in atlas.names:
            raise InputError(f"{task.name!r} has no row in the atlas, which has {', '.join(atlas.names)}: add it first.")
        targets.append(_Target(task, settings, seed).answered(atlas))
    return Transfer(tuple(targets), RANDOM_DRAWS, seed)


@dataclass(eq=False)
class _Target:
    """One task on which heads are tried."""

    task: TaskVectors
    settings: HeadClassifier
    seed: int
    _drawn: dict[int, npt.NDArray[np.float64]] = field(default_factory=dict)

    def answered(self, atlas: Atlas) -> TransferTo:
        """Let the heads of every other row vote."""
        own, kept = self._own()
        random, geometry = self._random(len(kept)), self.task.support.geometry
        low, high = np.quantile(random, [0.025, 0.975])
        sources = []
        for row in atlas.rows:
            heads = [head for head in row.kept if head.layer < geometry.layers]  # a fit may read fewer layers than another
            if row.name != self.task.name and heads:
                sources.append(self._of(row.name, heads, own))
        counts = list(Counter(self._truth()).values())
        return TransferTo(
            target=self.task.name,
            n=len(own),
            left_out=self.task.test is None,
            chance=max(counts) / sum(counts),
            heads=len(kept),
            own=float(own.mean()),
            own_interval=wilson_interval(int(own.sum()), len(own)),
            random=float(random.mean()),
            random_interval=(float(low), float(high)),
            sources=tuple(sources),
        )

    def _of(self, source: str, heads: Sequence[Head], own: Right) -> Transferred:
        right, random = self._right(heads), self._random(len(heads))
        return Transferred(
            source=source,
            heads=len(heads),
            accuracy=float(right.mean()),
            interval=wilson_interval(int(right.sum()), len(right)),
            against_own=compare(own, right, self.seed),
            random_as_good=float((random >= right.mean() - 1e-12).mean()),
        )

    def _own(self) -> tuple[Right, tuple[Head, ...]]:
        """Which examples the task's own heads get right, and which heads these are."""
        fitted: HeadClassifier = clone(self.settings).fit(self.task.support)
        if self.task.test is None:
            judged = judge_left_out(fitted, self.task.support)
            return judged.winner == judged.codes, fitted.kept_heads_
        check_truth(self.task.test.labels, fitted.fitted_.labels)
        winner = fitted.vote(self.task.test).winner
        return np.asarray(fitted.classes_[winner] == np.array(self.task.test.labels)), fitted.kept_heads_

    def _right(self, heads: Sequence[Head]) -> Right:
        """Which examples these heads get right by a fit on the task's support."""
        alone: HeadClassifier = clone(self.settings).set_params(n_kept=len(heads))
        support = _only(self.task.support, heads)
        if self.task.test is None:
            judged = judge_left_out(alone, support)
            return np.asarray(judged.winner == judged.codes)
        winner = alone.fit(support).vote(_only(self.task.test, heads)).winner
        return np.asarray(alone.classes_[winner] == np.array(self.task.test.labels))

    def _random(self, number: int) -> npt.NDArray[np.float64]:
        """``float (draw,)``, accuracies of so many heads at random."""
        if number not in self._drawn:
            every, rng = self.task.support.geometry.every_head(), np.random.default_rng(self.seed)
            draws = [sorted(rng.permutation(len(every))[:number].tolist()) for _ in range(RANDOM_DRAWS)]
            self._drawn[number] = np.array([self._right([every[place] for place in draw]).mean() for draw in draws])
        return self._drawn[number]

    def _truth(self) -> list[str | None]:
        if self.task.test is not None:
            return list(self.task.test.labels)
        names = self.task.support.labels
        return [name for name in names if names.count(name) > 1]


def _only(vectors: HeadVectors, heads: Sequence[Head]) -> HeadVectors:
    """The vectors of some heads alone, as if they were those of one layer."""
    return replace(vectors, values=vectors.of(heads)[:, None], ends_early=False)
