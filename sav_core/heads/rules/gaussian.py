"""The ``gaussian`` voting rule: every head is a linear discriminant, and the kept heads' probabilities are averaged.

Head Ensemble Classifiers, HEC-V (arXiv 2603.24181), whose estimate is that of Wang et al. (ICLR 2024, arXiv 2402.04087):
a head's vectors are brought to length one; the labels are Gaussians with means of their own and one covariance S for all,

    P = d ((n - 1) S + tr(S) I)^-1                              d numbers in a vector, n support examples
    logit of label c = x' P m_c - m_c' P m_c / 2 + log(1 / labels)
    probabilities = softmax(logits / 10)

and a head's ranking score is the mean probability it gives the true labels of the support. In ``leave_one_out`` scoring
each example is taken out of its label's mean and out of S, by a closed form: one eigendecomposition a head serves all.

Where no label has two examples that differ by more than the model's precision (``sav_core.heads.ties``) there is no spread
to measure; the identity then stands for the bracket, so that the nearest mean wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from sav_core.heads.chunks import Points, map_chunks
from sav_core.heads.rules.rule import FittedRule, OwnAnswers, VotingRule, needed
from sav_core.heads.scoring import judged_examples
from sav_core.heads.ties import Ties, ties_of
from sav_core.types import Head, HeadScores, HeadVectors, at_heads

__all__ = ["Gaussian", "GaussianFit", "GaussianHeads", "fit_gaussian", "support_probabilities"]

TEMPERATURE = 10.0


@dataclass(frozen=True)
class GaussianHeads(FittedRule):
    """Every head as a linear function of its vector's direction.

    Attributes:
        weights: ``float64 (layer, head, label, dim)``, ``P m_c``.
        offsets: ``float64 (layer, head, label)``, ``- m_c' P m_c / 2`` and the log prior.
    """

    name: ClassVar[str] = "gaussian"
    weights: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.float64]

    def opinions(
        self, points: npt.NDArray[np.floating], similarities: npt.NDArray[np.float64], heads: tuple[Head, ...]
    ) -> npt.NDArray[np.float64]:
        """The labels' probabilities: ``float64 (example, head, label)``, rows sum to 1."""
        unit = _unit(np.asarray(points, dtype=np.float64).transpose(1, 0, 2))
        logits = _logits(unit, self.weights[at_heads(heads)], self.offsets[at_heads(heads)])
        return _probabilities(logits).transpose(1, 0, 2)

    def arrays(self) -> dict[str, npt.NDArray[np.float64]]:
        """The discriminants."""
        return {"gaussian_weights": self.weights, "gaussian_offsets": self.offsets}


@dataclass(frozen=True)
class Gaussian(VotingRule):
    """Every head a linear discriminant; their probabilities are averaged."""

    name: ClassVar[str] = "gaussian"
    summary: ClassVar[str] = "the mean of the heads' probabilities, each under Gaussians of one covariance"
    explanation: ClassVar[str] = (
        "Each head gives every label a probability, by the examples' means and spread; their mean decides."
    )

    def fit(
        self,
        vectors: HeadVectors,
        codes: npt.NDArray[np.intp],
        n_labels: int,
        nearest: HeadScores,
        *,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> tuple[FittedRule, HeadScores]:
        """Give every head its discriminant, and rank the heads by the probability of the true label."""
        fit = fit_gaussian(vectors, codes, n_labels, scoring=nearest.scoring, rows=rows)
        return fit.heads, fit.scores

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], shape: tuple[int, int, int, int]) -> FittedRule:
        """Take the discriminants from a file."""
        return GaussianHeads(*needed(arrays, self.name, {"gaussian_weights": shape, "gaussian_offsets": shape[:3]}))

    def own_answers(self, vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int, *, scoring: str) -> OwnAnswers:
        """What each head's discriminant gives the support's own examples."""
        opinions = support_probabilities(vectors, codes, n_labels, scoring=scoring)
        rounded, each = ties_of(vectors.dtype).round(opinions), np.arange(len(codes))
        predicted = rounded.argmax(-1).astype(np.int32)
        own = rounded[each, :, :, codes].copy()
        rounded[each, :, :, codes] = -np.inf
        return OwnAnswers(predicted, own - rounded.max(-1))


