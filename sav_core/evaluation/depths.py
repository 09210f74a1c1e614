"""How good a classifier would be whose heads come from the first layers only, beside the time that stopping there saves.

    fits = leave_out_by_depth(HeadClassifier(20), support_vectors)     # every depth, every number of kept heads
    curve = fits.at(20, time_layers(backbone, example))                # seconds, where the model is at hand
    curve.accuracy[11], curve.time[11]                                 # with the first twelve layers

Accuracy is of examples left out, as everywhere: see ``leave_one_out``. A depth is how many layers, the first ones, heads
may come from; a forward for a query ends at the heads of the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import CancelledError
from sav_core.evaluation.leave_one_out import leave_out
from sav_core.evaluation.metrics import wilson_interval
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Cancel, HeadVectors

__all__ = ["DepthCurve", "DepthFits", "leave_out_by_depth"]


@dataclass(frozen=True, eq=False)
class DepthCurve:
    """Accuracy and time by depth, with one number of kept heads.

    Attributes:
        right: ``int (depth,)``, how many examples left out are right with the first 1, 2, ... layers.
        n: of how many.
        time: ``float64 (depth,)``, of the time of a forward through all layers, the share that one of that depth takes.
        timed: whether that was measured; else it is the share of the layers, and what stands before them is not counted.
    """

    right: npt.NDArray[np.int64]
    n: int
    time: npt.NDArray[np.float64]
    timed: bool

    def __repr__(self) -> str:
        return f"DepthCurve({len(self.right)} layers, as good as all from {self.enough} on)"

    @property
    def accuracy(self) -> npt.NDArray[np.float64]:
        """``float64 (depth,)``, share of the examples left out that are right."""
        share: npt.NDArray[np.float64] = self.right / self.n
        return share

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """95 % intervals of it, one for each depth."""
        return tuple(wilson_interval(int(count), self.n) for count in self.right)

    @property
    def enough(self) -> int:
        """The least number of layers with which as many are right as with all."""
        return 1 + int(np.flatnonzero(self.right >= self.right[-1])[0])


@dataclass(frozen=True, eq=False)
class DepthFits:
    """The same for every number of kept heads.

    Attributes:
        right: for each depth ``int (number of heads,)``, how many judged examples are right with 1, 2, ... heads.
        n: how many were judged.
    """

    right: tuple[npt.NDArray[np.int64], ...]
    n: int

    def at(self, n_kept: int, seconds: npt.ArrayLike | None = None) -> DepthCurve:
        """Return the curve when so many heads are kept, or all of a depth that has fewer.

        Args:
            n_kept: how many.
            seconds: of a forward of each depth, see ``time_layers``; without them time is the share of the layers.
        """
        right = np.array([counts[min(n_kept, len(counts)) - 1] for counts in self.right], dtype=np.int64)
        layers = len(right)
        whole = np.arange(1, layers + 1, dtype=np.float64) if seconds is None else np.asarray(seconds, dtype=np.float64)
        return DepthCurve(right, self.n, whole / whole[-1], seconds is not None)


def leave_out_by_depth(classifier: HeadClassifier, vectors: HeadVectors, *, cancel: Cancel | None = None) -> DepthFits:
    """Judge every support example without it, by heads of the first layer, of the first two, and so on.

    Args:
        classifier: whose settings are used; it is not changed and need not be fitted.
        vectors: of the support, with labels, of every layer that is asked about.
        cancel: asked between depths; true raises.

    Raises:
        CancelledError: ``cancel`` said so.
        SettingError, InputError: as ``leave_out``.
    """
    found = []
    for layer in range(vectors.geometry.layers):
        if cancel is not None and cancel():
            raise CancelledError("Stopped before every depth was judged.")
        found.append(leave_out(classifier, vectors.up_to(layer)))
    return DepthFits(tuple(fits.right for fits in found), len(found[0].rows))
