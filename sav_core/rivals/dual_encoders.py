"""Models with one tower for pictures and one for texts: CLIP, SigLIP and SigLIP 2, from a folder or by a hub id.

encoder = load_dual_encoder(Rival("clip", "openai/clip-vit-large-patch14"))
encoder.pictures(examples)          # (example, dim), of length one
encoder.texts(["a photo of a cat"]) # (text, dim), of length one
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoConfig, AutoModel

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.errors import CancelledError, UnsupportedModelError, first_line
from sav_core.models.checkpoints import Checkpoint, find_checkpoint
from sav_core.models.precision import check_memory, choose_device
from sav_core.models.preparing import prepare
from sav_core.models.processors import load_processor
from sav_core.models.silence import silence
from sav_core.models.weights import load_model
from sav_core.rivals.spec import TITLES, Rival, RivalKind
from sav_core.types import Cancel, Progress, ProgressCallback

__all__ = ["DualEncoder", "fetch_dual_encoder", "load_dual_encoder"]

_TYPES: dict[str, RivalKind] = {"clip": "clip", "siglip": "siglip", "siglip2": "siglip"}
"""The ``model_type`` of each, and which kind it is."""

_AT_ONCE = 16  # pictures in one forward


class DualEncoder:
    """A frozen model of pictures and texts.

    Attributes:
        name: the hub id, or the folder's name.
        kind: ``clip`` or ``siglip``.
        device: where it runs.
    """

    def __init__(self, model: Any, processor: Any, checkpoint: Checkpoint, device: torch.device) -> None:
        self.name, self.kind, self.device = checkpoint.name, _TYPES[checkpoint.config["model_type"]], device
        self._model, self._processor = model, processor
        self._longest = int(model.config.text_config.max_position_embeddings)

    def __repr__(self) -> str:
        return f"DualEncoder({self.name!r}, {self.kind} on {self.device})"

    def pictures(
        self,
        examples: Sequence[Example],
        seconds: float = math.inf,
        *,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return ``float32 (example, dim)``: each picture's feature brought to length one, several of them side by side.

        A clip's is the mean of its frames'.

        Args:
            examples: each of as many pictures as any other.
            seconds: after which no further ones are begun: the features are of the first then.
            progress: told of examples.
            cancel: asked between batches.

        Raises:
            InputError: a picture cannot be read.
            CancelledError: ``cancel`` said so.
        """
        found: list[npt.NDArray[np.float32]] = []
        began = time.perf_counter()
        for start in range(0, len(examples), _AT_ONCE):
            if found and time.perf_counter() - began > seconds:
                break
            if cancel is not None and cancel():
                raise CancelledError(f"Stopped while {self.name} was looking at pictures; nothing is kept of that.")
            some = examples[start : start + _AT_ONCE]
            frames = [self._frames(example) for example in some]
            flat = [
                (frame, example.name) for example, row in zip(some, frames, strict=True) for part in row for frame in part
            ]
            features = iter(self._see([frame for frame, _ in flat], flat[0][1]))
            for row in frames:
                means = [_unit(np.mean([next(features) for _ in part], axis=0)) for part in row]
                found.append(np.concatenate(means))
            if progress is not None:
                progress(Progress(len(found), len(examples), time.perf_counter() - began))
        return np.stack(found)

    def texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return ``float32 (text, dim)``, of length one."""
        # SigLIP was trained on texts that are filled up to their full length, and sees that; CLIP masks what fills.
        fill = {"padding": "max_length", "max_length": self._longest} if self.kind == "siglip" else {"padding": True}
        made = self._processor.tokenizer(list(texts), truncation=True, return_tensors="pt", **fill)
        if self.kind == "siglip":
            made = {"input_ids": made["input_ids"]}
        with torch.inference_mode():
            return _units(self._model.get_text_features(**{name: each.to(self.device) for name, each in made.items()}))

    def too_long(self, texts: Sequence[str]) -> str | None:
        """Return a text of more tokens than the model reads; ``None`` where all are read whole."""
        counts = [len(ids) for ids in self._processor.tokenizer(list(texts))["input_ids"]]
        return next((text for text, count in zip(texts, counts, strict=True) if count > self._longest), None)

    @staticmethod
    def _frames(example: Example) -> list[list[Image.Image]]:
        """The pictures of an example, a clip as its frames."""
        return [
            [still.rgb() for still in (part.frames() if isinstance(part, Clip) else (part,))] for part in example.images
        ]

    def _see(self, pictures: Sequence[Image.Image], name: str) -> npt.NDArray[np.float32]:
        def process(rows: Sequence[Sequence[Image.Image]]) -> Mapping[str, Any]:
            made: Mapping[str, Any] = self._processor.image_processor(
                images=[picture for row in rows for picture in row], return_tensors="pt"
            )
            return made

        parts = []
        for start in range(0, len(pictures), _AT_ONCE):
            made = prepare(process, [[picture] for picture in pictures[start : start + _AT_ONCE]], name, self.name)
            with torch.inference_mode():
                seen = self._model.get_image_features(**{name: each.to(self.device) for name, each in made.items()})
            parts.append(_units(seen))
        return np.concatenate(parts)


def load_dual_encoder(rival: Rival, device: str | torch.device = "auto", *, hub_only: bool = False) -> DualEncoder:
    """Load a model of pictures and texts; never remote code, no network when the files are here.

    Raises:
        ModelNotFoundError: there is no such folder, no such id, or no network to fetch it.
        UnsupportedModelError: it is another kind of model, or a part is missing.
        OutOfMemoryError: memory does not hold it.
    """
    checkpoint = find_checkpoint(rival.model, hub_only=hub_only, judge=_judge(rival))
    place = choose_device(device)
    config = _config(checkpoint, rival)
    processor = load_processor(checkpoint)
    check_memory(checkpoint.name, checkpoint.parameters, "float32", place)
    return DualEncoder(load_model(checkpoint, config, place, torch.float32, AutoModel), processor, checkpoint, place)


def fetch_dual_encoder(rival: Rival, *, hub_only: bool = False, cancel: Cancel | None = None) -> None:
    """Bring a model's files onto this disk, if they are not, and refuse what loading would refuse by their kind.

    Raises:
        SavError: as ``load_dual_encoder``.
        CancelledError: ``cancel`` said so; what has come is kept.
    """
    _check_kind(find_checkpoint(rival.model, hub_only=hub_only, judge=_judge(rival), cancel=cancel), rival)


def _judge(rival: Rival) -> Any:
    return lambda offered: _check_kind(offered, rival)


def _check_kind(checkpoint: Checkpoint, rival: Rival) -> None:
    found = checkpoint.config["model_type"]
    if _TYPES.get(found) != rival.kind:
        known = " or ".join(name for name, kind in _TYPES.items() if kind == rival.kind)
        raise UnsupportedModelError(
            f"{checkpoint.name!r} is no {TITLES[rival.kind]} model: its config.json must have the model_type {known}, but "
            f"has {found!r}."
        )


def _config(checkpoint: Checkpoint, rival: Rival) -> Any:
    _check_kind(checkpoint, rival)
    with silence():
        try:
            return AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=False, local_files_only=True)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnsupportedModelError(
                f"{checkpoint.name!r} cannot serve because transformers takes no model of its config.json "
                f"({first_line(error)}): check that file."
            ) from error


def _units(made: Any) -> npt.NDArray[np.float32]:
    pooled: Tensor = made.pooler_output
    return np.stack([_unit(row) for row in pooled.float().cpu().numpy()])


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector
