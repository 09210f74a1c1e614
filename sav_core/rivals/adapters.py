"""LoRA's adapters in a frozen model while it is lent, and nothing of them afterwards.

with adapted(backbone, rank=8, alpha=16, seed=0) as weights:
    ...                                   # weights: what learns, by name; the model answers with them
weights_digest(backbone)                  # as before, bit for bit
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sav_core.errors import UnsupportedModelError, first_line
from sav_core.models.backbones import Backbone
from sav_core.models.silence import silence
from sav_core.rivals.packages import check_installed
from sav_core.rivals.targets import Target, find_targets

__all__ = ["adapted", "weights_digest"]

_NAME = "rival"


@contextmanager
def adapted(
    backbone: Backbone, *, rank: int, alpha: int, seed: int, weights: Mapping[str, Any] | None = None
) -> Iterator[dict[str, nn.Parameter]]:
    """Hold the model and have adapters in it while open: untrained ones change nothing.

    Args:
        backbone: the model; nobody else runs it meanwhile.
        rank: of the adapters.
        alpha: by which they are scaled, over the rank.
        seed: of the half of them that is drawn.
        weights: what they are to be; as drawn, and zero, unless given.

    Yields:
        What learns, by name, in float32.

    Raises:
        SettingError: peft is not installed.
        UnsupportedModelError: they cannot be put into this model.
    """
    check_installed()
    targets, model = find_targets(backbone), backbone.model
    with backbone.lock:
        try:
            learns = _put(backbone, targets, rank, alpha, seed)
            if weights is not None:
                with torch.no_grad():
                    for name, parameter in learns.items():
                        parameter.copy_(torch.from_numpy(weights[name]))
            yield learns
        finally:
            for target in targets:
                setattr(target.parent, target.child, target.module)
            vars(model).pop("peft_config", None)


def _put(backbone: Backbone, targets: list[Target], rank: int, alpha: int, seed: int) -> dict[str, nn.Parameter]:
    from peft import LoraConfig  # an extra, and seconds of imports
    from peft.tuners.lora import LoraModel

    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules=[target.name for target in targets]
    )
    devices = sorted({p.device.index or 0 for p in backbone.model.parameters() if p.device.type == "cuda"})
    with silence(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        try:
            LoraModel(backbone.model, config, _NAME)
        except (ValueError, TypeError, NotImplementedError) as error:
            raise UnsupportedModelError(
                f"LoRA cannot be added to {backbone.name} ({first_line(error)}); judge it by the others."
            ) from error
    learns = {name: each for name, each in backbone.model.named_parameters() if each.requires_grad}
    for parameter in learns.values():
        parameter.data = parameter.data.float()  # small steps would be lost in bfloat16
    return learns


def weights_digest(backbone: Backbone) -> str:
    """Return a digest of every number of the model, parameters and buffers alike."""
    digest = hashlib.sha256()
    with backbone.lock:
        for name, tensor in sorted(backbone.model.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
