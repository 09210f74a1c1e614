"""When to say "none of these", learned from the support alone: its examples left out, and its labels held out.

    trial = try_acceptance(classifier, support_vectors)      # every number of kept heads
    tried = trial.at(20)
    tried.learn()                                            # Rejection(threshold=0.43, own=36, refused=2, ...)
    tried.cost(0.6)                                          # what another threshold would cost
    calibrate(classifier, support_vectors)                   # predictions carry a probability, and know when they are none

Two kinds of queries are known without asking anybody. Each example left out is a query of a taught label. And each label
left out whole makes its examples strangers: the rest of the labels must refuse them. Both are scored as any query is, by
``Prediction.acceptance``; heads, centroids, rule and reach know nothing of what they judge.

The threshold follows Neyman and Pearson (1933): one error is bounded, the other made as small as that allows. At most one
in ten of the examples may be refused; of the thresholds that keep to it those count that let the fewest strangers pass,
and of these the lowest is taken. Where it would refuse no stranger (there are none, or they look like examples), it is the
highest that keeps to the bound, which is the one-sided conformal rule of Vovk, Gammerman and Shafer (2005). Thresholds are
whole hundredths, so that what a page shows in per cent is what decides.

With two labels nothing can be fitted on the one that is left: strangers then count as if every head voted for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from sav_core.errors import SettingError
from sav_core.evaluation.leave_one_out import LeftOutFits, leave_out
from sav_core.heads.calibration import Calibration, fit_temperature
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rejection import Rejection, closeness, label_radii, radii_without_each
from sav_core.heads.scoring import fit_heads
from sav_core.heads.voting import Tally
from sav_core.types import HeadVectors

__all__ = ["AcceptanceTrial", "Acceptances", "calibrate", "try_acceptance"]

Array = npt.NDArray[np.float64]

MOST_REFUSED = 0.1
"""Share of the examples that the learned threshold may refuse."""

_STEPS = 100  # thresholds are whole hundredths
_NUMBERS = 200_000_000  # of vectors to fit on, all fits together: about ten seconds
_FEWEST_GROUPS = 4


@dataclass(frozen=True, eq=False)
class Acceptances:
    """What examples left out and strangers score with one number of kept heads.

    Attributes:
        own: ``float64 (judged,)``, acceptance of the examples that could be left out.
        strangers: ``float64 (stranger,)``, of the examples whose label was held out.
    """

    own: Array
    strangers: Array

    def cost(self, threshold: float) -> Rejection:
        """Return what a threshold costs."""
        refused, passed = int((self.own < threshold).sum()), int((self.strangers >= threshold).sum())
        return Rejection(threshold, len(self.own), refused, len(self.strangers), passed)

    def learn(self) -> Rejection:
        """Return the threshold that the module's rule chooses, with its cost."""
        costs = [self.cost(step / _STEPS) for step in range(_STEPS + 1)]
        allowed = [cost for cost in costs if cost.refused <= MOST_REFUSED * cost.own]
        fewest = min(cost.passed for cost in allowed)
        if fewest == len(self.strangers):
            return allowed[-1]
        return next(cost for cost in allowed if cost.passed == fewest)


@dataclass(frozen=True, eq=False)
class _Queries:
    """Queries with the votes on them and how far they are from each label; axes as in ``Tally``."""

    tally: Tally
    distances: Array  # (query, label)
    radii: Array  # (query, label)

    def acceptance(self, n_kept: int) -> Array:
        number = min(n_kept, self.tally.votes.shape[1])
        each, winner = np.arange(len(self.distances)), self.tally.winners[:, number - 1].astype(np.intp)
        near = closeness(self.distances[each, winner], self.radii[each, winner])
        accepted: Array = self.tally.shares(number)[each, winner] * near
        return accepted


@dataclass(frozen=True, eq=False)
class AcceptanceTrial:
    """The same for every number of kept heads.

    Attributes:
        own: the examples left out.
        strangers: for each label held out, its examples; a label that the others cannot be fitted without is missing.
    """

    own: _Queries
    strangers: tuple[_Queries, ...]

    def at(self, n_kept: int) -> Acceptances:
        """Return the scores when so many heads are kept."""
        strangers = [queries.acceptance(n_kept) for queries in self.strangers]
        return Acceptances(self.own.acceptance(n_kept), np.concatenate(strangers) if strangers else np.zeros(0))


def try_acceptance(
    classifier: HeadClassifier, vectors: HeadVectors, *, left_out: LeftOutFits | None = None
) -> AcceptanceTrial:
    """Score every support example as a query of its label, and as a stranger to the other labels.

    Args:
        classifier: whose settings are used; it is not changed and need not be fitted.
        vectors: of the support, with labels.
        left_out: what ``leave_out`` found of the same, where that is known already.

    Raises:
        SettingError: no label has two examples, or what is left can not be fitted.
        InputError: an example has no label.
    """
    fits = leave_out(classifier, vectors) if left_out is None else left_out
    names, codes = np.unique(np.array(vectors.labels, dtype=np.str_), return_inverse=True)
    distances = fit_heads(vectors, codes, len(names), scoring="resubstitution").distances
    radii = radii_without_each(vectors, codes, distances)[fits.rows]
    held_out = [_strangers(classifier, vectors, codes, distances, out) for out in _held_out(vectors, codes, len(names))]
    return AcceptanceTrial(_Queries(fits.tally, distances[fits.rows], radii), tuple(each for each in held_out if each))


def calibrate(classifier: HeadClassifier, vectors: HeadVectors) -> Calibration:
    """Learn from the support of a fitted classifier how sure and when not to answer, and let it use both.

    Returns:
        What turns its shares into probabilities; the threshold of "none of these" is its ``rejection_``.

    Raises:
        SettingError: no label has two examples.
        InputError: an example has no label.
    """
    fits = leave_out(classifier, vectors)
    judged = fits.at(classifier.n_kept)
    classifier.calibration_ = fit_temperature(judged.shares, judged.codes)
    classifier.rejection_ = try_acceptance(classifier, vectors, left_out=fits).at(classifier.n_kept).learn()
    return classifier.calibration_


def _strangers(
    classifier: HeadClassifier,
    vectors: HeadVectors,
    codes: npt.NDArray[np.intp],
    distances: Array,
    out: npt.NDArray[np.intp],
) -> _Queries | None:
    """The examples of some labels to a fit on the others; ``None`` where the others teach nothing."""
    rows, rest = np.flatnonzero(np.isin(codes, out)), np.flatnonzero(~np.isin(codes, out))
    present = np.unique(codes[rest])
    radii = label_radii(distances[rest][:, present], np.searchsorted(present, codes[rest]))
    if radii is None:
        return None
    if len(present) == 1:
        heads = vectors.geometry.layers * vectors.geometry.heads
        tally = Tally.of_votes(np.zeros((len(rows), heads), dtype=np.intp), 1)
    else:
        try:
            tally = clone(classifier).fit(vectors, rows=rest.tolist()).tally(vectors, rows.tolist())
        except SettingError:  # a rule or a scoring that needs two examples of a label, and these labels have one each
            return None
    return _Queries(tally, distances[rows][:, present], np.tile(radii, (len(rows), 1)))


def _held_out(vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int) -> list[npt.NDArray[np.intp]]:
    """Which labels are held out together: each alone as long as that is quick, else dealt out in groups."""
    affordable = max(_NUMBERS // max(1, vectors.values.size), _FEWEST_GROUPS)
    groups = min(n_labels, affordable)
    return [np.arange(first, n_labels, groups) for first in range(groups)]
