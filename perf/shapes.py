"""Models with random weights in the shapes that the benchmarks are about, written to disk like any other checkpoint."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForImageTextToText

from sav_core.data.examples import Example
from sav_core.settings import settings
from tests.support.tiny_models import RECIPES, example_image, write_checkpoint

__all__ = ["PICTURE", "SHAPES", "examples_for", "write_shape", "write_tiled_smolvlm"]

# HuggingFaceTB/SmolVLM-256M-Instruct: SigLIP-base 512/16, a Llama of 30 layers x 9 heads, 64 tokens an image of one tile.
_SMOLVLM = {
    "vision_config": {
        "model_type": "smolvlm_vision",
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "image_size": 512,
        "patch_size": 16,
    },
    "text_config": {
        "model_type": "llama",
        "hidden_size": 576,
        "intermediate_size": 1536,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "max_position_embeddings": 8192,
        "vocab_size": 49280,
    },
    "scale_factor": 4,
}

SHAPES = {"embedded": 64, "smolvlm": 6}
"""Name of a shape and how many examples it is measured with."""

# What each is shown: drawings as large as those of the ready tasks, and photographs of the usual size.
PICTURE = {"embedded": (192, 192), "smolvlm": (640, 480)}


def write_shape(shape: str, folder: Path) -> Path:
    """Write a checkpoint of that shape with random weights and return its folder."""
    if shape == "embedded":
        return _untrained_twin(Path(settings().assets) / "model", folder)
    return _write_smolvlm(folder, {"size": {"longest_edge": 512}, "do_image_splitting": False})


def write_tiled_smolvlm(folder: Path) -> Path:
    """Write the same checkpoint as its makers ship it: pictures enlarged to 2,048 pixels and cut into tiles of 512."""
    return _write_smolvlm(folder, {"size": {"longest_edge": 2048}, "do_image_splitting": True})


def _write_smolvlm(folder: Path, pictures: dict[str, object]) -> Path:
    recipe = RECIPES["smolvlm"]

    def config(ids: dict[str, int]) -> dict[str, object]:
        return {**recipe.config(ids), **_SMOLVLM}

    RECIPES["smolvlm-256m"] = replace(
        recipe,
        config=config,
        image_processor=(recipe.image_processor[0], {"max_image_size": {"longest_edge": 512}, **pictures}),
        processor={**recipe.processor, "image_seq_len": 64},
    )
    return write_checkpoint("smolvlm-256m", folder)


def examples_for(shape: str) -> list[Example]:
    """Distinct pictures under four labels, all asked the same question."""
    return [
        Example(
            example_image(seed, PICTURE[shape]), "What is in this picture?", f"label {seed % 4}", name=f"example {seed}"
        )
        for seed in range(SHAPES[shape])
    ]


def _untrained_twin(model: Path, folder: Path) -> Path:
    """Copy a checkpoint and draw its weights anew, but for its tower's: drawn anew, it lets no picture through."""
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("*.safetensors", "README.md"), dirs_exist_ok=True)
    torch.manual_seed(0)
    twin = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(model), dtype=torch.float32)
    trained = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32)
    twin.model.vision_tower.load_state_dict(trained.model.vision_tower.state_dict())
    twin.save_pretrained(folder)
    return folder
