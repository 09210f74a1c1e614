"""The support as a voting rule sees it: what ranks the heads, who votes, and what the vote makes of each example.

    rule = fit_rule("gaussian", vectors, codes, labels, chosen, judge)   # two HeadFits: see below
    rule.classifier(20)                                                  # what HeadClassifier(20, "gaussian").fit finds
    rule.vote(rule.classifier(20)).right                                 # of the examples, each left out
    rule.sweep[19]                                                       # the same for every number of heads

As in ``sav_core.insight`` the heads are chosen once, on all examples; what then votes on an example was made without it
wherever its label has another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_core.classifier import FittedHeads, HeadClassifier
from sav_core.gaussian import fit_gaussian, support_probabilities
from sav_core.heads import COSINE_DECIMALS, HeadFit
from sav_core.insight import SupportVote, pooled_sweep, pooled_vote, support_vote, vote_sweep
from sav_core.records import Head, HeadScores, HeadVectors
from sav_core.reliability import fit_reliability, scores_by_number, support_soft_votes
from sav_core.voting import check_voting

__all__ = ["RuleFit", "fit_rule"]


@dataclass(frozen=True)
class RuleFit:
    """What one voting rule makes of the support.

    Attributes:
        voting: its name.
        fitted: what a classifier of any number of heads goes on from.
        codes: ``int (example,)``, each example's label's number.
        predicted: ``int (example, layer, head)``, the label that each head gives each example.
        margins: ``float64 (example, layer, head)``, by how much it prefers the example's own label to the best other one.
        opinions: ``float64 (example, layer, head, label)``, what each head makes of each example; ``None`` under
            ``majority``, where a head has no opinion but its vote.
    """

    voting: str
    fitted: FittedHeads
    codes: npt.NDArray[np.intp]
    predicted: npt.NDArray[np.int32]
    margins: npt.NDArray[np.float64]
    opinions: npt.NDArray[np.float64] | None

    @property
    def scores(self) -> HeadScores:
        """What ranks the heads."""
        return self.fitted.scores

    def classifier(self, n_kept: int) -> HeadClassifier:
        """The classifier that keeps so many heads; under ``reliability`` so many for each label."""
        return HeadClassifier.from_fitted(self.fitted, n_kept, self.voting)

    def vote(self, classifier: HeadClassifier) -> SupportVote:
        """The vote on the examples by the heads that a classifier of this fit keeps."""
        kept, n_labels = classifier.kept_heads_, len(self.fitted.labels)
        if self.opinions is None:
            return support_vote(self.predicted, self.codes, n_labels, kept)
        return pooled_vote(_of(self.opinions, kept), self.codes, classifier.weights_)

    @cached_property
    def sweep(self) -> npt.NDArray[np.int64]:
        """``int (number of heads,)``: how many examples are right with 1, 2, ... heads."""
        ranking = self.scores.ranking
        if self.opinions is None:
            return vote_sweep(self.predicted, self.codes, len(self.fitted.labels), ranking)
        opinions = _of(self.opinions, ranking)
        if self.fitted.reliability is None:
            return pooled_sweep(opinions.cumsum(1), self.codes)
        layer, index = [head.layer for head in ranking], [head.index for head in ranking]
        return pooled_sweep(scores_by_number(opinions, self.fitted.reliability[layer, index]), self.codes)


def fit_rule(
    voting: str,
    vectors: HeadVectors,
    codes: npt.NDArray[np.intp],
    labels: tuple[str, ...],
    chosen: HeadFit,
    judge: HeadFit,
) -> RuleFit:
    """Fit a voting rule on a support whose heads have been scored already.

    Args:
        voting: name of the rule.
        vectors: of the support.
        codes: ``int (example,)``, each example's label's number.
        labels: sorted.
        chosen: the heads under the scoring that ranks them.
        judge: the heads under the scoring that judges the examples, ``leave_one_out`` wherever that can be.

    Raises:
        SettingError: there is no such rule, or it cannot be fitted on this support.
    """
    check_voting(voting)
    examples = tuple(int(count) for count in np.bincount(codes))
    fitted = FittedHeads(labels, chosen.centroids, chosen.scores, examples)
    if voting == "gaussian":
        discriminants = fit_gaussian(vectors, codes, len(labels), scoring=chosen.scores.scoring)
        opinions = support_probabilities(vectors, codes, len(labels), scoring=judge.scores.scoring)
        fitted = replace(fitted, scores=discriminants.scores, gaussian=discriminants.heads)
        return RuleFit(voting, fitted, codes, *_preferred(opinions, codes), opinions)
    if voting == "reliability":
        reliability = fit_reliability(vectors, codes, len(labels))
        scores = replace(chosen.scores, merit=reliability.mean(-1))
        opinions = support_soft_votes(vectors, codes, len(labels))
        fitted = replace(fitted, scores=scores, reliability=reliability)
        return RuleFit(voting, fitted, codes, judge.predicted, judge.margins, opinions)
    return RuleFit(voting, fitted, codes, judge.predicted, judge.margins, None)


def _preferred(
    opinions: npt.NDArray[np.float64], codes: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """The label that each opinion prefers, and the own label's lead over the best other one."""
    rounded = np.round(opinions, COSINE_DECIMALS)
    predicted = rounded.argmax(-1).astype(np.int32)
    each = np.arange(len(codes))
    own = rounded[each, :, :, codes].copy()
    rounded[each, :, :, codes] = -np.inf
    return predicted, own - rounded.max(-1)


def _of(opinions: npt.NDArray[np.float64], heads: tuple[Head, ...]) -> npt.NDArray[np.float64]:
    """``float64 (example, head, label)``, of these heads in their order."""
    return opinions[:, [head.layer for head in heads], [head.index for head in heads]]