@dataclass(frozen=True)
class GaussianFit:
    """What one pass over the support makes of every head.

    Attributes:
        heads: their discriminants.
        scores: of the heads; ``ranking_score`` is the mean probability of the true label, ``margin`` that less the best
            other's.
        predicted: ``int (example, layer, head)``, the label's number that each head gives each support example.
    """

    heads: GaussianHeads
    scores: HeadScores
    predicted: npt.NDArray[np.int32]


def fit_gaussian(
    vectors: HeadVectors,
    codes: npt.NDArray[np.intp],
    n_labels: int,
    *,
    scoring: str = "resubstitution",
    rows: npt.NDArray[np.intp] | None = None,
) -> GaussianFit:
    """Give every head its discriminant and its score.

    Args:
        vectors: the support's head vectors.
        codes: ``int (example,)``, each used example's label as a number from 0; every number occurs.
        n_labels: how many labels there are, two or more.
        scoring: one of ``heads.SCORINGS``.
        rows: which of the vectors to use, in the order of ``codes``; all by default.

    Raises:
        SettingError: the scoring is unknown, or ``leave_one_out`` has no label with two examples.
    """
    judged = judged_examples(codes, n_labels, scoring)
    membership = (codes == np.arange(n_labels)[:, None]).astype(np.float64)
    layers, heads, dim = vectors.geometry.shape
    each, ties = np.arange(len(codes)), ties_of(vectors.dtype)

    def work(points: Points) -> tuple[npt.NDArray[np.float64], ...]:
        unit = _unit(points.transpose(1, 0, 2))  # (head, example, dim)
        spread = _Spread(unit, codes, membership, ties)
        weights, offsets = spread.discriminant()
        logits = spread.left_out_logits() if scoring == "leave_one_out" else _logits(unit, weights, offsets)
        probability = ties.round(_probabilities(logits))  # (head, example, label)
        predicted = probability.argmax(-1)
        own = probability[:, each, codes]
        probability[:, each, codes] = -np.inf
        return weights, offsets, predicted, own, own - probability.max(-1)

    weights, offsets, predicted, own, margin = map(np.concatenate, zip(*map_chunks(vectors, work, rows), strict=True))
    weights = np.ascontiguousarray(weights)  # as a file gives it back: another layout is another order of summing
    scores = HeadScores(
        correct=((predicted == codes) & judged).sum(1).reshape(layers, heads),
        margin=ties.mean(ties.units(margin[:, judged]).sum(1), judged.sum()).reshape(layers, heads),
        scored=int(judged.sum()),
        scoring=scoring,
        ranking_score=ties.mean(ties.units(own[:, judged]).sum(1), judged.sum()).reshape(layers, heads),
    )
    return GaussianFit(
        heads=GaussianHeads(weights.reshape(layers, heads, n_labels, dim), offsets.reshape(layers, heads, n_labels)),
        scores=scores,
        predicted=predicted.astype(np.int32).T.reshape(len(codes), layers, heads),
    )


def support_probabilities(
    vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int, *, scoring: str
) -> npt.NDArray[np.float64]:
    """What every head makes of the support's own examples: ``float64 (example, layer, head, label)``, rows sum to 1.

    Under ``leave_one_out`` each example is out of what judges it; a label's only example cannot be, and its row means
    nothing. Arguments are those of ``fit_gaussian``.
    """
    membership = (codes == np.arange(n_labels)[:, None]).astype(np.float64)
    ties = ties_of(vectors.dtype)

    def work(points: Points) -> npt.NDArray[np.float64]:
        unit = _unit(points.transpose(1, 0, 2))
        spread = _Spread(unit, codes, membership, ties)
        logits = spread.left_out_logits() if scoring == "leave_one_out" else _logits(unit, *spread.discriminant())
        return _probabilities(logits)

    by_head = np.concatenate(map_chunks(vectors, work))  # (head of any layer, example, label)
    return by_head.transpose(1, 0, 2).reshape(len(codes), *vectors.geometry.shape[:2], n_labels)


