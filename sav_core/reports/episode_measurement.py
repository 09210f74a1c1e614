"""What few-shot episodes say of a classifier's settings, as values: the other thing that can be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Skipped
from sav_core.data.notes import Note
from sav_core.evaluation.episodes import EpisodeResult
from sav_core.evaluation.intervals import bootstrap_interval
from sav_core.evaluation.sweeps import SweepPoint
from sav_core.reports.measurement import About

__all__ = ["EpisodeBaseline", "EpisodeMeasurement"]


@dataclass(frozen=True, eq=False)
class EpisodeBaseline:
    """Another way to answer, over episodes.

    Attributes:
        accuracy: ``float64 (episode,)``.
        gain: ``float64 (episode,)``, how much better the kept heads are in the same episode.
    """

    accuracy: npt.NDArray[np.float64] = field(repr=False)
    gain: npt.NDArray[np.float64] = field(repr=False)

    @property
    def mean(self) -> float:
        """Mean accuracy of an episode."""
        return float(self.accuracy.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Bootstrap interval of the mean at 95 %, episodes drawn."""
        return bootstrap_interval(self.accuracy)

    @property
    def difference(self) -> float:
        """Mean gain of the kept heads."""
        return float(self.gain.mean())

    @property
    def difference_interval(self) -> tuple[float, float]:
        """Bootstrap interval of the mean gain at 95 %, episodes drawn."""
        return bootstrap_interval(self.gain)


@dataclass(frozen=True, eq=False)
class EpisodeMeasurement:
    """What few-shot episodes from one set say of a classifier's settings; a part that was not asked for is ``None``.

    Attributes:
        about: what was measured.
        shots: examples of each label that an episode learns from.
        n_way: labels in an episode.
        seed: of the draw.
        result: accuracy of every episode, and the confusion of all queries together.
        baselines: other ways to answer, by name.
        refused: those that could not be tried, and why.
        sweeps: ``heads`` and ``shots``: accuracy by the number of heads, and of examples a label.
        skipped: what of the set could not be read.
        notes: what was converted or guessed in reading them.
    """

    about: About
    shots: int
    n_way: int
    seed: int
    result: EpisodeResult
    baselines: Mapping[str, EpisodeBaseline] | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    sweeps: Mapping[str, tuple[SweepPoint, ...]] | None = None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        return f"EpisodeMeasurement({self.n_way}-way, {self.shots} shots, {self.result!r})"
