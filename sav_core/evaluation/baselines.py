"""Baselines from the same vectors: other ways to answer, which the kept heads have to beat. No model runs.

    for each in vector_baselines(classifier, support, test): print(each.name, each.accuracy, each.interval)

========================  ==========================================================================================
``all_heads``             every head votes
``random_heads``          as many heads as are kept, at random: mean over 20 seeded draws
``best_head``             the first-ranked head alone
``nearest_examples``      the label of most of the 5 examples nearest by the kept heads (``sav_core.retrieval.nearest``)
``logistic_heads``        logistic regression on the kept heads' vectors, laid side by side
``hidden_mean``           nearest class mean, by cosine, of the model's last hidden state
``hidden_logistic``       logistic regression on the last hidden state
``pixels``                nearest class mean of the pictures' pixels
========================  ==========================================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sav_core.data.examples import Example
from sav_core.errors import CancelledError
from sav_core.evaluation.costs import Cost
from sav_core.evaluation.episodes import Episode, run_episodes
from sav_core.evaluation.metrics import wilson_interval
from sav_core.heads.classifier import HeadClassifier
from sav_core.retrieval.features import as_vectors, pixel_features
from sav_core.retrieval.nearest import nearest
from sav_core.types import Cancel, Head, HeadVectors

__all__ = [
    "RANDOM_DRAWS",
    "Baseline",
    "answer_baseline",
    "episode_baselines",
    "episode_pixels",
    "feature_baselines",
    "pixel_baseline",
    "vector_baselines",
]

RANDOM_DRAWS = 20
_NEIGHBOURS = 5
_STEPS = 2000  # of the regression's solver, far more than it needs


@dataclass(frozen=True)
class Baseline:
    """One other way to answer, judged.

    Attributes:
        name: as in the table of this module; a model's own answers have names of their own.
        right: ``float64 (example,)``, 1 where the answer is right; under ``random_heads`` the share of draws where it is.
        interval: of the accuracy at 95 %: Wilson's; under ``random_heads`` the middle 95 % of the draws.
        drawn: whether it is the mean of many draws, and so no single way that could be compared query by query.
        cost: what it takes; ``None`` where nobody measured that. Of those that this module makes of vectors it is what
            comes after reading them.
        about: how it answers, where its name alone does not tell.
    """

    name: str
    right: npt.NDArray[np.float64]
    interval: tuple[float, float]
    drawn: bool = False
    cost: Cost | None = field(default=None, repr=False)
    about: str = field(default="", repr=False)

    def __repr__(self) -> str:
        low, high = self.interval
        return f"Baseline({self.name}, {self.accuracy:.1%} [{low:.1%}, {high:.1%}])"

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return float(self.right.mean())


def answer_baseline(name: str, answers: Sequence[str], truth: Sequence[str | None]) -> Baseline:
    """Return some answers as a baseline, right where they are the truth."""
    right = np.array([answer == label for answer, label in zip(answers, truth, strict=True)], dtype=np.float64)
    return Baseline(name, right, wilson_interval(int(right.sum()), len(right)))


def vector_baselines(
    classifier: HeadClassifier, support: HeadVectors, test: HeadVectors, seed: int = 0
) -> tuple[Baseline, ...]:
    """Judge every baseline that needs no more than the vectors; those of the hidden state where both sets have it.

    Args:
        classifier: fitted on the support.
        support: labelled.
        test: labelled, of the same model.
        seed: of the random heads.
    """
    ranking = classifier.fitted_.scores.ranking
    ways: list[Callable[[], Baseline]] = [
        lambda: _voted("all_heads", classifier.voting_with(ranking), test),
        lambda: _random_heads(classifier, test, seed),
        lambda: _voted("best_head", classifier.voting_with(ranking[:1]), test),
        lambda: _nearest_examples(classifier, support, test),
        lambda: _regressed(
            "logistic_heads", _side_by_side(classifier, support), _side_by_side(classifier, test), support, test
        ),
    ]
    learnt, asked = support.hidden, test.hidden
    if learnt is not None and asked is not None:
        ways += [
            lambda: _class_mean("hidden_mean", learnt, asked, support, test),
            lambda: _regressed("hidden_logistic", learnt, asked, support, test),
        ]
    return tuple(_timed(way, len(support)) for way in ways)


def feature_baselines(
    names: tuple[str, str],
    learnt: npt.NDArray[np.floating],
    asked: npt.NDArray[np.floating],
    support: Sequence[Example],
    test: Sequence[Example],
) -> tuple[Baseline, Baseline]:
    """Judge the nearest class mean, by cosine, and logistic regression on features that another model made.

    Args:
        names: of the two.
        learnt: ``(example, dim)`` of the support.
        asked: of the test examples.
        support: labelled.
        test: labelled.
    """
    vectors = as_vectors(learnt, support), as_vectors(asked, test)
    return (
        _timed(lambda: _voted(names[0], HeadClassifier(n_kept=1).fit(vectors[0]), vectors[1]), len(support)),
        _timed(lambda: _regressed(names[1], learnt, asked, *vectors), len(support)),
    )


def _timed(way: Callable[[], Baseline], examples: int) -> Baseline:
    """Judge one way, and note what it takes."""
    began = time.perf_counter()
    found = way()
    trained = 0 if found.cost is None else found.cost.trained
    return replace(found, cost=Cost(examples, time.perf_counter() - began, 0, trained))


def episode_baselines(
    classifier: HeadClassifier, vectors: HeadVectors, episodes: Sequence[Episode], *, cancel: Cancel | None = None
) -> dict[str, npt.NDArray[np.float64]]:
    """Judge the same baselines over episodes.

    Args:
        classifier: whose settings are used; it is not changed and need not be fitted.
        vectors: of the set that the episodes were drawn from.
        episodes: from ``draw_episodes``.
        cancel: asked between episodes; true stops the work.

    Returns:
        For each baseline its ``float64 (episode,)`` accuracies.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    found: dict[str, list[float]] = {}
    for seed, episode in enumerate(episodes):
        if cancel is not None and cancel():
            raise CancelledError(f"Stopped after the baselines of {seed} of {len(episodes)} episodes: run again.")
        support, test = vectors.take(episode.support.tolist()), vectors.take(episode.queries.tolist())
        for each in vector_baselines(clone(classifier).fit(support), support, test, seed):
            found.setdefault(each.name, []).append(each.accuracy)
    return {name: np.array(accuracies) for name, accuracies in found.items()}


