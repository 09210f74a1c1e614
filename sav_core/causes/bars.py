"""What a figure of an ablation shows: a bar for each set of heads, in the order of the conditions."""

from __future__ import annotations

from sav_core.causes.ablation import Ablation
from sav_core.causes.head_sets import ALL_BUT_KEPT, KEPT, NOTHING, RANDOM, WORST
from sav_core.figures.causes import SwitchedOff

__all__ = ["switched_off"]

_SHORT = {KEPT: "kept heads", RANDOM: "random heads", WORST: "worst heads", ALL_BUT_KEPT: "all others"}


def switched_off(found: Ablation) -> list[SwitchedOff]:
    """Return what ``loss_figure`` draws."""
    whole = float(found.log_likelihood(NOTHING).mean())
    bars = []
    for name in found.conditions:
        if name == NOTHING:
            continue
        lost = found.lost(name)
        draws = (whole - found.log_likelihood(name).mean(1)).tolist() if name == RANDOM else ()
        bars.append(SwitchedOff(_SHORT[name], lost.accuracy, lost.log_likelihood, draws, ours=name == KEPT))
    return bars
