"""How accuracy follows the number of heads and of examples, and how well heads found on one task serve another.

by_heads = sweep_heads(classifier, test_vectors)                  # one fit, every head looks once
by_shots = sweep_draws(HeadClassifier(), support, test_vectors, draws, [1, 2, 5])
over_episodes = sweep_shots(HeadClassifier(), vectors, episodes, [1, 2, 5])
moved = transfer_heads(cats_and_dogs, birds)                      # birds' centroids, cats' and dogs' heads
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sav_core.errors import CancelledError, InputError, SettingError
from sav_core.evaluation.episodes import Episode, EpisodeResult, run_episodes
from sav_core.evaluation.intervals import bootstrap_interval, drawn_interval
from sav_core.evaluation.metrics import wilson_interval
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Cancel, HeadVectors

__all__ = [
    "SweepPoint",
    "head_numbers",
    "shot_numbers",
    "sweep_draws",
    "sweep_heads",
    "sweep_heads_over",
    "sweep_shots",
    "transfer_heads",
]

_NUMBERS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 400, 784)
_SHOTS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class SweepPoint:
    """Accuracy at one setting.

    Attributes:
        value: of what was swept: a number of heads, or of examples a label.
        accuracy: of the queries.
        interval: at 95 %. On one test set, of the accuracy on such queries: Wilson's for one classifier, queries and draws
            drawn again for several (``drawn_interval``). Over episodes, of their mean: the bootstrap over episodes.
        n: how many queries, or episodes, it rests on.
    """

    value: int
    accuracy: float
    interval: tuple[float, float]
    n: int


def head_numbers(heads: int) -> tuple[int, ...]:
    """Return the numbers of heads that a sweep looks at: about evenly spaced as ratios, all of them at last."""
    return (*(number for number in _NUMBERS if number < heads), heads)


def shot_numbers(classifier: HeadClassifier, most: int) -> tuple[int, ...]:
    """Return the numbers of examples a label that a sweep looks at, ``most`` the last of them.

    Where the classifier's settings leave an example out to fit, a label needs two.
    """
    least = classifier.rule.fewest(classifier.scoring)
    return tuple(sorted({number for number in (*_SHOTS, most) if least <= number <= most}))


def sweep_heads(
    classifier: HeadClassifier,
    vectors: HeadVectors,
    numbers: Sequence[int] | None = None,
    rows: Sequence[int] | None = None,
) -> tuple[SweepPoint, ...]:
    """Judge a fitted classifier with other numbers of its best heads.

    Args:
        classifier: fitted.
        vectors: of labelled queries.
        numbers: of heads; ``head_numbers`` by default.
        rows: which of the queries to judge; all by default.

    Raises:
        SettingError: a number of heads is not positive.
        InputError: there is nothing to judge.
    """
    check_is_fitted(classifier)
    most = len(classifier.fitted_.scores.ranking)
    numbers = head_numbers(most) if numbers is None else sorted(set(numbers))
    if not numbers or min(numbers) < 1:
        raise SettingError(f"Numbers of heads must be 1 or more, but are {list(numbers)}.")
    truth = _truth(classifier, vectors, rows)
    points = []
    for number, ballot in zip(numbers, classifier.sweep(vectors, numbers, rows), strict=True):
        right = int((ballot.winner == truth).sum())
        points.append(SweepPoint(number, right / len(truth), wilson_interval(right, len(truth)), len(truth)))
    return tuple(points)


def sweep_draws(
    classifier: HeadClassifier,
    support: HeadVectors,
    test: HeadVectors,
    draws: Sequence[npt.NDArray[np.intp]],
    shots: Sequence[int],
    *,
    cancel: Cancel | None = None,
) -> tuple[SweepPoint, ...]:
    """Judge a classifier's settings with fewer examples a label on one test set: means over draws of the support.

    Args:
        classifier: whose settings are used; it is not changed.
        support: labelled.
        test: labelled queries.
        draws: each ``int (example,)``, rows of the support, labels in turn: one of each, then another of each.
        shots: numbers of examples a label, as many at most as the draws have.
        cancel: asked between fits; true stops the work.

    Raises:
        SettingError: the draws have not so many examples, or the settings cannot be fitted on so few.
        CancelledError: ``cancel`` said so.
    """
    labels = len(set(support.labels))
    most = min(len(rows) for rows in draws) // labels
    points = []
    for number in sorted(set(shots)):
        if not 1 <= number <= most:
            raise SettingError(f"shots must be from 1 to {most}, the examples drawn for each label, but is {number}.")
        right = []
        for rows in draws:
            if cancel is not None and cancel():
                raise CancelledError(f"Stopped before {number} examples a label were judged: run again.")
            fitted = clone(classifier).fit(support, rows=rows[: number * labels].tolist())
            right.append(fitted.vote(test).winner == _truth(fitted, test, None))
        every = np.stack(right)
        points.append(SweepPoint(number, float(every.mean()), drawn_interval(every), len(test)))
    return tuple(points)


def sweep_heads_over(
    classifier: HeadClassifier,
    vectors: HeadVectors,
    episodes: Sequence[Episode],
    numbers: Sequence[int] | None = None,
    *,
    cancel: Cancel | None = None,
) -> tuple[SweepPoint, ...]:
    """Judge a classifier's settings with other numbers of heads over episodes: means, with bootstrap intervals.

    Args:
        classifier: whose settings are used; it is not changed and need not be fitted.
        vectors: of the set that the episodes were drawn from.
        episodes: from ``draw_episodes``.
        numbers: of heads; ``head_numbers`` by default.
        cancel: asked between episodes; true stops the work.

    Raises:
        SettingError: a number of heads is not positive, or the settings cannot be fitted on so few examples.
        CancelledError: ``cancel`` said so.
    """
    swept: list[tuple[SweepPoint, ...]] = []
    for episode in episodes:
        if cancel is not None and cancel():
            raise CancelledError(f"Stopped after {len(swept)} of {len(episodes)} episodes: run again.")
        fitted = clone(classifier).fit(vectors, rows=episode.support.tolist())
        swept.append(sweep_heads(fitted, vectors, numbers, episode.queries.tolist()))
    points = []
    for each in zip(*swept, strict=True):
        accuracy = np.array([point.accuracy for point in each])
        points.append(SweepPoint(each[0].value, float(accuracy.mean()), bootstrap_interval(accuracy), len(each)))
    return tuple(points)


def sweep_shots(
    classifier: HeadClassifier,
    vectors: HeadVectors,
    episodes: Sequence[Episode],
    shots: Sequence[int],
    *,
    cancel: Cancel | None = None,
) -> tuple[SweepPoint, ...]:
    """Judge a classifier's settings with fewer examples a label; the queries of an episode stay the same.

    Args:
        classifier: whose settings are used.
        vectors: of the set that the episodes were drawn from.
        episodes: with as many examples a label as the largest of ``shots``.
        shots: numbers of examples a label.
        cancel: asked between episodes; true stops the work.

    Raises:
        SettingError: the episodes have not so many examples, or the settings cannot be fitted on so few.
        CancelledError: ``cancel`` said so.
    """
    points = []
    for number in sorted(set(shots)):
        some = [episode.with_shots(number) for episode in episodes]
        result: EpisodeResult = run_episodes(classifier, vectors, some, cancel=cancel)
        points.append(SweepPoint(number, result.mean, result.interval, len(some)))
    return tuple(points)


def transfer_heads(source: HeadClassifier, target: HeadClassifier) -> HeadClassifier:
    """Return the target's classifier with the heads that the source keeps: selected on one task, used on another.

    Args:
        source: fitted on the task that chooses the heads.
        target: fitted on the task whose labels are given; its centroids are used, its own choice of heads is not.

    Raises:
        InputError: they come from models of different geometry.
    """
    check_is_fitted(source)
    check_is_fitted(target)
    if source.fitted_.geometry != target.fitted_.geometry:
        raise InputError(
            f"Heads can only move between classifiers of one model, but these have {source.fitted_.geometry} and "
            f"{target.fitted_.geometry}: fit both with the same model."
        )
    return target.voting_with(source.kept_heads_)


def _truth(classifier: HeadClassifier, vectors: HeadVectors, rows: Sequence[int] | None) -> npt.NDArray[np.intp]:
    """``int (example,)``: the queries' labels' numbers; -1 for what was not taught, which no answer equals."""
    number = {str(label): code for code, label in enumerate(classifier.classes_)}
    used = range(len(vectors)) if rows is None else rows
    truth = np.array([number.get(str(vectors.labels[row]), -1) for row in used], dtype=np.intp)
    if not len(truth):
        raise InputError("There is nothing to evaluate: give at least one labelled query.")
    return truth
