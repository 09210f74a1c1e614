"""From a checkpoint's files to a transformers model with all of its weights, frozen."""

from __future__ import annotations

from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import nn
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForImageTextToText
from transformers.quantizers.auto import AutoHfQuantizer

from sav_core.errors import UnsupportedModelError, first_line
from sav_core.models.architectures import refusal
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.packages import missing_package, needs
from sav_core.models.reads_images import check_reads_images
from sav_core.models.silence import silence

__all__ = ["load_model", "read_config", "skeleton"]

# What building a model of nonsensical numbers raises: each architecture reckons with them in its own way.
_NONSENSE = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def read_config(checkpoint: Checkpoint) -> Any:
    """The checkpoint's transformers config, of an architecture that reads images and text."""
    kind, name = checkpoint.config["model_type"], checkpoint.name
    if why := refusal(kind):
        raise UnsupportedModelError(f"{name!r} cannot serve because {why}.")
    with silence():
        try:
            config = AutoConfig.from_pretrained(checkpoint.folder, trust_remote_code=False, local_files_only=True)
        except (OSError, StrictDataclassError, *_NONSENSE) as error:
            if "auto_map" in checkpoint.config:
                reason = "it needs code from its own repository, which is never run"
            elif kind in CONFIG_MAPPING:
                cause = first_line(error.__cause__ or error)
                reason = f"transformers takes no {kind!r} model of its config.json ({cause}): check that file"
            else:
                reason = f"its architecture {kind!r} or its config.json is not one that transformers knows"
            raise UnsupportedModelError(f"{name!r} cannot serve because {reason}; choose another model.") from error
    check_reads_images(kind, name)
    _check_quantisation(config, name)
    return config


def _check_quantisation(config: Any, name: str) -> None:
    """Refuse weights in small numbers that nothing here can read."""
    given = getattr(config, "quantization_config", None)
    if given is None:
        return
    with silence():
        try:
            AutoHfQuantizer.from_config(given).validate_environment(device_map=None)
        except (ImportError, ValueError, RuntimeError, TypeError) as error:
            raise UnsupportedModelError(
                f"{name!r} cannot serve because its weights are quantised by {given.get('quant_method')!r}, and "
                f"{first_line(error)}; choose the model that it was made from."
            ) from error


def skeleton(config: Any, name: str) -> Any:
    """Return the model without weights, made in a moment: its modules can be measured before anything is loaded."""
    with silence(), torch.device("meta"):
        try:
            return AutoModelForImageTextToText.from_config(config)
        except (ImportError, *_NONSENSE) as error:
            if package := missing_package(error):
                raise UnsupportedModelError(f"{name!r} cannot serve because {needs([package])}.") from error
            raise UnsupportedModelError(
                f"{name!r} cannot serve because transformers makes no model of its config.json ({first_line(error)}); "
                "check that file, or choose another model."
            ) from error


def load_model(
    checkpoint: Checkpoint,
    config: Any,
    device: torch.device,
    dtype: torch.dtype,
    kind: Any = AutoModelForImageTextToText,
) -> Any:
    """Load the weights, all of them, frozen; ``kind`` is what makes the model of them."""
    with silence():
        try:
            model, report = kind.from_pretrained(
                checkpoint.folder,
                config=config,
                dtype=dtype,
                device_map="auto" if device.type == "cuda" and device.index is None else None,
                trust_remote_code=False,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
            )
        except (ValueError, OSError, KeyError, RuntimeError, ImportError) as error:
            odd = "some have another shape than its config.json says; download both again"
            cause = odd if "ignore_mismatched_sizes" in str(error) else first_line(error)
            raise UnsupportedModelError(f"The weights of {checkpoint.name!r} cannot be loaded: {cause}.") from error
    if missing := sorted(report["missing_keys"]):
        raise UnsupportedModelError(
            f"{checkpoint.name!r} lacks {len(missing)} of its weights, {missing[0]!r} among them: download it again."
        )
    if device.type != "cuda" or device.index is not None:
        model = model.to(device)
    return _in_fast_order(model, device).requires_grad_(False).eval()


def _in_fast_order(model: Any, device: torch.device) -> Any:
    """Let a convolutional tower keep its channels together: on a CPU that halves its time, and only rounding differs.

    A patch embedding is a single convolution, which gains nothing, so such towers stay as they are.
    """
    depthwise = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.groups > 1]
    if device.type == "cpu" and depthwise:
        model.to(memory_format=torch.channels_last)
    return model
