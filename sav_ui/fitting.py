"""A project and its head vectors to a fit: pure array work that answers a slider at once; no model is known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.classifier import HeadClassifier
from sav_core.errors import SettingError
from sav_core.heads import HeadFit, fit_heads
from sav_core.insight import SupportVote
from sav_core.records import Head, HeadScores, HeadVectors
from sav_core.rule_fits import RuleFit, fit_rule
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
        n_kept: how many vote; under ``reliability`` for each label.
        voting: how their votes are counted, one of ``sav_core.voting.VOTING_RULES``.
        known: rules as they were fitted, by name and scoring; shared with the fits of other settings.
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
    voting: str = "majority"
    known: dict[tuple[str, bool], RuleFit | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def chosen(self) -> HeadFit:
        """The fit whose scores rank the heads."""
        return self.honest if self.honest is not None and self.scoring == "leave_one_out" else self.paper

    @property
    def judge(self) -> HeadFit:
        """The fit whose predictions are reported: leave-one-out wherever that can be."""
        return self.honest or self.paper

    @property
    def rule(self) -> RuleFit:
        """The support under the voting rule; under ``majority`` where that rule cannot be fitted."""
        found = self.under(self.voting) or self.under("majority")
        assert found is not None, "majority voting can always be fitted"
        return found

    def under(self, voting: str) -> RuleFit | None:
        """The support under a voting rule, fitted when it is first asked for; ``None`` if it cannot be."""
        key = (voting, self.chosen is self.honest)
        if key not in self.known:
            try:
                self.known[key] = fit_rule(voting, self.vectors, self.codes, self.labels, self.chosen, self.judge)
            except SettingError:
                self.known[key] = None
        return self.known[key]

    @property
    def scores(self) -> HeadScores:
        """The scores that rank the heads."""
        return self.rule.scores

    @property
    def ranking(self) -> tuple[Head, ...]:
        """Every head, best first."""
        return self.scores.ranking

    @property
    def dial(self) -> int:
        """How many heads vote, or under ``reliability`` for each label, as far as there are so many."""
        return min(self.n_kept, len(self.ranking))

    @property
    def kept(self) -> tuple[Head, ...]:
        """The heads that vote, best first."""
        return self.classifier.kept_heads_

    @property
    def chance(self) -> float:
        """The accuracy of always giving the label with the most examples."""
        return float(np.bincount(self.codes).max() / len(self.codes))

    @cached_property
    def vote(self) -> SupportVote:
        """The kept heads' vote on the examples."""
        return self.rule.vote(self.classifier)

    @property
    def sweep(self) -> npt.NDArray[np.int64]:
        """How many examples are right with the best 1, 2, ... heads."""
        return self.rule.sweep

    @cached_property
    def classifier(self) -> HeadClassifier:
        """The classifier that these settings make."""
        return self.rule.classifier(self.n_kept).measure_reach(self.vectors, self.codes)


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
        voting=project.voting,
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
