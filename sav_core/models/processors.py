"""A model's processor: what turns images and text into its inputs, with torchvision or without it."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from transformers import AutoProcessor
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES, processor_class_from_name
from transformers.utils import is_torchvision_available

from sav_core.errors import UnsupportedModelError, first_line
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.packages import missing_package, needs
from sav_core.models.pixel_numbers import quicken
from sav_core.models.silence import silence

__all__ = ["PixelBackend", "load_processor", "pixel_backend"]

PixelBackend: TypeAlias = Literal["pil", "torchvision"]
"""What resizes images; the two differ by up to 0.03 in normalised pixels, so it belongs to a model's fingerprint."""

# What building a processor of files that do not fit raises: each part reads its own in its own way.
_UNBUILT = (AttributeError, ImportError, KeyError, OSError, RecursionError, TypeError, ValueError)

# Where a processor's ``size["longest_edge"]`` is above the first number it counts pixels, not an edge (Qwen-VL and its
# kin), and ships allowing 12.8 million, 16,384 tokens an image. The second caps it at 1,280 tokens of Qwen2-VL.
_COUNTS_PIXELS, _MOST_PIXELS = 100_000, 1280 * 28 * 28

# Processors whose module imports torchvision's image processor for one function that its PIL twin has too:
# {class: (its module, what that imports, the twin)}.
_TWINS = {
    "PixtralProcessor": (
        "transformers.models.pixtral.processing_pixtral",
        "transformers.models.pixtral.image_processing_pixtral",
        "transformers.models.pixtral.image_processing_pil_pixtral",
    )
}


def load_processor(checkpoint: Checkpoint) -> Any:
    """Return a transformers processor with an image processor and a tokenizer, its largest image capped.

    Raises:
        UnsupportedModelError: the processor cannot be built from the checkpoint's files.
    """
    with silence():
        try:
            processor = _load(checkpoint)
        except _UNBUILT as error:
            if package := missing_package(error):
                raise UnsupportedModelError(f"{checkpoint.name!r} cannot serve because {needs([package])}.") from error
            said = first_line(error).replace(str(checkpoint.folder), "its folder").split(". ")[0]
            raise UnsupportedModelError(
                f"The processor of {checkpoint.name!r} cannot be built ({said}): check its tokenizer and processor files."
            ) from error
    for part, what in (("image_processor", "images"), ("tokenizer", "text")):
        if getattr(processor, part, None) is None:
            raise UnsupportedModelError(
                f"{checkpoint.name!r} has no processor for {what}: add the processor files of the model it was made from."
            )
    _cap_pixels(processor.image_processor)
    quicken(processor.image_processor)
    return processor


def pixel_backend(processor: Any) -> PixelBackend:
    """What resizes the images of a processor."""
    return "pil" if getattr(processor.image_processor, "backend", "pil") == "pil" else "torchvision"


def _load(checkpoint: Checkpoint) -> Any:
    options = {"trust_remote_code": False, "local_files_only": True}
    try:
        return AutoProcessor.from_pretrained(checkpoint.folder, **options)
    except (ImportError, ValueError, RecursionError) as error:
        # Without torchvision there are no video processors, and which error says so differs; one that looks for itself
        # without end is not found with it either. A still image needs none.
        name = _processor_class_name(checkpoint)
        if name is None or (is_torchvision_available() and not isinstance(error, RecursionError)):
            raise
        return _without_video(_processor_class(name)).from_pretrained(checkpoint.folder, **options)


def _processor_class_name(checkpoint: Checkpoint) -> str | None:
    """What the checkpoint's files call their processor, else what transformers pairs with its architecture."""
    for file in ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json"):
        path = checkpoint.folder / file
        named = _read(path).get("processor_class") if path.is_file() else None
        if named:
            return str(named)
    paired: str | None = PROCESSOR_MAPPING_NAMES.get(checkpoint.config["model_type"])
    return paired


def _read(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}


def _processor_class(name: str) -> Any:
    if name not in _TWINS:
        return processor_class_from_name(name)
    module, missing, twin = _TWINS[name]
    with _standing_in(missing, twin):
        return getattr(importlib.import_module(module), name)


@contextmanager
def _standing_in(missing: str, twin: str) -> Iterator[None]:
    """While open, importing one module gives another."""
    sys.modules[missing] = importlib.import_module(twin)
    try:
        yield
    finally:
        del sys.modules[missing]


def _without_video(processor_class: Any) -> Any:
    """The same processor, but one that loads no video processor and holds ``None`` in its place."""

    class Parts(processor_class):  # type: ignore[misc]
        """Loads what a still image needs; the order of a processor's parts is its own, so each is known by its name."""

        @classmethod
        def get_attributes(cls) -> list[str]:
            return [name for name in super().get_attributes() if name != "video_processor"]

    class StillImages(processor_class):  # type: ignore[misc]
        @classmethod
        def _get_arguments_from_pretrained(cls, *given: Any, **options: Any) -> list[Any]:
            parts = Parts._get_arguments_from_pretrained(*given, **options)
            by_name = dict(zip(Parts.get_attributes(), parts, strict=True))
            return [by_name.get(name) for name in cls.get_attributes()]

        def check_argument_for_proper_class(self, name: str, part: Any) -> Any:
            return None if part is None else super().check_argument_for_proper_class(name, part)

    Parts.__name__ = StillImages.__name__ = processor_class.__name__
    return StillImages


def _cap_pixels(image_processor: Any) -> None:
    size = dict(getattr(image_processor, "size", None) or {})
    if (size.get("longest_edge") or 0) > max(_COUNTS_PIXELS, _MOST_PIXELS):
        image_processor.size = type(image_processor.size)(**{**size, "longest_edge": _MOST_PIXELS})
