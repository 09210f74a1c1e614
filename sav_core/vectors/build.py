"""The function vector: what the leading heads write into the residual stream, as one vector with its provenance.

vector = build_vector(backbone, means, effects.ranking[:10])
vector.save(Path("above.fv"))
FunctionVector.load(Path("above.fv"), backbone)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sav_core.errors import SettingError, VectorFileError
from sav_core.files import write_atomically
from sav_core.models.backbones import Backbone
from sav_core.types import Head
from sav_core.vectors.mediation import MeanVectors
from sav_core.vectors.vector_file import VECTOR_FILE, read_vectors

__all__ = ["FunctionVector", "build_vector"]

_FORMAT = "sav-explorer/function-vector/1"


@dataclass(frozen=True)
class FunctionVector:
    """A direction in a model's residual stream that makes it follow a relation.

    Attributes:
        values: ``float32 (hidden,)``.
        relation: what it stands for.
        layer: whose output it is added to at the last token.
        scale: how much of it.
        model: the name of the model it was made with.
        identity: of that model's weights and configuration.
        origin: how it was made: ``"heads"``, ``"tuned"``, ``"composed"``, ``"random"``, ``"layer mean"``.
        heads: which heads it was summed from, best first; empty when it was not.
        seed: of the data it was made from.
        notes: anything else worth keeping, such as figures and what it was composed from.
    """

    values: npt.NDArray[np.float32]
    relation: str
    layer: int
    scale: float = 1.0
    model: str = ""
    identity: str = ""
    origin: str = "heads"
    heads: tuple[Head, ...] = ()
    seed: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"FunctionVector({self.relation!r}, {self.origin}, norm {self.norm:.2f}, layer {self.layer} x {self.scale:g})"
        )

    @property
    def norm(self) -> float:
        """Its Euclidean length, before ``scale``."""
        return float(np.linalg.norm(self.values.astype(np.float64)))

    def at(self, layer: int, scale: float = 1.0) -> FunctionVector:
        """Return the same vector for another layer and scale."""
        return replace(self, layer=layer, scale=scale)

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            StorageError: the disk refuses.
        """
        header = {name: getattr(self, name) for name in _WRITTEN} | {
            "format": _FORMAT,
            "heads": [[head.layer, head.index] for head in self.heads],
            "notes": dict(self.notes),
        }
        write_atomically(path, VECTOR_FILE.content({"values": self.values}, json.dumps(header, sort_keys=True)))

    @classmethod
    def load(cls, path: Path, backbone: Backbone | None = None) -> FunctionVector:
        """Read a vector; with a backbone, check that it was made with that model.

        Raises:
            VectorFileError: it is missing, damaged, or another model's.
        """
        arrays, header = read_vectors(path, _FORMAT)
        try:
            heads = tuple(Head(layer, index) for layer, index in header["heads"])
            known = {name: header[name] for name in _WRITTEN}
            _check_kinds({**known, "notes": header["notes"]}, heads)
            vector = cls(arrays["values"], heads=heads, notes=header["notes"], **known)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise VectorFileError(f"{path} holds no usable function vector ({error}): make it again.") from error
        if vector.values.ndim != 1 or vector.values.dtype.kind != "f" or not np.isfinite(vector.values).all():
            raise VectorFileError(f"{path} holds no vector of finite numbers: make it again.")
        if backbone is not None and vector.identity != backbone.identity:
            former = f"another version of {vector.model}" if vector.model == backbone.name else vector.model
            other = "make" if vector.model == backbone.name else "load that model, or make"
            raise VectorFileError(
                f"{path} was made with {former}, whose vectors mean nothing to {backbone.name}: {other} the vector again "
                "with this one."
            )
        return vector


_WRITTEN = ("relation", "layer", "scale", "model", "identity", "origin", "seed")
_KINDS: Mapping[str, type | tuple[type, ...]] = {"layer": int, "seed": int, "scale": (int, float), "notes": dict}


def _check_kinds(header: Mapping[str, Any], heads: Sequence[Head]) -> None:
    """Refuse with ``ValueError`` what no version of this program has written."""
    for name, value in header.items():
        if not isinstance(value, _KINDS.get(name, str)) or isinstance(value, bool):
            raise ValueError(f"its {name} is {str(value)[:40]!r}")
    numbers = [header["layer"], *(number for head in heads for number in (head.layer, head.index))]
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError("its layer and heads are no numbers of any")
    if not math.isfinite(header["scale"]):
        raise ValueError("its scale is infinite")


def build_vector(
    backbone: Backbone,
    means: MeanVectors,
    heads: Sequence[Head],
    *,
    layer: int | None = None,
    seed: int = 0,
    told_by: str = "demonstrations",
) -> FunctionVector:
    """Return the sum of what the heads' mean vectors become through their ``o_proj``.

    Every layer's projection is applied once to all of its heads together, the others zero: so its bias, where it has one,
    is counted once for the layer and not once for each head.

    Args:
        backbone: the model.
        means: the mean head vectors of a relation.
        heads: which heads, best first.
        layer: where to add it; a third of the way up by default, until a validation says better.
        seed: of the data the means were made from, for the record.
        told_by: what told the relation in their prompts, for the record.

    Raises:
        SettingError: no heads, or one twice.
    """
    if not heads or len(set(heads)) != len(heads):
        raise SettingError(f"heads must be one or more different heads, but are {list(heads)}.")
    total = torch.zeros((), dtype=torch.float64)
    for each in sorted({head.layer for head in heads}):
        projection, dim = backbone.decoder.projections[each], backbone.decoder.dims[each]
        kept = np.zeros((backbone.geometry.heads, dim), dtype=np.float32)
        own = [head.index for head in heads if head.layer == each]
        kept[own] = means.values[each, own, :dim]
        parameter = next(projection.parameters())
        with torch.inference_mode():
            written = projection(torch.from_numpy(kept.ravel()).to(parameter.device, parameter.dtype))
        total = total + written.double().cpu()
    return FunctionVector(
        values=total.float().numpy(),
        relation=means.relation,
        layer=backbone.geometry.layers // 3 if layer is None else layer,
        model=backbone.name,
        identity=backbone.identity,
        heads=tuple(heads),
        seed=seed,
        notes={"prompts": means.used, "accuracy": means.accuracy, "told_by": told_by},
    )
