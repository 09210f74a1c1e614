"""Head vectors in, predictions out: keep the best heads and let them vote. Pure array maths; no model is known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sav_core.errors import InputError, SettingError
from sav_core.heads.calibration import Calibration
from sav_core.heads.fitted_heads import FittedHeads
from sav_core.heads.rejection import Reach, Rejection, label_radii
from sav_core.heads.rules import VotingRule, rule_named
from sav_core.heads.rules.rule import KeptHeads
from sav_core.heads.scoring import fit_heads
from sav_core.heads.support_checks import check_labels
from sav_core.heads.ties import ties_of
from sav_core.heads.voting import Ballot, Tally
from sav_core.types import Head, HeadVectors, MaxLayer, Prediction, Vote

__all__ = ["HeadClassifier"]


class HeadClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Sparse Attention Vectors on arrays (arXiv 2412.00142, section 3).

    Args:
        n_kept: how many of the best heads vote; all of them where the model has fewer. The paper's 20. Under
            ``reliability`` each label rests on so many, and all that any label rests on are kept.
        voting: name of the voting rule, see ``sav_core.heads.rules``.
        scoring: ``"resubstitution"`` (the paper) or ``"leave_one_out"`` (honest with few examples).
        belief: what ``reliability`` measures of a head: ``"margin"``, ``"probability"`` or ``"brier"``, see
            ``sav_core.heads.rules.reliability``. The other rules have no use for it.

    Attributes:
        classes_: ``str (label,)``, sorted.
        fitted_: the ``FittedHeads``.
        head_scores_: ``float64 (layer, head)``, each head's accuracy on the support.
        kept_heads_: the heads that vote, best first.
        calibration_: turns shares into probabilities; ``None`` until ``sav_core.evaluation.leave_one_out.calibrate`` has
        set it.
        reach_: how far out each label's farthest example lies; ``None`` where that is not known, see
            ``sav_core.heads.rejection``.
        rejection_: when the answer is "none of these"; ``None`` until ``calibrate`` has set it, and where no example can be
            left out.

    Example:
        >>> HeadClassifier(n_kept=20).fit(support_vectors).predict(query_vectors)[0].label  # doctest: +SKIP
        'cat'
    """

    def __init__(
        self, n_kept: int = 20, voting: str = "majority", scoring: str = "resubstitution", belief: str = "margin"
    ) -> None:
        self.n_kept = n_kept
        self.voting = voting
        self.scoring = scoring
        self.belief = belief

    def fit(
        self, vectors: HeadVectors, labels: Sequence[str] | None = None, *, rows: Sequence[int] | None = None
    ) -> HeadClassifier:
        """Score every head on the support and keep the best.

        Args:
            vectors: of the support.
            labels: one for each example; ``vectors.labels`` by default.
            rows: which of the examples to use; all by default. Removing one and fitting again takes milliseconds.

        Raises:
            SettingError: an argument of the constructor is out of its range.
            InputError: an example has no label, or there are fewer than two labels.
        """
        self.check_settings()
        used = np.arange(len(vectors)) if rows is None else np.asarray(rows, dtype=np.intp)
        names = vectors.labels if labels is None else tuple(labels)
        if len(names) != len(vectors):
            raise InputError(f"{len(vectors)} examples need as many labels, but {len(names)} were given.")
        chosen = check_labels([names[row] for row in used], [vectors.names[row] for row in used])
        classes, codes = np.unique(np.array(chosen), return_inverse=True)
        picked = None if rows is None else used
        nearest = fit_heads(vectors, codes, len(classes), scoring=self.scoring, rows=picked)
        rule, scores = self.rule.fit(vectors, codes, len(classes), nearest.scores, rows=picked)
        self._adopt(
            FittedHeads(
                labels=tuple(str(label) for label in classes),
                centroids=nearest.centroids,
                scores=scores,
                examples=tuple(int(count) for count in np.bincount(codes)),
                rule=rule,
                ties=ties_of(vectors.dtype),
                left_out=nearest.left_out,
            )
        )
        radii = label_radii(nearest.distances, codes)
        self.reach_: Reach | None = None if radii is None else Reach(tuple(radii.tolist()))
        return self

    @classmethod
    def from_fitted(
        cls,
        fitted: FittedHeads,
        n_kept: int = 20,
        voting: str = "majority",
        calibration: Calibration | None = None,
        belief: str = "margin",
        reach: Reach | None = None,
        rejection: Rejection | None = None,
    ) -> HeadClassifier:
        """Return a classifier that goes on from what an earlier fit found.

        Args:
            fitted: what it found.
            n_kept: how many heads vote.
            voting: the rule it was fitted for, or ``majority``, which every fit serves.
            calibration: of a classifier of that many heads and that rule.
            belief: what ``reliability`` measured of the heads.
            reach: of the labels' examples.
            rejection: of a classifier of that many heads and that rule.

        Raises:
            SettingError: a setting is out of its range, or the fit does not serve that rule.
        """
        classifier = cls(n_kept, voting, fitted.scores.scoring, belief)
        classifier.check_settings()
        if voting != fitted.rule.name:
            try:
                rule = classifier.rule.restore(fitted.rule.arrays(), fitted.centroids.shape)
            except ValueError as error:
                raise SettingError(
                    f"This classifier was not fitted for {voting} voting: fit it again with voting={voting!r}."
                ) from error
            fitted = replace(fitted, rule=rule)
        classifier._adopt(fitted)
        classifier.calibration_, classifier.reach_, classifier.rejection_ = calibration, reach, rejection
        return classifier

    def fit_within(self, vectors: HeadVectors, max_layer: MaxLayer = None) -> HeadVectors:
        """Fit on the vectors up to a layer, so that a forward for a query may end there.

        Args:
            vectors: of the support, with labels.
            max_layer: that layer; ``"kept"`` for the last that a head is kept in when all may be; ``None`` for the last.

        Returns:
            The vectors that it is fitted on.

        Raises:
            SettingError, InputError: as ``fit``.
        """
        if isinstance(max_layer, str):
            max_layer = max(head.layer for head in self.fit(vectors).kept_heads_)
        used = vectors if max_layer is None else vectors.up_to(max_layer)
        self.fit(used)
        return used

    def voting_with(self, heads: Sequence[Head], weights: npt.NDArray[np.float64] | None = None) -> HeadClassifier:
        """Return the same fit with these heads voting, best first, whatever their scores.

        Args:
            heads: which.
            weights: ``float64 (head, label)``, how much each counts; as the rule has it for them by default.
        """
        other = HeadClassifier.from_fitted(self.fitted_, len(heads), self.voting, belief=self.belief)
        other._keep(other.fitted_.rule.keep_all(tuple(heads)) if weights is None else KeptHeads(tuple(heads), weights))
        return other

    @property
    def depth(self) -> int:
        """How many layers, the first ones, its answers depend on: a forward for them may end there."""
        check_is_fitted(self)
        if self.reach_ is not None and self.reach_.every_head:  # closeness is measured with all of them
            return self.fitted_.geometry.layers
        return 1 + max(head.layer for head in self.kept_heads_)

    @property
    def head_weights_(self) -> npt.NDArray[np.float64] | None:
        """``float64 (head, label)``, how much each kept head counts for each label; ``None`` where all count alike."""
        return self._weights

    def predict(self, vectors: HeadVectors) -> list[Prediction]:
        """Let the kept heads vote on each example.

        Raises:
            sklearn.exceptions.NotFittedError: ``fit`` was not called.
            InputError: the vectors come from a model of another geometry.
        """
        similarities, opinions, ballot = self._judge(vectors)
        self.fitted_.check(vectors, self.depth)
        labels, probabilistic = self.fitted_.labels, self.fitted_.rule.probabilistic
        shares, margin, confidence = ballot.shares.tolist(), ballot.margin.tolist(), ballot.confidence.tolist()
        probability = None if self.calibration_ is None else self.calibration_.probabilities(ballot.shares)
        near = None if self.reach_ is None else self.fitted_.closeness(vectors, similarities, self.reach_)
        return [
            Prediction(
                label=labels[winner],
                shares=dict(zip(labels, shares[row], strict=True)),
                votes=tuple(
                    Vote(head, labels[code], float(similarities[row, place, code]))
                    for place, (head, code) in enumerate(zip(self.kept_heads_, ballot.votes[row], strict=True))
                ),
                similarities=similarities[row],
                margin=margin[row],
                confidence=confidence[row],
                name=vectors.names[row],
                probability=None if probability is None else float(probability[row, winner]),
                opinions=opinions[row] if probabilistic else None,
                closeness=None if near is None else float(near[row, winner]),
                none_below=None if self.rejection_ is None else self.rejection_.threshold,
                nearness=None if near is None else near[row],
            )
            for row, winner in enumerate(ballot.winner)
        ]

    def vote(self, vectors: HeadVectors, rows: Sequence[int] | None = None) -> Ballot:
        """Return what ``predict`` does as arrays, without a Prediction for each example: for many queries, many times.

        Args:
            vectors: of the queries.
            rows: which of them to judge, in this order; all by default.

        Raises:
            sklearn.exceptions.NotFittedError: ``fit`` was not called.
            InputError: the vectors come from a model of another geometry.
        """
        return self._judge(vectors, rows)[2]

    def sweep(self, vectors: HeadVectors, numbers: Sequence[int], rows: Sequence[int] | None = None) -> list[Ballot]:
        """Return the vote for several numbers of kept heads; every head looks at every query once for all of them.

        Args:
            vectors: of the queries.
            numbers: how many of the best heads vote, each at least one.
            rows: which of the queries to judge; all by default.
        """
        check_is_fitted(self)
        rule, scores, ties = self.fitted_.rule, self.fitted_.scores, self.fitted_.ties
        kept = [rule.keep(scores, number) for number in numbers]
        voting = {head for each in kept for head in each.heads}
        heads = tuple(head for head in scores.ranking if head in voting)
        _, opinions = self.fitted_.opinions(vectors, heads, rows)
        place = {head: number for number, head in enumerate(heads)}
        return [rule.count(opinions[:, [place[head] for head in each.heads]], each.weights, ties) for each in kept]

    def tally(self, vectors: HeadVectors, rows: Sequence[int] | None = None) -> Tally:
        """Return the vote for every number of kept heads. Arguments and errors are those of ``vote``."""
        check_is_fitted(self)
        ranking = self.fitted_.scores.ranking
        _, opinions = self.fitted_.opinions(vectors, ranking, rows)
        return self.fitted_.rule.tally(opinions, ranking, self.fitted_.ties)

    def _judge(
        self, vectors: HeadVectors, rows: Sequence[int] | None = None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Ballot]:
        """The kept heads' cosines and opinions ``(example, head, label)``, and the vote that comes of them."""
        check_is_fitted(self)
        similarities, opinions = self.fitted_.opinions(vectors, self.kept_heads_, rows)
        return similarities, opinions, self.fitted_.rule.count(opinions, self._weights, self.fitted_.ties)

    def score(self, vectors: HeadVectors, labels: Sequence[str] | None = None) -> float:
        """Return the share of the examples that get their own label."""
        truth = vectors.labels if labels is None else tuple(labels)
        answers = self.classes_[self.vote(vectors).winner]
        return float(np.mean([answer == label for answer, label in zip(answers, truth, strict=True)]))

    @property
    def rule(self) -> VotingRule:
        """The voting rule of these settings.

        Raises:
            SettingError: there is none of that name, or no such ``belief``.
        """
        return rule_named(self.voting, self.belief)

    def _adopt(self, fitted: FittedHeads) -> HeadClassifier:
        self.fitted_ = fitted
        self.classes_ = np.array(fitted.labels)
        self.head_scores_ = fitted.scores.accuracy
        self.calibration_: Calibration | None = None
        self.reach_ = None
        self.rejection_: Rejection | None = None
        self._keep(fitted.rule.keep(fitted.scores, self.n_kept))
        return self

    def _keep(self, kept: KeptHeads) -> None:
        self.kept_heads_, self._weights = kept

    def check_settings(self) -> None:
        """Refuse settings out of their range, as ``fit`` does, before any model runs.

        Raises:
            SettingError: ``n_kept``, ``voting`` or ``belief`` cannot be.
        """
        if isinstance(self.n_kept, bool) or not isinstance(self.n_kept, (int, np.integer)) or self.n_kept < 1:
            raise SettingError(f"n_kept must be a whole number from 1, but is {self.n_kept!r}.")
        rule_named(self.voting, self.belief)
