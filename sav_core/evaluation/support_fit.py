"""One voting rule fitted on one support, for every number of heads: what a slider over that number needs.

    fit = fit_support(vectors, voting="gaussian")
    fit.classifier(20)                    # HeadClassifier(20, "gaussian").fit(vectors), calibrated
    fit.left_out.at(20).accuracy          # the library's one left-out figure: see sav_core.evaluation.leave_one_out
    fit.own_answers                       # what each head alone gives each example

The rule is fitted once by ``HeadClassifier``; what another number of heads changes is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError
from sav_core.evaluation.acceptance import Acceptances, AcceptanceTrial, try_acceptance
from sav_core.evaluation.leave_one_out import LeftOutFits, leave_out
from sav_core.heads.calibration import Calibration, fit_temperature
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.fitted_heads import FittedHeads
from sav_core.heads.rules import OwnAnswers
from sav_core.types import Head, HeadScores, HeadVectors

__all__ = ["SupportFit", "fit_support", "head_confusion"]


@dataclass(frozen=True, eq=False)
class SupportFit:
    """What one voting rule makes of a support.

    Attributes:
        vectors: of the support.
        codes: ``int (example,)``, each example's label's number.
        base: the rule as it was fitted; its number of heads means nothing.
    """

    vectors: HeadVectors
    codes: npt.NDArray[np.intp]
    base: HeadClassifier

    @property
    def fitted(self) -> FittedHeads:
        """What a classifier of any number of heads goes on from."""
        return self.base.fitted_

    @property
    def voting(self) -> str:
        """The rule's name."""
        return str(self.base.voting)

    @property
    def scores(self) -> HeadScores:
        """What ranks the heads."""
        return self.fitted.scores

    @property
    def left_out(self) -> LeftOutFits | None:
        """The vote on each example without it; ``None`` where none can be left out, and ``why_not`` says why."""
        return self._left_out[0]

    @property
    def why_not(self) -> str:
        """Why no example can be left out; empty where they can."""
        return self._left_out[1]

    def calibration(self, n_kept: int) -> Calibration | None:
        """What turns the shares of so many heads into probabilities; ``None`` where no example can be left out."""
        if self.left_out is None:
            return None
        judged = self.left_out.at(n_kept)
        return fit_temperature(judged.shares, judged.codes)

    def acceptances(self, n_kept: int) -> Acceptances | None:
        """What so many heads give examples left out and strangers; ``None`` where no example can be left out."""
        return None if self.left_out is None else self._trial.at(n_kept)

    def classifier(self, n_kept: int) -> HeadClassifier:
        """The calibrated classifier that keeps so many heads; under ``reliability`` so many for each label."""
        tried = self.acceptances(n_kept)
        return HeadClassifier.from_fitted(
            self.fitted,
            n_kept,
            self.voting,
            self.calibration(n_kept),
            self.base.belief,
            self.base.reach_,
            None if tried is None else tried.learn(),
        )

    @cached_property
    def own_answers(self) -> OwnAnswers:
        """What each head alone gives each example."""
        scoring = "leave_one_out" if np.bincount(self.codes).max() > 1 else "resubstitution"
        return self.base.rule.own_answers(self.vectors, self.codes, len(self.fitted.labels), scoring=scoring)

    @cached_property
    def _trial(self) -> AcceptanceTrial:
        return try_acceptance(self.base, self.vectors, left_out=self.left_out)

    @cached_property
    def _left_out(self) -> tuple[LeftOutFits | None, str]:
        try:
            return leave_out(self.base, self.vectors), ""
        except SettingError as error:
            return None, str(error)


def fit_support(
    vectors: HeadVectors, *, voting: str = "majority", scoring: str = "resubstitution", belief: str = "margin"
) -> SupportFit:
    """Fit a voting rule on labelled vectors.

    Args:
        vectors: of the support.
        voting: name of the rule.
        scoring: what ranks the heads.
        belief: what ``reliability`` measures of them.

    Raises:
        SettingError: there is no such rule, or it cannot be fitted on this support.
        InputError: an example has no label, or there are fewer than two labels.
    """
    base = HeadClassifier(1, voting, scoring, belief).fit(vectors)
    codes = np.unique(np.array(vectors.labels, dtype=np.str_), return_inverse=True)[1]
    return SupportFit(vectors, codes, base)


def head_confusion(answers: OwnAnswers, codes: npt.NDArray[np.intp], n_labels: int, head: Head) -> npt.NDArray[np.int64]:
    """``int (label, label)``: rows the example's own label, columns what this head alone gives it."""
    confusion = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(confusion, (codes, answers.predicted[:, head.layer, head.index]), 1)
    return confusion
