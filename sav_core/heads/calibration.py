"""From shares of the vote to probabilities.

    calibration = fit_temperature(shares, codes)             # shares of the support's examples, each judged when left out
    probability = calibration.probabilities(query_shares)    # float64 (example, label), rows sum to 1

A share of the vote is no probability: twenty heads that agree on one label are wrong more often than never. One number, the
temperature, turns shares into probabilities (Guo et al. 2017, arXiv 1706.04599, section 4.2), fitted on examples that were
no part of what judged them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from sav_core.errors import InputError

__all__ = ["SHARE_FLOOR", "Calibration", "fit_temperature"]

SHARE_FLOOR = 0.01
"""Added to every share before its logarithm is taken: a label that no head names is unlikely, not impossible."""

_SHARPEST, _FLATTEST = 1e-2, 1e2  # temperatures: the range that is searched
_STEPS = 60  # of bisection: by then the interval is as narrow as a double can tell


@dataclass(frozen=True)
class Calibration:
    """Turns shares of the vote into probabilities.

    Attributes:
        temperature: above 1 the vote sounds surer than it is, below 1 it is surer than it sounds.
        n: on how many examples it was fitted.
    """

    temperature: float
    n: int

    def probabilities(self, shares: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return ``float64 (example, label)``: ``softmax(log(share + floor) / temperature)``, the order of labels kept.

        Args:
            shares: ``float (example, label)``, rows sum to 1.
        """
        probabilities: npt.NDArray[np.float64] = softmax(_logits(shares) / self.temperature, axis=-1)
        return probabilities


def fit_temperature(shares: npt.NDArray[np.floating], codes: npt.NDArray[np.intp]) -> Calibration:
    """Find the temperature under which the true labels are likeliest.

    The log-likelihood is concave in one over the temperature, so its slope has one zero, found by bisection. The targets
    are smoothed as in Platt (1999): the true label counts ``(n + 1) / (n + 2)`` and the others share the rest, so that a
    few examples that are all right do not make every answer certain.

    Args:
        shares: ``float (example, label)``, of examples that had no part in what judged them.
        codes: ``int (example,)``, the true labels' numbers.

    Raises:
        InputError: there are no examples.
    """
    examples, labels = shares.shape
    if not examples:
        raise InputError("A temperature needs at least one left-out example to be fitted on: give a label two examples.")
    logits = _logits(shares)
    target = np.full(shares.shape, 1.0 / (examples + 2) / (labels - 1))
    target[np.arange(examples), codes] = (examples + 1) / (examples + 2)
    wanted = float((target * logits).sum())
    low, high = np.log(1 / _FLATTEST), np.log(1 / _SHARPEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        slope = wanted - float((softmax(np.exp(middle) * logits, axis=-1) * logits).sum())
        low, high = (middle, high) if slope > 0 else (low, middle)
    return Calibration(temperature=float(np.exp(-(low + high) / 2)), n=examples)


def _logits(shares: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    logits: npt.NDArray[np.float64] = np.log(np.asarray(shares, dtype=np.float64) + SHARE_FLOOR)
    return logits
