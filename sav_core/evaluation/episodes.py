"""Repeated few-shot episodes from one labelled set: draw a support of k a label, judge on the rest, again and again.

    episodes = draw_episodes(vectors.labels, shots=5, count=50, n_way=5, seed=0)
    result = run_episodes(HeadClassifier(), vectors, episodes)
    result.mean, result.interval

The vectors are read once; an episode is array maths. The same seed draws the same episodes on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.errors import CancelledError, InputError, SettingError
from sav_core.evaluation.intervals import bootstrap_interval
from sav_core.evaluation.metrics import Evaluation, evaluate_labels
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Cancel, HeadVectors

__all__ = ["Episode", "EpisodeResult", "draw_episodes", "run_episodes"]


@dataclass(frozen=True)
class Episode:
    """One split of a set.

    Attributes:
        support: ``int (example,)``, rows to learn from, the same number of each label, labels in turn: the first
            ``labels * s`` of them are the support of ``s`` examples a label.
        queries: ``int (example,)``, rows to judge on.
        labels: that take part, sorted.
    """

    support: npt.NDArray[np.intp]
    queries: npt.NDArray[np.intp]
    labels: tuple[str, ...]

    def with_shots(self, shots: int) -> Episode:
        """Return the same episode with fewer examples a label to learn from; the queries stay.

        Raises:
            SettingError: it has not so many.
        """
        most = len(self.support) // len(self.labels)
        if not 1 <= shots <= most:
            raise SettingError(f"shots must be from 1 to {most}, the examples drawn for each label, but is {shots}.")
        return Episode(self.support[: shots * len(self.labels)], self.queries, self.labels)


def draw_episodes(
    labels: Sequence[str | None],
    *,
    shots: int,
    count: int,
    n_way: int | None = None,
    queries: int | None = None,
    seed: int = 0,
) -> tuple[Episode, ...]:
    """Draw stratified episodes.

    Args:
        labels: one for each example of the set.
        shots: examples of each label to learn from.
        count: how many episodes.
        n_way: how many labels take part in each, drawn anew; all by default.
        queries: examples of each label to judge on; all that are left by default.
        seed: the same seed draws the same episodes.

    Raises:
        SettingError: a number is out of its range.
        InputError: an example has no label, or a label has not ``shots`` examples and one more to judge on.
    """
    for name, value in (("shots", shots), ("count", count), ("queries", 1 if queries is None else queries)):
        if value < 1:
            raise SettingError(f"{name} must be 1 or more, but is {value}.")
    if any(label is None for label in labels):
        raise InputError("Episodes are drawn from labelled examples, and one has no label.")
    names = np.array(labels, dtype=np.str_)
    present = sorted(set(names.tolist()))
    n_way = len(present) if n_way is None else n_way
    if not 2 <= n_way <= len(present):
        raise SettingError(f"n_way must be from 2 to {len(present)}, the labels there are, but is {n_way}.")
    rows = {label: np.flatnonzero(names == label) for label in present}
    for label, own in rows.items():
        if len(own) <= shots:
            raise InputError(
                f"Episodes of {shots} examples a label need one more to judge on, but {label!r} has {len(own)}: add "
                "examples or learn from fewer."
            )
    rng = np.random.default_rng(seed)
    return tuple(_draw(rng, rows, present, shots, n_way, queries) for _ in range(count))


@dataclass(frozen=True)
class EpisodeResult:
    """What a classifier does over episodes.

    Attributes:
        accuracy: ``float64 (episode,)``.
        evaluation: of all queries of all episodes together.
    """

    accuracy: npt.NDArray[np.float64]
    evaluation: Evaluation

    def __repr__(self) -> str:
        low, high = self.interval
        return f"EpisodeResult({self.mean:.1%} [{low:.1%}, {high:.1%}] of {len(self.accuracy)} episodes)"

    @property
    def mean(self) -> float:
        """Mean accuracy of an episode."""
        return float(self.accuracy.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Bootstrap interval of the mean at 95 %, episodes drawn: queries of one episode are not independent."""
        return bootstrap_interval(self.accuracy)


def run_episodes(
    classifier: HeadClassifier,
    vectors: HeadVectors,
    episodes: Sequence[Episode],
    *,
    cancel: Cancel | None = None,
) -> EpisodeResult:
    """Fit on each episode's support and judge on its queries.

    Args:
        classifier: whose settings are used; it is not changed and need not be fitted.
        vectors: of the set that the episodes were drawn from.
        episodes: from ``draw_episodes``.
        cancel: asked between episodes; true stops the work.

    Raises:
        InputError: there are no episodes.
        SettingError: the settings cannot be fitted on so few examples.
        CancelledError: ``cancel`` said so.
    """
    if not episodes:
        raise InputError("There are no episodes to run: draw at least one.")
    accuracy: list[float] = []
    truth: list[str | None] = []
    answers: list[str] = []
    for episode in episodes:
        if cancel is not None and cancel():
            raise CancelledError(f"Stopped after {len(accuracy)} of {len(episodes)} episodes: run again.")
        fitted = clone(classifier).fit(vectors, rows=episode.support.tolist())
        given = fitted.classes_[fitted.vote(vectors, episode.queries.tolist()).winner].tolist()
        own = [vectors.labels[row] for row in episode.queries]
        accuracy.append(float(np.mean([answer == label for answer, label in zip(given, own, strict=True)])))
        truth += own
        answers += given
    labels = sorted({label for episode in episodes for label in episode.labels})
    return EpisodeResult(np.array(accuracy), evaluate_labels(truth, answers, labels))


def _draw(
    rng: np.random.Generator,
    rows: dict[str, npt.NDArray[np.intp]],
    present: list[str],
    shots: int,
    n_way: int,
    queries: int | None,
) -> Episode:
    chosen = sorted(rng.choice(len(present), size=n_way, replace=False).tolist())
    labels = tuple(present[number] for number in chosen)
    dealt = [rng.permutation(rows[label]) for label in labels]
    last = None if queries is None else shots + queries
    return Episode(
        support=np.stack([own[:shots] for own in dealt], axis=1).ravel(),  # one of each label, then another of each
        queries=np.concatenate([own[shots:last] for own in dealt]),
        labels=labels,
    )
