"""What the kept heads say of a query and how far to believe them: array maths on vectors that the model gave once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.abstention import closeness, support_reach
from sav_core.confidence import Calibration, fit_temperature
from sav_core.records import Head, HeadVectors, Prediction
from sav_ui.fitting import Fit

__all__ = ["Answer", "Judge"]

_UNLIKE = 2 / 3  # half as far out again as the farthest example


@dataclass(frozen=True)
class Answer:
    """What the page says of a query.

    Attributes:
        prediction: the kept heads' vote.
        code: the winner's number among the fit's labels.
        probability: how often such a vote is right, judged by the fit's own examples; ``None`` if they cannot judge.
        closeness: 1 among the winner's examples, less the farther out: see ``sav_core.abstention``.
        threshold: of confidence, below which the answer is "none of these".
    """

    prediction: Prediction
    code: int
    probability: float | None
    closeness: float
    threshold: float

    @property
    def confidence(self) -> float:
        """The winner's share of the vote."""
        return self.prediction.confidence

    @property
    def none(self) -> bool:
        """Whether it is none of the labels."""
        return self.confidence < self.threshold

    @property
    def unlike(self) -> bool:
        """Whether it lies so far out that it may be none of the labels, however the heads vote."""
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
        reach: ``float64 (label,)``, how far out each label's farthest example lies.
    """

    fit: Fit
    calibration: Calibration | None
    reach: npt.NDArray[np.float64]

    @classmethod
    def of(cls, fit: Fit) -> Judge:
        """Judge a fit by its own examples."""
        judged = fit.vote.judged
        left_out = fit.honest is not None
        return cls(
            fit=fit,
            calibration=fit_temperature(fit.vote.shares[judged], fit.codes[judged]) if left_out else None,
            reach=support_reach(fit.vectors, fit.codes, len(fit.labels), fit.kept),
        )

    def answers(self, vectors: npt.NDArray[np.float32], threshold: float) -> list[Answer]:
        """Let the kept heads vote.

        Args:
            vectors: ``float32 (example, layer, head, dim)`` of the queries, made by the fit's model.
            threshold: of confidence, below which the answer is "none of these".
        """
        n, labels = len(vectors), self.fit.labels
        predictions = self.fit.classifier.predict(HeadVectors(vectors, (None,) * n, ("",) * n, tuple(range(n)), n))
        codes = np.array([labels.index(prediction.label) for prediction in predictions], dtype=np.intp)
        near = closeness(np.stack([prediction.similarities for prediction in predictions]), codes, self.reach)
        shares = np.array([list(prediction.shares.values()) for prediction in predictions])
        sure = None if self.calibration is None else self.calibration.probabilities(shares)
        return [
            Answer(prediction, int(code), None if sure is None else float(sure[row, code]), float(near[row]), threshold)
            for row, (prediction, code) in enumerate(zip(predictions, codes, strict=True))
        ]
