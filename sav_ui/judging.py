"""What the kept heads say of a query and how far to believe them: array maths on vectors that the model gave once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.confidence import Calibration, fit_temperature
from sav_core.records import Head, HeadVectors, Prediction
from sav_ui.fitting import Fit

__all__ = ["Answer", "Judge"]

_UNLIKE = 2 / 3  # half as far out again as the farthest example: worth a word, whatever the threshold


@dataclass(frozen=True)
class Answer:
    """What the page says of a query.

    Attributes:
        prediction: the kept heads' vote.
        code: the winner's number among the fit's labels.
        probability: how often such a vote is right, judged by the fit's own examples; ``None`` if they cannot judge.
        threshold: of the winner's share times closeness, below which the answer is "none of these".
    """

    prediction: Prediction
    code: int
    probability: float | None
    threshold: float

    @property
    def confidence(self) -> float:
        """The winner's share of the vote."""
        return self.prediction.confidence

    @property
    def none(self) -> bool:
        """Whether it is none of the labels."""
        return self.prediction.doubted(self.threshold)

    @property
    def closeness(self) -> float:
        """1 among the winner's examples, less the farther out, see ``sav_core.abstention``; 1 where it is not known."""
        return 1.0 if self.prediction.closeness is None else self.prediction.closeness

    @property
    def unlike(self) -> bool:
        """Whether it lies far out: a word of warning beside the answer, which the threshold may take back or not."""
        return self.closeness < _UNLIKE

    @property
    def deciding(self) -> tuple[Head, ...]:
        """The heads that voted for the winner, best first."""
        return tuple(vote.head for vote in self.prediction.votes if vote.label == self.prediction.label)


@dataclass(frozen=True)
class Judge:
    """A fit and what its own examples, each left out, say of its votes.

    Attributes:
        fit: whose heads vote.
        calibration: turns shares of the vote into probabilities; ``None`` where no example can be left out.
    """

    fit: Fit
    calibration: Calibration | None

    @classmethod
    def of(cls, fit: Fit) -> Judge:
        """Judge a fit by its own examples."""
        judged = fit.vote.judged
        left_out = fit.honest is not None
        return cls(
            fit=fit,
            calibration=fit_temperature(fit.vote.shares[judged], fit.codes[judged]) if left_out else None,
        )

    def answers(self, vectors: npt.NDArray[np.float32], threshold: float) -> list[Answer]:
        """Let the kept heads vote.

        Args:
            vectors: ``float32 (example, layer, head, dim)`` of the queries, made by the fit's model.
            threshold: of share times closeness, below which the answer is "none of these".
        """
        n, labels = len(vectors), self.fit.labels
        predictions = self.fit.classifier.predict(HeadVectors(vectors, (None,) * n, ("",) * n, tuple(range(n)), n))
        codes = np.array([labels.index(prediction.label) for prediction in predictions], dtype=np.intp)
        shares = np.array([list(prediction.shares.values()) for prediction in predictions])
        sure = None if self.calibration is None else self.calibration.probabilities(shares)
        return [
            Answer(prediction, int(code), None if sure is None else float(sure[row, code]), threshold)
            for row, (prediction, code) in enumerate(zip(predictions, codes, strict=True))
        ]
