"""The part of a processor that prepares videos: transformers' own for the architecture, with torchvision or without it.

    part = load_video_part(checkpoint)      # a transformers video processor, for ``processor.video_processor``

Without torchvision transformers builds no video part. All that most of them want of it is to resize, crop and normalise
frames, which Pillow does here as it does for stills. Where the video part of an architecture calls torchvision itself, that
has to be installed.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers.image_processing_backends import PilBackend, TorchvisionBackend
from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING_NAMES
from transformers.utils import is_torchvision_available

from sav_core.errors import UnsupportedModelError, first_line
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.silence import silence

__all__ = ["NEEDS_TORCHVISION", "NO_VIDEO_PART", "load_video_part", "why_no_video_part"]

NO_VIDEO_PART = "its architecture has no video part"
NEEDS_TORCHVISION = "its video part needs torchvision: pip install torchvision"

# Architectures whose video part is another's.
_SHARED = {
    "exaone4_5": "qwen2_vl",
    "hyperclovax_vision_v2": "qwen2_vl",
    "muse_spark": "muse_glimmer",
    "qwen2_5_vl": "qwen2_vl",
    "qwen3_vl_moe": "qwen3_vl",
    "qwen4_exp": "qwen3_vl",
}

_FUNCTIONS = "torchvision.transforms.v2.functional"
_LOCK = threading.Lock()


class _OnPillow(TorchvisionBackend):  # type: ignore[misc]
    """What a video part wants of torchvision, by what prepares stills without it."""

    def convert_to_rgb(self, video: Tensor, **_: Any) -> Tensor:
        return video  # the frames of clips are

    def resize(self, image: Tensor, size: Any, resample: Any = None, **_: Any) -> Tensor:
        return _each(lambda frame: PilBackend.resize(self, frame, size=size, resample=resample), image)

    def center_crop(self, image: Tensor, size: Any, **_: Any) -> Tensor:
        return _each(lambda frame: PilBackend.center_crop(self, frame, size=size), image)

    def normalize(self, image: Tensor, mean: Any, std: Any, **_: Any) -> Tensor:
        centre, spread = (torch.as_tensor(each, dtype=image.dtype).reshape(-1, 1, 1) for each in (mean, std))
        return (image - centre) / spread


def _each(change: Any, image: Tensor) -> Tensor:
    """Change every frame of ``(..., channel, row, column)``."""
    frames = [change(frame) for frame in image.reshape(-1, *image.shape[-3:]).numpy()]
    return torch.from_numpy(np.stack(frames)).reshape(*image.shape[:-3], *frames[0].shape)


def load_video_part(checkpoint: Checkpoint) -> Any:
    """Return the video processor of a checkpoint, with the checkpoint's settings.

    Raises:
        UnsupportedModelError: it has none, or none that works here; the message says why, to stand after "because".
    """
    model_type = checkpoint.config["model_type"]
    part = _part_class(model_type)
    if part is None:
        raise UnsupportedModelError(why_no_video_part(model_type))
    try:
        with silence():
            told, _ = part.get_video_processor_dict(checkpoint.folder, local_files_only=True)
            return part.from_dict(told)
    except (AttributeError, ImportError, KeyError, OSError, TypeError, ValueError) as error:
        raise UnsupportedModelError(f"its video part cannot be built ({first_line(error)})") from error


def why_no_video_part(model_type: str) -> str:
    """Say why clips cannot be shown to an architecture as video, after "because"; empty where they can."""
    if model_type not in VIDEO_PROCESSOR_MAPPING_NAMES:
        return NO_VIDEO_PART
    return NEEDS_TORCHVISION if _part_class(model_type) is None else ""


@lru_cache
def _part_class(model_type: str) -> Any:
    """The class of an architecture's video part; ``None`` where there is none that works here."""
    if model_type not in VIDEO_PROCESSOR_MAPPING_NAMES:
        return None
    name = _SHARED.get(model_type, model_type)
    try:
        module = _imported(f"transformers.models.{name}.video_processing_{name}")
    except (AttributeError, ImportError, NameError):  # without torchvision, whichever way it misses it
        return None
    part = next(getattr(module, each) for each in module.__all__ if each.endswith("VideoProcessor"))
    if is_torchvision_available():
        return part
    if any(_calls_torchvision(method) for method in vars(part).values()):
        return None
    return type(part.__name__, (part, _OnPillow), {"convert_to_rgb": _OnPillow.convert_to_rgb})


def _calls_torchvision(method: Any) -> bool:
    code = getattr(method, "__code__", None)
    return code is not None and "tvF" in code.co_names


def _imported(name: str) -> ModuleType:
    if is_torchvision_available():
        return importlib.import_module(name)
    with _LOCK, _named_torchvision():
        return importlib.import_module(name)


@contextmanager
def _named_torchvision() -> Iterator[None]:
    """While open, importing torchvision's functions gives an empty module: for those that name it in annotations alone."""
    parts = _FUNCTIONS.split(".")
    names = [".".join(parts[: count + 1]) for count in range(len(parts))]
    stand_ins = {name: ModuleType(name) for name in names if name not in sys.modules}
    for name, module in stand_ins.items():
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules.get(parent) or stand_ins[parent], own, module)
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
