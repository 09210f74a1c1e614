"""What a way to answer takes, to stand beside how well it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

__all__ = ["Cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took to learn, and to answer the test set.

    Attributes:
        examples: labelled, that it learnt from or was shown in its prompt.
        seconds: of learning and of answering, on this machine.
        peak_bytes: the most memory that was in use meanwhile: the GPU's, or the process's where the model runs on a CPU;
            0 where that was not measured.
        trained: how many numbers were trained; means and choices of heads are not trained.
    """

    examples: int
    seconds: float
    peak_bytes: int
    trained: int = 0

    def and_then(self, more: Cost) -> Cost:
        """Return what both take, one after the other."""
        return Cost(
            max(self.examples, more.examples),
            self.seconds + more.seconds,
            max(self.peak_bytes, more.peak_bytes),
            self.trained + more.trained,
        )

    def as_dict(self) -> Mapping[str, float]:
        """Return the fields as JSON values."""
        return asdict(self)
