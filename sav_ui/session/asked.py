"""A query as other pages show it beside the examples: which it is, and what the model made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sav_core.data.pictures.picture import Picture

__all__ = ["Asked"]


@dataclass(frozen=True, eq=False)
class Asked:
    """One query.

    Attributes:
        id: its identity on the page it was asked on.
        name: what to call it.
        pictures: of it.
        vector: ``float32 (layer, head, dim)``, by the model and the question of the examples.
    """

    id: str
    name: str
    pictures: tuple[Picture, ...]
    vector: npt.NDArray[np.float32]