def episode_pixels(
    examples: Sequence[Example], episodes: Sequence[Episode], *, cancel: Cancel | None = None
) -> npt.NDArray[np.float64] | None:
    """Judge ``pixels`` over episodes: ``float64 (episode,)`` accuracies; ``None`` where the examples hold no picture.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    features = pixel_features(examples)
    if not features.shape[1]:
        return None
    return run_episodes(HeadClassifier(n_kept=1), as_vectors(features, examples), episodes, cancel=cancel).accuracy


def pixel_baseline(support: Sequence[Example], test: Sequence[Example]) -> Baseline | None:
    """Judge the nearest class mean of the raw pixels; ``None`` where the examples hold no picture."""
    features = pixel_features([*support, *test])
    if not features.shape[1]:
        return None
    learnt, asked = as_vectors(features[: len(support)], support), as_vectors(features[len(support) :], test)
    return _voted("pixels", HeadClassifier(n_kept=1).fit(learnt), asked)


def _voted(name: str, classifier: HeadClassifier, test: HeadVectors) -> Baseline:
    return answer_baseline(name, classifier.classes_[classifier.vote(test).winner].tolist(), test.labels)


def _random_heads(classifier: HeadClassifier, test: HeadVectors, seed: int) -> Baseline:
    ranking, rng = classifier.fitted_.scores.ranking, np.random.default_rng(seed)
    kept = len(classifier.kept_heads_)
    draws = []
    for _ in range(RANDOM_DRAWS):
        heads = [ranking[rank] for rank in sorted(rng.permutation(len(ranking))[:kept].tolist())]
        draws.append(_voted("random_heads", classifier.voting_with(heads), test).right)
    low, high = np.quantile([draw.mean() for draw in draws], [0.025, 0.975])
    return Baseline("random_heads", np.mean(draws, axis=0), (float(low), float(high)), drawn=True)


def _nearest_examples(classifier: HeadClassifier, support: HeadVectors, test: HeadVectors) -> Baseline:
    found = nearest(support, test, classifier.kept_heads_, _NEIGHBOURS)
    labels = classifier.classes_
    codes = np.searchsorted(labels, np.array(support.labels, dtype=np.str_))[found.positions]  # (query, neighbour)
    counts = (codes[:, :, None] == np.arange(len(labels))).sum(1)
    leading = np.take_along_axis(counts == counts.max(1, keepdims=True), codes, axis=1)
    winner = codes[np.arange(len(codes)), leading.argmax(1)]  # of equally frequent labels the nearest example's
    return answer_baseline("nearest_examples", labels[winner].tolist(), test.labels)


def _class_mean(
    name: str,
    learnt: npt.NDArray[np.floating],
    asked: npt.NDArray[np.floating],
    support: HeadVectors,
    test: HeadVectors,
) -> Baseline:
    """A feature ``(example, dim)`` as a model with a single head."""
    one = [
        HeadVectors(np.asarray(values, dtype=np.float32)[:, None, None], own.labels, own.names, own.positions, own.asked)
        for values, own in ((learnt, support), (asked, test))
    ]
    return _voted(name, HeadClassifier(n_kept=1).fit(one[0]), one[1])


def _regressed(
    name: str,
    learnt: npt.NDArray[np.floating],
    asked: npt.NDArray[np.floating],
    support: HeadVectors,
    test: HeadVectors,
) -> Baseline:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_STEPS))
    model.fit(learnt.astype(np.float64), np.array(support.labels, dtype=np.str_))
    found = answer_baseline(name, model.predict(asked.astype(np.float64)).tolist(), test.labels)
    return replace(found, cost=Cost(len(support), 0.0, 0, model[-1].coef_.size + model[-1].intercept_.size))


def _side_by_side(classifier: HeadClassifier, vectors: HeadVectors) -> npt.NDArray[np.float64]:
    """``float64 (example, head * dim)``: the kept heads' vectors, each brought to length one."""
    heads: tuple[Head, ...] = classifier.kept_heads_
    points = vectors.of(heads).astype(np.float64)
    length = np.linalg.norm(points, axis=-1, keepdims=True)
    unit: npt.NDArray[np.float64] = np.divide(points, length, out=np.zeros_like(points), where=length > 0)
    return unit.reshape(len(points), -1)
