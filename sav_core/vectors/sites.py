"""The site of a vector: after which layer it is added and at which scale, chosen on validation.

found = map_sites(PromptSet(reader, zero_shot(task.validation)), vector)      # in ``studies``
vector.at(*found.best)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sav_core.errors import SettingError

__all__ = ["SCALES", "Site", "SiteMap"]

SCALES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""The scales that are tried where none is given."""


class Site(NamedTuple):
    """After which layer a vector is added, and how many times its length."""

    layer: int
    scale: float


@dataclass(frozen=True, eq=False)
class SiteMap:
    """How accurate a model is with a vector at every site.

    Attributes:
        accuracy: ``float (layer, scale)``.
        layers: of the rows.
        scales: of the columns.
        n: of how many prompts.
    """

    accuracy: npt.NDArray[np.float64]
    layers: tuple[int, ...]
    scales: tuple[float, ...]
    n: int

    def __repr__(self) -> str:
        layer, scale = self.best
        return f"SiteMap({len(self.layers)} layers x {len(self.scales)} scales, best layer {layer} x {scale:g})"

    @property
    def best(self) -> Site:
        """The most accurate site; of equal ones the lowest layer, then the smallest scale."""
        row, column = divmod(int(self.accuracy.argmax()), len(self.scales))
        return Site(self.layers[row], self.scales[column])

    def cell(self, site: Site) -> tuple[int, int]:
        """Return the row and column of a site.

        Raises:
            SettingError: it is not on the map.
        """
        if site.layer not in self.layers or site.scale not in self.scales:
            raise SettingError(f"The map has no layer {site.layer} at scale {site.scale:g}: choose a site that it has.")
        return self.layers.index(site.layer), self.scales.index(site.scale)

    @staticmethod
    def mean(maps: Sequence[SiteMap]) -> SiteMap:
        """Return the mean of maps: its best is the one site for several vectors, as a sum of them needs.

        Raises:
            SettingError: there are none, or they are of different sites.
        """
        if not maps or len({(each.layers, each.scales) for each in maps}) > 1:
            raise SettingError(f"maps must be one or more of the same layers and scales, but are {list(maps)}.")
        return SiteMap(
            np.mean([each.accuracy for each in maps], axis=0),
            maps[0].layers,
            maps[0].scales,
            sum(each.n for each in maps),
        )
