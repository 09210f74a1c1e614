"""Whether pictures are of a kind that a model is weak at: told by what its heads make of them, not by how many are right.

    weak = read_unfamiliar(Path("assets/model"))       # None where nothing of the sort is stored beside the model
    weak is not None and weak.holds(vectors)            # the support's head vectors; weak.kind says what they are of

A logistic regression on all heads' unit vectors, fitted once on pictures of the kind the model was trained on and of the
kind it was not, under several questions, and stored beside the weights: ``tools/unfamiliar.py`` makes it, and measures it
on a question that it was not fitted on. A set of pictures is of the kind where the median of its logits is above a limit,
which lies halfway between what the two kinds have there. Another model has another file, or none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sav_core.errors import BackboneError
from sav_core.types import HeadVectors

__all__ = ["FILE_NAME", "Unfamiliar", "read_unfamiliar", "unit_vectors"]

FILE_NAME = "unfamiliar.json"


@dataclass(frozen=True, eq=False)
class Unfamiliar:
    """One kind of picture that a model is weak at.

    Attributes:
        model: the identity of the weights it was fitted for.
        kind: what the pictures are, as a noun in the plural.
        weights: ``float64 (layer, head, dim)``, of the logit.
        offset: likewise.
        limit: of the median logit of a set of pictures, above which they are of this kind.
    """

    model: str
    kind: str
    weights: npt.NDArray[np.float64]
    offset: float
    limit: float

    def logits(self, vectors: HeadVectors) -> npt.NDArray[np.float64]:
        """``float64 (example,)``, larger for pictures of the kind."""
        found: npt.NDArray[np.float64] = unit_vectors(vectors) @ self.weights.ravel() + self.offset
        return found

    def holds(self, vectors: HeadVectors) -> bool:
        """Whether a set of pictures is of the kind; never for vectors of a model of another shape."""
        return vectors.geometry.shape == self.weights.shape and float(np.median(self.logits(vectors))) > self.limit


def unit_vectors(vectors: HeadVectors) -> npt.NDArray[np.float64]:
    """``float64 (example, layer x head x dim)``, every head's vector at length one."""
    values = vectors.values.astype(np.float64)
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    unit: npt.NDArray[np.float64] = np.divide(values, length, out=np.zeros_like(values), where=length > 0)
    return unit.reshape(len(vectors), -1)


def read_unfamiliar(folder: Path) -> Unfamiliar | None:
    """Read what is stored beside a model; ``None`` where nothing is.

    Raises:
        BackboneError: the file is damaged.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        weights = np.array(told["weights"], dtype=np.float64)
        found = Unfamiliar(str(told["model"]), str(told["kind"]), weights, float(told["offset"]), float(told["limit"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BackboneError(f"{path} cannot be read ({error}): fetch the model again, or remove that file.") from error
    if weights.ndim != 3 or not np.isfinite(weights).all():
        raise BackboneError(f"{path} holds no weights (layer, head, dim): fetch the model again, or remove that file.")
    return found
