"""A classifier's settings judged over few-shot episodes of one labelled set: read once, then drawn, fitted and judged.

over = measure_episodes(SavClassifier(backbone), examples, count=20, shots=5, baselines=True)
over.result.mean, over.baselines["all_heads"].difference_interval
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.data.sets.asking import shared_question
from sav_core.evaluation.baselines import episode_baselines, episode_pixels
from sav_core.evaluation.episodes import Episode, draw_episodes, run_episodes
from sav_core.evaluation.sweeps import SweepPoint, shot_numbers, sweep_heads_over, sweep_shots
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.support_checks import check_labels
from sav_core.models.depth import check_max_layer
from sav_core.reports.episode_measurement import EpisodeBaseline, EpisodeMeasurement
from sav_core.reports.measure import notes_of, skipped_of
from sav_core.reports.measurement import About
from sav_core.reports.model_baselines import episode_model_baselines
from sav_core.reports.reading import Run, Watch, read_vectors, run_here, unwatched
from sav_core.reports.wording import ASKING, COMPARING, READING
from sav_core.sav import SavClassifier
from sav_core.types import Cancel, HeadVectors

__all__ = ["measure_episodes"]


def measure_episodes(
    classifier: SavClassifier,
    examples: Sequence[Example],
    *,
    count: int,
    shots: int = 5,
    n_way: int | None = None,
    seed: int = 0,
    baselines: bool = False,
    own_answers: bool = False,
    demonstrations: int = 4,
    sweeps: bool = False,
    title: str = "",
    run: Run | None = None,
    watch: Watch = unwatched,
    cancel: Cancel | None = None,
) -> EpisodeMeasurement:
    """Judge a classifier's settings over episodes.

    Args:
        classifier: whose settings and model are used; it is not changed and need not be fitted.
        examples: labelled, of two labels or more.
        count: how many episodes to draw.
        shots: examples of each label that an episode learns from; it is judged on all others of its labels.
        n_way: how many labels take part in each; all by default.
        seed: the same seed draws the same episodes.
        baselines: also judge other heads, other classifiers on the same vectors, and raw pixels.
        own_answers: also judge what the model answers by itself, for which it runs again on every example.
        demonstrations: how many of an episode's support the model is then shown in context, for which it runs again on
            every query of every episode; 0: none.
        sweeps: also judge other numbers of heads, and fewer examples a label.
        title: what to call the measurement; the labels unless given.
        run: how the model is called; directly unless given.
        watch: opened for each stage of the work.
        cancel: asked between steps; true stops the work.

    Raises:
        InputError: an example has no label, or a label has too few.
        SettingError: a setting is out of its range.
        CancelledError: ``cancel`` said so.
    """
    heads = HeadClassifier(classifier.n_kept, classifier.voting, classifier.scoring, classifier.belief)
    heads.check_settings()
    check_max_layer(classifier.max_layer, classifier.backbone)
    labels = check_labels([each.label for each in examples], [each.name for each in examples])
    episodes = draw_episodes(labels, shots=shots, count=count, n_way=n_way, seed=seed)
    run = run or run_here(classifier.backbone)
    with watch(READING) as progress:
        vectors = run(read_vectors, list(examples), classifier.cache, baselines, progress=progress, cancel=cancel)
    if isinstance(classifier.max_layer, int):  # "kept" changes no vote
        vectors = vectors.up_to(classifier.max_layer)
    own: Mapping[str, npt.NDArray[np.float64]] = {}
    refused: Mapping[str, str] = {}
    if own_answers:
        with watch(ASKING) as progress:
            arguments = (list(examples), list(episodes), demonstrations)
            own, refused = run(episode_model_baselines, *arguments, progress=progress, cancel=cancel)
    with watch(COMPARING):
        result = run_episodes(heads, vectors, episodes, cancel=cancel)
        judged = dict(_baselines(heads, vectors, examples, episodes, cancel) if baselines else {}) | dict(own)
        swept = _sweeps(heads, vectors, episodes, shots, cancel) if sweeps else None
    geometry, ways = vectors.geometry, len(episodes[0].labels)
    about = About.of(
        heads,
        sorted(set(labels)),
        vectors,
        heads=min(heads.n_kept, geometry.layers * geometry.heads),
        support=shots * ways,
    )
    question = shared_question(examples) or ""
    about = replace(about, title=title or about.title, model=classifier.backbone.name, question=question)
    return EpisodeMeasurement(
        about=replace(about, test=f"{count} episodes drawn from {len(examples)} examples"),
        shots=shots,
        n_way=ways,
        seed=seed,
        result=result,
        baselines=_beside(result.accuracy, judged) if baselines or own_answers else None,
        refused=dict(refused),
        sweeps=swept,
        skipped=skipped_of(examples),
        notes=notes_of(examples),
    )


def _baselines(
    heads: HeadClassifier,
    vectors: HeadVectors,
    examples: Sequence[Example],
    episodes: Sequence[Episode],
    cancel: Cancel | None,
) -> Mapping[str, npt.NDArray[np.float64]]:
    """The baselines that need no model, by name: ``float64 (episode,)`` accuracies."""
    judged = episode_baselines(heads, vectors, episodes, cancel=cancel)
    pixels = episode_pixels(examples, episodes, cancel=cancel)
    return judged if pixels is None else {**judged, "pixels": pixels}


def _sweeps(
    heads: HeadClassifier, vectors: HeadVectors, episodes: Sequence[Episode], shots: int, cancel: Cancel | None
) -> dict[str, tuple[SweepPoint, ...]]:
    return {
        "heads": sweep_heads_over(heads, vectors, episodes, cancel=cancel),
        "shots": sweep_shots(heads, vectors, episodes, shot_numbers(heads, shots), cancel=cancel),
    }


def _beside(kept: npt.NDArray[np.float64], judged: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, EpisodeBaseline]:
    return {name: EpisodeBaseline(accuracy, kept - accuracy) for name, accuracy in judged.items()}
