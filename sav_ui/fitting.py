"""A project and its head vectors to a fit: pure array work that answers a slider at once; no model is known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.classifier import FittedHeads, HeadClassifier
from sav_core.heads import HeadFit, fit_heads
from sav_core.insight import SupportVote, support_vote, vote_sweep
from sav_core.records import Head, HeadScores, HeadVectors
from sav_ui.project import Item, Project

__all__ = ["Fit", "fit_project"]


@dataclass(frozen=True)
class Fit:
    """What the support says of every head, under both ways of scoring.

    Attributes:
        items: the examples, in the order of the rows.
        labels: the labels' names, sorted; ``label_ids`` are their identities in the same order.
        codes: ``int (example,)``, each example's label's number.
        vectors: of the examples.
        paper: scored on the examples that made the centroids.
        honest: each example left out of its own centroid; ``None`` where every label has one example only.
        scoring: which of the two ranks the heads.
        n_kept: how many vote.
    """

    items: tuple[Item, ...]
    labels: tuple[str, ...]
    label_ids: tuple[str, ...]
    codes: npt.NDArray[np.intp]
    vectors: HeadVectors
    paper: HeadFit
    honest: HeadFit | None
    scoring: str
    n_kept: int

    @property
    def chosen(self) -> HeadFit:
        """The fit whose scores rank the heads."""
        return self.honest if self.honest is not None and self.scoring == "leave_one_out" else self.paper

    @property
    def judge(self) -> HeadFit:
        """The fit whose predictions are reported: leave-one-out wherever that can be."""
        return self.honest or self.paper

    @property
    def scores(self) -> HeadScores:
        """The scores that rank the heads."""
        return self.chosen.scores

    @property
    def ranking(self) -> tuple[Head, ...]:
        """Every head, best first."""
        return self.scores.ranking

    @property
    def kept(self) -> tuple[Head, ...]:
        """The heads that vote, best first."""
        return self.ranking[: self.n_kept]

    @property
    def chance(self) -> float:
        """The accuracy of always giving the label with the most examples."""
        return float(np.bincount(self.codes).max() / len(self.codes))

    @cached_property
    def vote(self) -> SupportVote:
        """The kept heads' vote on the examples."""
        return support_vote(self.judge.predicted, self.codes, len(self.labels), self.kept)

    @cached_property
    def sweep(self) -> npt.NDArray[np.int64]:
        """How many examples are right with the best 1, 2, ... heads."""
        return vote_sweep(self.judge.predicted, self.codes, len(self.labels), self.ranking)

    @cached_property
    def classifier(self) -> HeadClassifier:
        """The classifier that these settings make."""
        counts = tuple(int(count) for count in np.bincount(self.codes))
        return HeadClassifier.from_fitted(
            FittedHeads(self.labels, self.chosen.centroids, self.scores, counts), n_kept=self.n_kept
        )


def fit_project(project: Project, vectors: HeadVectors) -> Fit:
    """Score every head on a project's examples.

    Args:
        project: two labels or more with examples.
        vectors: of ``project.examples()``, in their order.
    """
    used = {item.label for item in project.items}
    labels = sorted((label for label in project.labels if label.id in used), key=lambda label: label.name)
    number = {label.id: code for code, label in enumerate(labels)}
    codes = np.array([number[item.label] for item in project.items], dtype=np.intp)
    several = np.bincount(codes).max() > 1
    return Fit(
        items=project.items,
        labels=tuple(label.name for label in labels),
        label_ids=tuple(label.id for label in labels),
        codes=codes,
        vectors=vectors,
        paper=fit_heads(vectors, codes, len(labels)),
        honest=fit_heads(vectors, codes, len(labels), scoring="leave_one_out") if several else None,
        scoring=project.scoring,
        n_kept=project.n_kept,
    )


def gather(
    vectors: Mapping[str, npt.NDArray[np.float32]], keys: list[str], project: Project, model: str, dtype: str
) -> HeadVectors:
    """Put single head vectors ``(layer, head, dim)`` together in a project's order.

    Args:
        vectors: by key.
        keys: of the project's examples, in order.
        project: for labels and names.
        model: fingerprint of the model that made them.
        dtype: what it computed in.
    """
    names = {label.id: label.name for label in project.labels}
    return HeadVectors(
        values=np.stack([vectors[key] for key in keys]),
        labels=tuple(names[item.label] for item in project.items),
        names=tuple(item.name for item in project.items),
        positions=tuple(range(len(keys))),
        asked=len(keys),
        model=model,
        dtype=dtype,
    )
