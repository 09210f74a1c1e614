"""What the kept heads say of a query and how far to believe them: array maths on vectors that the model gave once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.types import Head, HeadVectors, Prediction
from sav_ui.session.fit import Fit

__all__ = ["Answer", "answers", "percent", "threshold_of"]

_UNLIKE = 2 / 3  # half as far out again as the farthest example
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Answer:
    """What the page says of a query.

    Attributes:
        prediction: the kept heads' vote.
        code: the winner's number among the fit's labels.
        threshold: of the acceptance, below which the answer is "none of these"; 0 refuses nothing.
        single: whether the winner has one example, which does not show how much its pictures differ.
    """

    prediction: Prediction
    code: int
    threshold: float
    single: bool = False

    @property
    def probability(self) -> float | None:
        """How often such a vote is right, judged by the examples when left out; ``None`` if they cannot judge.

        Nor can they for what lies farther out than each of them, or is none of the labels.
        """
        return None if self.none or self.closeness < 1 else self.prediction.probability

    @property
    def acceptance(self) -> float:
        """The number that decides, and the one that is shown: the winner's share of the vote times its closeness."""
        return self.prediction.acceptance

    @property
    def none(self) -> bool:
        """Whether it is none of the labels."""
        return self.prediction.is_rejected(self.threshold)

    @property
    def closeness(self) -> float:
        """1 among the winner's examples, less the farther out, ``sav_core.heads.rejection``; 1 if unknown."""
        return 1.0 if self.prediction.closeness is None else self.prediction.closeness

    @property
    def unlike(self) -> bool:
        """Whether it lies far out: a word of warning beside the answer, which the threshold may take back or not."""
        return self.closeness < _UNLIKE

    @property
    def deciding(self) -> tuple[Head, ...]:
        """The heads that voted for the winner, best first."""
        return tuple(vote.head for vote in self.prediction.votes if vote.label == self.prediction.label)


def threshold_of(fit: Fit, wanted: float | None) -> float:
    """Return the threshold that decides: the visitor's, else what the examples taught, else 0, which refuses nothing."""
    if wanted is not None:
        return wanted
    learned = fit.classifier.rejection_
    return 0.0 if learned is None else learned.threshold


def percent(acceptance: float) -> int:
    """Return an acceptance or a threshold in whole per cent, never rounded up: so it reads as it is compared."""
    return math.floor(100 * acceptance + _ROUNDING)


def answers(fit: Fit, vectors: npt.NDArray[np.float32], wanted: float | None) -> list[Answer]:
    """Let the kept heads vote.

    Args:
        fit: whose heads vote.
        vectors: ``float32 (example, layer, head, dim)`` of the queries, made by the fit's model.
        wanted: the visitor's threshold; as learned from the examples where ``None``.
    """
    n, threshold = len(vectors), threshold_of(fit, wanted)
    predictions = fit.classifier.predict(HeadVectors(vectors, (None,) * n, ("",) * n, tuple(range(n)), n))
    codes = [fit.labels.index(prediction.label) for prediction in predictions]
    single = np.bincount(fit.codes, minlength=len(fit.labels)) == 1
    return [Answer(each, code, threshold, bool(single[code])) for each, code in zip(predictions, codes, strict=True)]
