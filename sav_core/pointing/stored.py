"""What was found of a model's heads, stored beside its weights and naming them: what they point at is known without a run.

found = read_pointing(Path("assets/model"))        # None where nothing of the sort is stored beside the model
found is not None and found.model == backbone.identity
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sav_core.errors import BackboneError
from sav_core.files import write_atomically
from sav_core.pointing.ranking import PointingHeads
from sav_core.types import Head

__all__ = ["FILE_NAME", "StoredPointing", "read_pointing", "write_pointing"]

FILE_NAME = "pointing.json"

_NUMBERS = ("on_pictures", "inside", "elsewhere", "entropy", "selected")


@dataclass(frozen=True, eq=False)
class StoredPointing:
    """Heads that point, of which weights.

    Attributes:
        model: the identity of the weights they were found in.
        heads: what was found.
        outcome: how well the best few point on other pictures, as ``judgement_values`` says it of the chosen heads.
    """

    model: str
    heads: PointingHeads
    outcome: dict[str, Any]


def write_pointing(folder: Path, stored: StoredPointing) -> None:
    """Store it beside a model.

    Raises:
        StorageError: the disk refuses.
    """
    heads = stored.heads
    told = {
        "model": stored.model,
        "by": heads.by,
        "n": heads.n,
        "even": round(heads.even, 4),
        "size": None if heads.size is None else [round(each, 4) for each in heads.size],
        "ranking": [[head.layer, head.index] for head in heads.ranking],
        **{name: _rounded(getattr(heads, name)) for name in _NUMBERS},
        "outcome": stored.outcome,
    }
    write_atomically(folder / FILE_NAME, (json.dumps(told) + "\n").encode())


def read_pointing(folder: Path) -> StoredPointing | None:
    """Read what is stored beside a model; ``None`` where nothing is.

    Raises:
        BackboneError: the file is damaged.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        size = told["size"]
        numbers: dict[str, Any] = {
            name: np.array([[np.nan if each is None else each for each in row] for row in told[name]], dtype=np.float64)
            for name in _NUMBERS
        }
        heads = PointingHeads(
            by=told["by"],
            ranking=tuple(Head(int(layer), int(index)) for layer, index in told["ranking"]),
            n=int(told["n"]),
            even=float(told["even"]),
            size=None if size is None else (float(size[0]), float(size[1])),
            **numbers,
        )
        stored = StoredPointing(str(told["model"]), heads, dict(told["outcome"]))
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        raise BackboneError(f"{path} cannot be read ({error}): fetch the model again, or remove that file.") from error
    shapes = {each.shape for each in numbers.values()}
    if len(shapes) != 1 or len(heads.inside.shape) != 2 or len(heads.ranking) != heads.inside.size:
        raise BackboneError(f"{path} holds no numbers (layer, head): fetch the model again, or remove that file.")
    return stored


def _rounded(values: Any) -> list[list[float | None]]:
    return [[round(float(each), 4) if np.isfinite(each) else None for each in row] for row in values]
