"""What the steps of a training tell, put together only when it is asked for: a GPU is not waited for meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

__all__ = ["Tally", "Told"]


@dataclass(frozen=True, eq=False)
class Told:
    """Values `(name,)` on whatever device made them; a name may stand more than once."""

    names: Sequence[str]
    values: torch.Tensor

    @classmethod
    def one(cls, name: str, value: torch.Tensor) -> "Told":
        """A single value."""
        return cls((name,), value.detach().reshape(1))


class Tally:
    """Means by name of what was told since it was made."""

    def __init__(self) -> None:
        self._told: list[Told] = []

    def add(self, told: Sequence[Told]) -> None:
        """Take in what a step told."""
        self._told += told

    def means(self) -> dict[str, float]:
        """The mean of all values of each name."""
        values: dict[str, list[float]] = {}
        for told in self._told:
            for name, value in zip(told.names, told.values.tolist(), strict=True):
                values.setdefault(name, []).append(value)
        return {name: round(sum(each) / len(each), 3) for name, each in values.items()}
