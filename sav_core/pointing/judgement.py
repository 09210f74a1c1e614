"""How well heads point: the box they give and the place they look hardest at, beside simpler ways to choose either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError
from sav_core.evaluation.intervals import MeanDifference, bootstrap_interval, compare_means, drawn_interval
from sav_core.pointing.boxes import Box, on_cell_edges
from sav_core.pointing.drawn import Pointed
from sav_core.pointing.places import placed, smoothed
from sav_core.pointing.ranking import Look
from sav_core.types import Head, at_heads

__all__ = ["ALL", "CENTRE", "CONDITIONS", "GRID", "HEADS", "RANDOM", "Judgement", "Outcome", "judge", "judgement_values"]

HEADS, RANDOM, ALL, CENTRE, GRID = "heads", "random", "all", "centre", "grid"

CONDITIONS = (HEADS, RANDOM, ALL, CENTRE, GRID)
"""By the one name each has: the heads that were chosen, as many at random, all heads, a box in the middle of the size that
boxes have on average where heads were chosen, and the best box along the edges of the model's own cells, which no look at
those cells alone can be expected to exceed."""

_DRAWS = 20
_HALF = 0.5  # of IoU, from which a box counts as right


@dataclass(frozen=True)
class Outcome:
    """How one way to point does.

    Attributes:
        iou: mean over pictures of intersection over union with the right box; of random heads over the draws too.
        iou_interval: bootstrap over pictures at 95 %.
        at_half: share of pictures with an IoU of one half or more.
        at_half_interval: Wilson's at 95 %; of random heads over pictures and draws.
        hits: the pointing game: share of pictures where the place looked at hardest lies in the right box.
        hits_interval: likewise.
    """

    iou: float
    iou_interval: tuple[float, float]
    at_half: float
    at_half_interval: tuple[float, float]
    hits: float
    hits_interval: tuple[float, float]


@dataclass(frozen=True)
class Judgement:
    """Ways to point beside each other on the same pictures.

    Attributes:
        heads: those that were chosen.
        iou: by condition ``float64 (draw, picture)``; one draw but of random heads.
        hit: by condition ``bool (draw, picture)``.
        families: of each picture's question.
    """

    heads: tuple[Head, ...]
    iou: dict[str, npt.NDArray[np.float64]] = field(repr=False)
    hit: dict[str, npt.NDArray[np.bool_]] = field(repr=False)
    families: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """How many pictures."""
        return int(self.iou[HEADS].shape[1])

    @property
    def against_random(self) -> MeanDifference:
        """By how much the IoU of the chosen heads is larger than that of random ones, picture by picture."""
        return compare_means(self.iou[HEADS][0], self.iou[RANDOM].mean(0))

    def outcome(self, condition: str) -> Outcome:
        """Return how one of the ``CONDITIONS`` does."""
        iou, hit = self.iou[condition], self.hit[condition]
        half = iou >= _HALF
        return Outcome(
            iou=float(iou.mean()),
            iou_interval=bootstrap_interval(iou.mean(0)),
            at_half=float(half.mean()),
            at_half_interval=drawn_interval(half),
            hits=float(hit.mean()),
            hits_interval=drawn_interval(hit),
        )

    def of(self, family: str) -> Judgement:
        """Return what is of one family of questions."""
        rows = [place for place, own in enumerate(self.families) if own == family]
        if not rows:
            raise InputError(f"No picture was asked a question of the family {family!r}: it has {set(self.families)}.")
        return Judgement(
            self.heads,
            {name: each[:, rows] for name, each in self.iou.items()},
            {name: each[:, rows] for name, each in self.hit.items()},
            (family,) * len(rows),
        )


def judge(
    looks: Sequence[Look],
    pointed: Sequence[Pointed],
    heads: Sequence[Head],
    *,
    size: tuple[float, float] | None = None,
    draws: int = _DRAWS,
    seed: int = 0,
) -> Judgement:
    """Compare where heads point with where things are, on other pictures than those that they were chosen on.

    Args:
        looks: of each example, which has one picture.
        pointed: the same examples with their boxes.
        heads: those that were chosen.
        size: width and height of the box in the middle; the mean of these boxes unless given.
        draws: how often as many heads are drawn at random.
        seed: of the draws.

    Raises:
        InputError: there are no pictures or no heads, not as many boxes as looks, or not one draw.
    """
    if not looks or not heads or len(looks) != len(pointed) or draws < 1:
        raise InputError(
            f"Judging needs a box for each look, heads and one draw or more, but there are {len(looks)} looks, "
            f"{len(pointed)} boxes, {len(heads)} heads and {draws} draws."
        )
    layers, of_layer = looks[0].on_pictures.shape
    every = [Head(layer, index) for layer in range(layers) for index in range(of_layer)]
    rng = np.random.default_rng(seed)
    sets = {
        HEADS: [tuple(heads)],
        RANDOM: [tuple(every[place] for place in rng.permutation(len(every))[: len(heads)]) for _ in range(draws)],
        ALL: [tuple(every)],
    }
    if size is None:
        size = (
            float(np.mean([one.box.right - one.box.left for one in pointed])),
            float(np.mean([one.box.bottom - one.box.top for one in pointed])),
        )
    middle = Box((1 - size[0]) / 2, (1 - size[1]) / 2, (1 + size[0]) / 2, (1 + size[1]) / 2)
    iou: dict[str, npt.NDArray[np.float64]] = {}
    hit: dict[str, npt.NDArray[np.bool_]] = {}
    grids = [look.pictures[0] for look in looks]
    smooth = [smoothed(each) for each in grids]
    for name, own in sets.items():
        found = []
        for some in own:
            at = at_heads(some)
            places = [placed(each[at], blurred[at], some) for each, blurred in zip(grids, smooth, strict=True)]
            found.append([(place.box, place.peak) for place in places])
        iou[name], hit[name] = _compared(found, pointed)
    iou[CENTRE], hit[CENTRE] = _compared([[(middle, middle.middle)] * len(pointed)], pointed)
    best = [on_cell_edges(one.box, look.pictures[0].shape[2:]) for look, one in zip(looks, pointed, strict=True)]
    iou[GRID], hit[GRID] = _compared([[(box, box.middle) for box in best]], pointed)
    return Judgement(tuple(heads), iou, hit, tuple(one.family for one in pointed))


def judgement_values(found: Judgement) -> dict[str, Any]:
    """Return a judgement as JSON values."""
    more = found.against_random
    conditions = {}
    for name in CONDITIONS:
        own = found.outcome(name)
        conditions[name] = {
            "iou": own.iou,
            "iou_interval": own.iou_interval,
            "at_half": own.at_half,
            "at_half_interval": own.at_half_interval,
            "hits": own.hits,
            "hits_interval": own.hits_interval,
        }
    return {
        "n": found.n,
        "conditions": conditions,
        "against_random": {"iou": more.difference, "iou_interval": more.interval, "p": more.p},
    }


def _compared(
    found: Sequence[Sequence[tuple[Box, tuple[float, float]]]], pointed: Sequence[Pointed]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """IoU and hits ``(draw, picture)`` of boxes and peaks."""
    iou = [[one.box.iou(box) for (box, _), one in zip(row, pointed, strict=True)] for row in found]
    hit = [[one.box.holds(*peak) for (_, peak), one in zip(row, pointed, strict=True)] for row in found]
    return np.array(iou), np.array(hit)
