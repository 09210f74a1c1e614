"""What a test set says of a classifier, as values: whatever is told of a measurement comes from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Skipped
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import Picture
from sav_core.evaluation.baselines import Baseline, answer_baseline
from sav_core.evaluation.costs import Cost
from sav_core.evaluation.curves import Roc
from sav_core.evaluation.intervals import Comparison, compare
from sav_core.evaluation.judge import Confidence
from sav_core.evaluation.metrics import Evaluation
from sav_core.evaluation.sweeps import SweepPoint
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Head, HeadScores, HeadVectors

__all__ = [
    "KEPT",
    "About",
    "Compared",
    "Measurement",
    "Transfer",
    "UnknownLabels",
]

KEPT = "kept_heads"
"""The name of the classifier itself beside its baselines."""


@dataclass(frozen=True)
class About:
    """What was measured: enough to measure it again.

    Attributes:
        title: what to call it; the labels where nobody named it.
        date: when, in UTC.
        model: its name; empty where only its vectors were given.
        identity: fingerprint of the model.
        dtype: what the model computed in.
        question: asked of every example; empty where they have their own, or none.
        heads: how many vote.
        voting: the voting rule.
        scoring: how the heads were ranked.
        support: how many examples were learnt from; in an episode.
        test: what they were judged on, in words.
    """

    title: str
    date: str
    model: str
    identity: str
    dtype: str
    question: str
    heads: int
    voting: str
    scoring: str
    support: int
    test: str

    @classmethod
    def of(
        cls, classifier: HeadClassifier, labels: Sequence[str], vectors: HeadVectors, *, heads: int, support: int
    ) -> About:
        """Return what head vectors and a classifier with settings tell; measured now."""
        return cls(
            title=" or ".join(labels[:4]),
            date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            model="",
            identity=vectors.model,
            dtype=vectors.dtype,
            question="",
            heads=heads,
            voting=classifier.voting,
            scoring=classifier.scoring,
            support=support,
            test="",
        )


@dataclass(frozen=True)
class Compared:
    """Other ways to answer the same queries, beside the kept heads.

    Attributes:
        judged: each of them.
        comparisons: the kept heads against each, by its name; a mean of many draws is not compared.
        refused: what could not be tried, and why.
    """

    judged: tuple[Baseline, ...]
    comparisons: Mapping[str, Comparison]
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def beside(
        cls,
        right: npt.NDArray[np.bool_],
        judged: Sequence[Baseline],
        refused: Mapping[str, str] | None = None,
        *,
        itself: str = KEPT,
    ) -> Compared:
        """Compare the kept heads with each.

        Args:
            right: ``bool (example,)``, whether the kept heads are right.
            judged: on the same examples.
            refused: what could not be tried, and why.
            itself: the name of one that is the classifier itself, and so not compared.
        """
        others = [each for each in judged if not each.drawn and each.name != itself]
        comparisons = {each.name: compare(right, each.right > 0) for each in others}
        return cls(tuple(judged), comparisons, dict(refused or {}))


@dataclass(frozen=True)
class UnknownLabels:
    """How well queries whose label was not taught are recognised as such.

    Attributes:
        roc: over the thresholds of "none of these".
        n: how many such queries there were.
    """

    roc: Roc
    n: int


@dataclass(frozen=True)
class Transfer:
    """The heads of another task on this one.

    Attributes:
        baseline: this task's centroids with the other task's heads.
        comparison: the task's own heads against them.
        shared_heads: kept by both, sorted.
    """

    baseline: Baseline
    comparison: Comparison
    shared_heads: tuple[Head, ...]


@dataclass(frozen=True, eq=False)
class Measurement:
    """What a test set says of a classifier; a part that was not asked for is ``None``.

    Attributes:
        about: what was measured.
        names: of the test examples.
        truth: their labels.
        answers: what the kept heads gave them.
        confidence: ``float64 (example,)``, the winner's share of the vote.
        evaluation: of the answers.
        baselines: other ways to answer.
        rules: every voting rule with the classifier's other settings, its own first.
        sweeps: ``heads`` and ``shots``: accuracy by the number of heads, and of examples a label.
        trust: calibration and selective accuracy; also ``None`` where the support cannot calibrate.
        untrusted: why it cannot; empty where it can.
        unknown: whether examples of labels that were not taught are recognised.
        transfer: another task's heads on this one.
        overlap: how many test examples are in the support too; ``None`` where only vectors were given.
        skipped: what of both sets could not be read.
        notes: what was converted or guessed in reading them.
        scores: of every head on the support; ``None`` where only vectors of a fitted classifier were judged.
        heads: that vote, best first.
        pictures: the first of each test example, ``None`` for one of words alone; empty where only vectors were given.
        cost: of the kept heads: learning from the support and answering the test set; ``None`` where nobody measured that.
    """

    about: About
    names: tuple[str, ...]
    truth: tuple[str, ...]
    answers: tuple[str, ...]
    confidence: npt.NDArray[np.float64] = field(repr=False)
    evaluation: Evaluation
    baselines: Compared | None = None
    rules: Compared | None = None
    sweeps: Mapping[str, tuple[SweepPoint, ...]] | None = None
    trust: Confidence | None = None
    untrusted: str = ""
    unknown: UnknownLabels | None = None
    transfer: Transfer | None = None
    overlap: int | None = None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()
    scores: HeadScores | None = field(default=None, repr=False)
    heads: tuple[Head, ...] = ()
    pictures: tuple[Picture | None, ...] = field(default=(), repr=False)
    cost: Cost | None = None

    def __repr__(self) -> str:
        return f"Measurement({self.evaluation!r})"

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """``bool (example,)``, whether the kept heads' answer is the label."""
        return np.array([answer == label for answer, label in zip(self.answers, self.truth, strict=True)])

    @property
    def kept(self) -> Baseline:
        """The kept heads themselves as one way to answer, to stand beside the others."""
        return replace(answer_baseline(KEPT, self.answers, self.truth), cost=self.cost)

    @property
    def beside(self) -> Compared:
        """The kept heads first, then the baselines, if any: what a table or a figure of them shows."""
        others = self.baselines or Compared((), {})
        return Compared((self.kept, *others.judged), others.comparisons, others.refused)

    @property
    def chance(self) -> float:
        """The accuracy of always giving the commonest label of the test set."""
        return float(self.evaluation.confusion.sum(1).max() / self.evaluation.n)

    @property
    def probability(self) -> npt.NDArray[np.float64] | None:
        """``float64 (example,)``, the confidence calibrated; ``None`` where that was not asked for, or cannot be."""
        return None if self.trust is None else self.trust.probability
