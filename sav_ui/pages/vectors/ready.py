"""The vectors that come with the app, of the base relations in the embedded model: made by ``make vectors``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sav_core.errors import VectorFileError
from sav_core.settings import settings
from sav_core.vectors import FunctionVector, SiteMap
from sav_ui.pages.vectors.setup import Setup

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["Mapped", "Ready", "read_ready"]


class Mapped(NamedTuple):
    """A vector, and how accurate validation items are answered with it at every site."""

    vector: FunctionVector
    sites: SiteMap


@dataclass(frozen=True)
class Ready:
    """What came with the app.

    Attributes:
        vectors: by relation; none where they do not fit the model.
        refused: why they do not fit; empty where they do, or where none came.
    """

    vectors: Mapping[str, Mapped] = field(default_factory=dict)
    refused: str = ""

    def of(self, setup: Setup) -> Mapped | None:
        """The vector of a relation that is asked for as the vector's prompts were; ``None`` where there is none."""
        found = self.vectors.get(setup.relation)
        if found is None:
            return None
        made = found.vector.notes
        alike = (made.get("told_by"), made.get("demonstrations")) == (setup.told_by, setup.demonstrations)
        return found if alike else None


def read_ready(backbone: Backbone) -> Ready:
    """Read the vectors that came with the app; none of them is used with a model that it was not made with."""
    try:
        vectors = [FunctionVector.load(path) for path in sorted((settings().assets / "vectors").glob("*.fv"))]
        if any(vector.identity != backbone.identity for vector in vectors):
            return Ready(refused="The ready vectors were made with another version of this model, so they are left out.")
        return Ready({vector.relation: Mapped(vector, _sites(vector)) for vector in vectors})
    except VectorFileError as error:
        return Ready(refused=f"The ready vectors cannot be used. {error}")


def _sites(vector: FunctionVector) -> SiteMap:
    """The map in a vector's notes.

    Raises:
        VectorFileError: it has none.
    """
    try:
        known = vector.notes["sites"]
        accuracy = np.array(known["accuracy"], dtype=np.float64)
        return SiteMap(accuracy, tuple(known["layers"]), tuple(known["scales"]), int(known["n"]))
    except (KeyError, TypeError, ValueError) as error:
        raise VectorFileError(f"The ready vector of {vector.relation!r} has no map of its sites: make vectors.") from error