class _Spread:
    """Means and common spread of some heads' unit vectors; every array begins with the head axis."""

    def __init__(
        self,
        unit: npt.NDArray[np.float64],
        codes: npt.NDArray[np.intp],
        membership: npt.NDArray[np.float64],
        ties: Ties,
    ) -> None:
        self.unit, self.codes = unit, codes  # (head, example, dim)
        self.noise = ties.step  # of an example's squared distance to its mean
        self.counts = membership.sum(1)
        self.means = np.matmul(membership, unit) / self.counts[:, None]  # (head, label, dim)
        self.off = unit - self.means[:, codes]  # (head, example, dim), each example less its label's mean
        self.scatter = np.matmul(self.off.transpose(0, 2, 1), self.off)  # (head, dim, dim), (n - 1) S
        self.total = np.einsum("hed,hed->h", self.off, self.off)  # its trace

    def discriminant(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Weights ``(head, label, dim)`` and offsets ``(head, label)``."""
        examples, dim = self.unit.shape[1:]
        flat = self.total < examples * self.noise
        bracket = np.where(flat[:, None, None], 0.0, self.scatter)
        ridge = np.where(flat, 1.0, self.total / max(examples - 1, 1))
        bracket[:, np.arange(dim), np.arange(dim)] += ridge[:, None]
        weights = dim * np.linalg.solve(bracket, self.means.transpose(0, 2, 1)).transpose(0, 2, 1)
        offsets = -np.einsum("hcd,hcd->hc", weights, self.means) / 2 - np.log(len(self.counts))
        return weights, offsets

    def left_out_logits(self) -> npt.NDArray[np.float64]:
        """What each example's label would be without it: ``(head, example, label)``.

        Without example x of label c, of which there are k, with u = x - m_c: the scatter falls by ``k / (k - 1) u u'`` and
        the mean moves by ``- u / (k - 1)``. In the scatter's eigenbasis the ridge is a number added to each eigenvalue and
        the rank-one fall is Sherman and Morrison's (1950).
        """
        examples, dim = self.unit.shape[1:]
        each, codes = np.arange(examples), self.codes
        others = np.maximum(self.counts[codes] - 1, 1)  # a label's only example is not judged: any number will do
        fall = (self.counts[codes] / others)[None]  # (1, example)
        total = self.total[:, None] - fall * np.einsum("hed,hed->he", self.off, self.off)
        flat = total < (examples - 1) * self.noise  # (head, example)

        values, basis = np.linalg.eigh(self.scatter)
        x, u, means = np.matmul(self.unit, basis), np.matmul(self.off, basis), np.matmul(self.means, basis)
        ridge = np.where(flat, 1.0, total / max(examples - 2, 1))
        inverse = 1.0 / (np.where(flat[..., None], 0.0, np.maximum(values, 0.0)[:, None]) + ridge[..., None])
        by_label = means.transpose(0, 2, 1)
        xm = np.matmul(x * inverse, by_label)  # x' B m_c, (head, example, label)
        mm = np.matmul(inverse, by_label**2)  # m_c' B m_c
        um = np.matmul(u * inverse, by_label)  # u' B m_c
        ux, uu = np.einsum("hed,hed->he", u * inverse, x), np.einsum("hed,hed->he", u * inverse, u)

        own = (slice(None), each, codes)
        mm[own] += -2 * um[own] / others + uu / others**2
        xm[own] -= ux / others
        um[own] -= uu / others
        gain = np.where(flat, 0.0, fall / np.where(flat, 1.0, 1.0 - fall * uu))[..., None]
        logits: npt.NDArray[np.float64] = dim * (xm + gain * ux[..., None] * um - (mm + gain * um**2) / 2)
        logits -= np.log(len(self.counts))
        return logits


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: npt.NDArray[np.float64] = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit


def _logits(
    unit: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], offsets: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Discriminants on unit vectors ``(head, example, dim)``: ``float64 (head, example, label)``."""
    logits: npt.NDArray[np.float64] = np.matmul(unit, weights.transpose(0, 2, 1)) + offsets[:, None]
    return logits


def _probabilities(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = softmax(logits / TEMPERATURE, axis=-1)
    return shares
