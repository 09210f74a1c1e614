"""The causal effects of all heads on a set of prompts: their mean, how sure it is, which heads lead, and their file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError, VectorFileError
from sav_core.evaluation.intervals import mean_intervals
from sav_core.files import write_atomically
from sav_core.notebook import SHOWN, card
from sav_core.types import Head
from sav_core.vectors.vector_file import VECTOR_FILE, read_vectors
from sav_core.wording import percent

__all__ = ["Effects", "read_partial", "write_partial"]

Means: TypeAlias = Mapping[str, npt.NDArray[np.float32]]
"""``float32 (layer, head, dim)`` of each relation."""

_ROUNDING = 1e-2  # of their length: as much as vectors move in bfloat16 when nothing but the batches differ
_FORMAT = "sav-explorer/effects/2"


@dataclass(frozen=True)
class Effects:
    """What patching each head alone did to the probability of the right first token.

    Attributes:
        changes: ``float32 (prompt, layer, head)``, patched minus unpatched.
        baseline: ``float32 (prompt,)``, the unpatched probability.
        relations: of each prompt.
        asked: how many prompts were asked for; more than there are when the work was cancelled.
    """

    changes: npt.NDArray[np.float32]
    baseline: npt.NDArray[np.float32]
    relations: tuple[str, ...]
    asked: int

    def __repr__(self) -> str:
        if not len(self.changes):
            return f"Effects(0 of {self.asked} prompts)"
        best = self.ranking[0]
        aie = self.aie()[best.layer, best.index]
        top = f"{percent(self.concentration())} of what helps in the leading 10"
        return f"Effects({len(self.changes)} of {self.asked} prompts, best {best} {aie:+.4f}, {top})"

    def _repr_html_(self) -> str:
        note = f"{len(self.changes)} of {self.asked} prompts of {', '.join(sorted(set(self.relations))) or 'no relation'}"
        if not len(self.changes):
            return card("No effects yet", note)
        aie, helped = self.aie(), (self.changes > 0).mean(0)
        rows = [
            (rank, head, f"{aie[head.layer, head.index]:+.4f}", percent(helped[head.layer, head.index]))
            for rank, head in enumerate(self.ranking[:SHOWN], start=1)
        ]
        return card("Leading heads", note, ("rank", "head", "average indirect effect", "prompts helped"), rows)

    @property
    def complete(self) -> bool:
        """Whether every prompt that was asked for is here."""
        return len(self.changes) == self.asked

    def of(self, relation: str) -> Effects:
        """Return the effects on the prompts of one relation.

        Raises:
            SettingError: there are none.
        """
        rows = [row for row, name in enumerate(self.relations) if name == relation]
        if not rows:
            raise SettingError(
                f"There are no effects on {relation!r}: choose among {', '.join(sorted(set(self.relations)))}."
            )
        return Effects(self.changes[rows], self.baseline[rows], (relation,) * len(rows), len(rows))

    def aie(self) -> npt.NDArray[np.float64]:
        """``float (layer, head)``, the average indirect effect of each head; every prompt counts the same.

        Raises:
            SettingError: there are no prompts, for the work was stopped before the first was done.
        """
        self._check()
        mean: npt.NDArray[np.float64] = self.changes.mean(0, dtype=np.float64)
        return mean

    def interval(
        self, confidence: float = 0.95, draws: int = 2000, seed: int = 0
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the bootstrap interval of the average effect over prompts: two arrays ``float (layer, head)``.

        Raises:
            SettingError: there are no prompts, as for ``aie``.
        """
        self._check()
        return mean_intervals(self.changes, seed, draws=draws, level=confidence)

    @cached_property
    def ranking(self) -> tuple[Head, ...]:
        """Every head, largest average effect first; equal ones by layer, then head."""
        aie = self.aie()
        order = np.lexsort((np.arange(aie.size), -aie.ravel()))
        return tuple(Head(*divmod(int(flat), aie.shape[1])) for flat in order)

    def concentration(self, top: int = 10) -> float:
        """Return the share of all positive effect that the top heads have; 0 when no effect is positive."""
        positive = np.sort(self.aie().clip(min=0), axis=None)[::-1]
        return float(positive[:top].sum() / positive.sum()) if positive.any() else 0.0

    def _check(self) -> None:
        if not len(self.changes):
            raise SettingError(
                f"There are no effects: 0 of {self.asked} prompts were done before the work stopped; let one finish."
            )


def write_partial(path: Path, run: str, effects: Effects, means: Means) -> None:
    """Keep the effects of a run that may go on, and the mean vectors they were measured with."""
    header = {"format": _FORMAT, "run": run, "relations": effects.relations, "asked": effects.asked, "means": list(means)}
    arrays = {"changes": effects.changes, "baseline": effects.baseline, "means": np.stack(list(means.values()))}
    write_atomically(path, VECTOR_FILE.content(arrays, json.dumps(header)))


def read_partial(path: Path, run: str, means: Means) -> tuple[Effects, Means] | None:
    """Return what a run has done so far and the mean vectors it did it with; ``None`` when it has not begun.

    Those vectors may differ from the ones given by rounding, as another batch size makes them, and by nothing else.

    Raises:
        SettingError: the file is another run's.
        VectorFileError: the file is damaged, or no file of effects.
    """
    if not path.exists():
        return None
    arrays, header = read_vectors(path, _FORMAT)
    try:
        kept = dict(zip(header["means"], arrays["means"], strict=True))
        found = Effects(arrays["changes"], arrays["baseline"], tuple(header["relations"]), header["asked"])
        same = header["run"] == run and _alike(kept, means)
    except (KeyError, TypeError, ValueError) as error:
        raise VectorFileError(
            f"{path} holds no usable effects ({error}): delete it, and they are measured anew."
        ) from error
    if not same:
        raise SettingError(
            f"{path} keeps the effects of another run (other prompts, model or mean vectors): name another file, or "
            "delete it."
        )
    return found, kept


def _alike(one: Means, other: Means) -> bool:
    return set(one) == set(other) and all(
        np.linalg.norm(one[name] - other[name]) <= _ROUNDING * np.linalg.norm(one[name]) for name in one
    )
