"""A project and its head vectors to the library's fit, which answers a slider at once; no model is known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError
from sav_core.evaluation.acceptance import Acceptances
from sav_core.evaluation.leave_one_out import LeftOut
from sav_core.evaluation.support_fit import SupportFit, fit_support
from sav_core.evaluation.switched_off import SwitchedOff
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import DEFAULT_RULE
from sav_core.types import Head, HeadScores, HeadVectors
from sav_ui.session.project import Item, Project

__all__ = ["Fit", "fit_project", "gather"]


@dataclass(frozen=True)
class Fit:
    """What the support says of every head, under the project's settings.

    Attributes:
        items: the examples, in the order of the rows.
        labels: the labels' names, sorted; ``label_ids`` are their identities in the same order.
        codes: ``int (example,)``, each example's label's number.
        read: of the examples, the vectors of every layer.
        wanted: what is to rank the heads, one of ``sav_core.heads.scoring.SCORINGS``; ``scoring`` is what does.
        n_kept: how many vote; under ``reliability`` for each label.
        voting: how their votes are counted, one of ``sav_core.heads.rules.VOTING_RULES``.
        max_layer: the last layer that heads come from; ``None`` for the model's last.
        off: heads that the visitor has switched off, to see what the others do without them.
        known: rules as the library fitted them, by name, scoring and last layer; shared with the fits of other settings.
    """

    items: tuple[Item, ...]
    labels: tuple[str, ...]
    label_ids: tuple[str, ...]
    codes: npt.NDArray[np.intp]
    read: HeadVectors
    wanted: str
    n_kept: int
    voting: str = DEFAULT_RULE
    max_layer: int | None = None
    off: tuple[Head, ...] = ()
    known: dict[tuple[str, str, int | None], SupportFit | None] = field(default_factory=dict, repr=False, compare=False)
    _within: dict[int, HeadVectors] = field(default_factory=dict, repr=False, compare=False)
    _without: dict[str, SwitchedOff] = field(default_factory=dict, repr=False, compare=False)  # the latest, for sliders

    @property
    def held_bytes(self) -> int:
        """Of the vectors, and of what each rule that was fitted holds for every head."""
        rules = [rule for rule in list(self.known.values()) if rule is not None]
        return self.read.values.nbytes + sum(rule.fitted.centroids.nbytes for rule in rules)

    @property
    def vectors(self) -> HeadVectors:
        """Those of the layers that heads come from."""
        if self.max_layer is None:
            return self.read
        return self._within.setdefault(self.max_layer, self.read.up_to(self.max_layer))

    @property
    def depth(self) -> int:
        """How many layers heads come from, the first ones."""
        return self.vectors.geometry.layers

    def within(self, max_layer: int | None) -> Fit:
        """The same with heads of the layers up to that one alone; what was fitted for other layers is let go."""
        for key in [key for key in self.known if key[2] not in (None, max_layer)]:
            self.known.pop(key, None)
        layers = self.read.geometry.layers if max_layer is None else max_layer + 1
        return replace(self, max_layer=max_layer, off=tuple(head for head in self.off if head.layer < layers))

    @property
    def can_leave_out(self) -> bool:
        """Whether some label has another example when one is left out."""
        return bool(np.bincount(self.codes).max() > 1)

    @property
    def scoring(self) -> str:
        """What ranks the heads: as wanted, where every label has one example on the examples that made the centroids."""
        return self.wanted if self.can_leave_out else "resubstitution"

    @property
    def rule(self) -> SupportFit:
        """The support under the voting rule; under the default where that rule cannot be fitted."""
        found = self.under(self.voting) or self.under(DEFAULT_RULE)
        assert found is not None, "the default rule can always be fitted"
        return found

    def under(self, voting: str) -> SupportFit | None:
        """The support under a voting rule, fitted when it is first asked for; ``None`` if it cannot be."""
        key = (voting, self.scoring, self.max_layer)
        if key not in self.known:
            try:
                self.known[key] = fit_support(self.vectors, voting=voting, scoring=self.scoring)
            except SettingError:
                self.known[key] = None
        return self.known[key]

    @property
    def whole(self) -> Fit:
        """The same with every head on: what is saved, and what others measure."""
        return replace(self, off=()) if self.off else self

    @property
    def _voters(self) -> SupportFit | SwitchedOff:
        """What votes: the support under the rule, without the heads that are off."""
        if not self.off:
            return self.rule
        known = self._without.get("latest")
        if known is None or known.whole is not self.rule or known.off != self.off:
            known = self._without["latest"] = SwitchedOff(self.rule, self.off)
        return known

    @property
    def number(self) -> int:
        """How many heads vote, or under ``reliability`` for each label, of those that are on."""
        voters = self._voters
        return voters.number(self.dial) if isinstance(voters, SwitchedOff) else self.dial

    def prepared(self) -> Fit:
        """The same fit, when all that its figures rest on has been worked out: what takes long, so not under a lock."""
        if self.left_out is not None:
            self.classifier  # noqa: B018  # with its calibration
        return self

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
    def left_out(self) -> LeftOut | None:
        """The vote on each example by a classifier of these settings that never saw it; ``None`` where none can be out."""
        found = self._voters.left_out
        return None if found is None else found.at(self.number)

    @property
    def sweep(self) -> npt.NDArray[np.int64] | None:
        """``int (number of heads,)``, how many examples are right when left out, with the best 1, 2, ... heads."""
        found = self._voters.left_out
        return None if found is None else found.right

    @cached_property
    def acceptances(self) -> Acceptances | None:
        """What examples left out and strangers score; ``None`` where no example can be left out."""
        return self._voters.acceptances(self.dial)

    @cached_property
    def classifier(self) -> HeadClassifier:
        """The calibrated classifier that these settings make."""
        return self._voters.classifier(self.dial)


def fit_project(project: Project, vectors: HeadVectors) -> Fit:
    """Make ready to fit a project's examples; each rule is fitted when it is first asked for.

    Args:
        project: two labels or more with examples.
        vectors: of ``project.examples()``, in their order.
    """
    used = {item.label for item in project.items}
    labels = sorted((label for label in project.labels if label.id in used), key=lambda label: label.name)
    number = {label.id: code for code, label in enumerate(labels)}
    return Fit(
        items=project.items,
        labels=tuple(label.name for label in labels),
        label_ids=tuple(label.id for label in labels),
        codes=np.array([number[item.label] for item in project.items], dtype=np.intp),
        read=vectors,
        wanted=project.scoring,
        n_kept=project.n_kept,
        voting=project.voting,
        max_layer=project.max_layer,
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
