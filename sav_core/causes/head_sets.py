"""Which heads are switched off: the kept ones, and the others whose loss theirs is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError
from sav_core.types import Geometry, Head

__all__ = ["ALL_BUT_KEPT", "CONDITIONS", "KEPT", "NOTHING", "RANDOM", "WORST", "HeadSets", "choose_heads"]

NOTHING, KEPT, RANDOM, WORST, ALL_BUT_KEPT = "nothing", "kept", "random", "worst", "all_but_kept"

CONDITIONS = (NOTHING, KEPT, RANDOM, WORST, ALL_BUT_KEPT)
"""By the one name each has: in JSON, on the page and in reports."""

_DRAWS = 20


@dataclass(frozen=True)
class HeadSets:
    """The sets of heads that are switched off, one after the other.

    Attributes:
        sets: by condition one set of heads, of ``random`` one for each draw. There is no ``worst`` where no ranking was
            given, and none of ``worst`` and ``all_but_kept`` where every head is kept.
        geometry: of the model.
        seed: of the draws.
    """

    sets: dict[str, tuple[tuple[Head, ...], ...]]
    geometry: Geometry
    seed: int

    def __repr__(self) -> str:
        return f"HeadSets({', '.join(f'{len(own)} x {len(own[0])} {name}' for name, own in self.sets.items())})"

    @property
    def kept(self) -> tuple[Head, ...]:
        """The heads that it is about."""
        return self.sets[KEPT][0]

    @property
    def rows(self) -> dict[str, slice]:
        """For each condition where it stands among all sets, one after the other."""
        ends = np.cumsum([len(own) for own in self.sets.values()]).tolist()
        return {name: slice(end - len(own), end) for (name, own), end in zip(self.sets.items(), ends, strict=True)}

    def off(self) -> npt.NDArray[np.bool_]:
        """``bool (set, layer, head)``, which heads each set switches off."""
        every = [own for condition in self.sets.values() for own in condition]
        off = np.zeros((len(every), *self.geometry.shape[:2]), dtype=np.bool_)
        for row, heads in enumerate(every):
            for head in heads:
                off[row, head.layer, head.index] = True
        return off


def choose_heads(
    kept: Sequence[Head],
    geometry: Geometry,
    ranking: Sequence[Head] = (),
    *,
    draws: int = _DRAWS,
    seed: int = 0,
) -> HeadSets:
    """Choose what the loss of the kept heads is compared with.

    ``random`` are, in each layer, as many heads as are kept there; only where the layer has not so many others are kept
    heads among them. ``worst`` are the last of the ranking, as many as are kept, and none that is.

    Args:
        kept: the heads that it is about.
        geometry: of the model.
        ranking: every head that could have been kept, best first.
        draws: how often random heads are drawn.
        seed: of the draws.

    Raises:
        SettingError: there are no kept heads, one does not exist, or there is not one draw.
    """
    if not kept:
        raise SettingError("kept must hold one head or more, but is empty.")
    if draws < 1:
        raise SettingError(f"draws must be 1 or more, but is {draws}.")
    geometry.check([*kept, *ranking])
    kept = tuple(dict.fromkeys(kept))
    chosen, rng = set(kept), np.random.default_rng(seed)
    sets = {NOTHING: ((),), KEPT: (kept,), RANDOM: tuple(_alike(kept, geometry, rng) for _ in range(draws))}
    if worst := tuple(head for head in reversed(ranking) if head not in chosen)[: len(kept)]:
        sets[WORST] = (worst,)
    if others := tuple(head for head in geometry.every_head() if head not in chosen):
        sets[ALL_BUT_KEPT] = (others,)
    return HeadSets(sets, geometry, seed)


def _alike(kept: Sequence[Head], geometry: Geometry, rng: np.random.Generator) -> tuple[Head, ...]:
    """As many heads of each layer at random, others than the kept ones first."""
    found: list[Head] = []
    for layer, count in sorted(Counter(head.layer for head in kept).items()):
        shuffled = [Head(layer, int(index)) for index in rng.permutation(geometry.heads)]
        found += sorted(shuffled, key=lambda head: head in kept)[:count]
    return tuple(found)
