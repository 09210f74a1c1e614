"""Published models' sizes with random weights, made on the device in seconds: nothing is downloaded or written but text.

    backbone = large_backbone("Qwen2-VL-7B", torch.device("cuda"), torch.bfloat16, folder)

Sizes are those of the published ``config.json``; the tokenizer knows bytes only, so a question has more tokens than there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText

from sav_core.models.backbones import Backbone
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.precision import Precision
from sav_core.models.processors import load_processor
from sav_core.models.silence import silence
from tests.support.tiny_models import RECIPES, Recipe, write_processor

__all__ = ["LARGE", "large_backbone"]

_CONTEXT = 32768


def _qwen2_vl(hidden: int, intermediate: int, heads: int, key_heads: int, vocabulary: int, *, tied: bool) -> Recipe:
    text = {
        "model_type": "qwen2_vl_text",
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": 28,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "max_position_embeddings": _CONTEXT,
        "vocab_size": vocabulary,
        "tie_word_embeddings": tied,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    }
    vision = {"depth": 32, "embed_dim": 1280, "hidden_size": hidden, "num_heads": 16, "mlp_ratio": 4, "patch_size": 14}
    small = RECIPES["qwen2_vl"]
    sizes = {"size": {"shortest_edge": 56 * 56, "longest_edge": 12845056}, "patch_size": 14, "merge_size": 2}

    def config(ids: dict[str, int]) -> dict[str, Any]:
        return {**small.config(ids), "vision_config": vision, "text_config": text, "tie_word_embeddings": tied}

    return replace(small, config=config, image_processor=(small.image_processor[0], sizes))


def _llava_onevision() -> Recipe:
    grids = [[384 * row, 384 * column] for row in range(1, 7) for column in range(1, 7)]
    text = {
        "model_type": "qwen2",
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "max_position_embeddings": _CONTEXT,
        "vocab_size": 152000,
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6},
    }
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 26,
        "num_attention_heads": 16,
        "image_size": 384,
        "patch_size": 14,
        "vision_use_head": False,
    }
    small = RECIPES["llava_onevision"]

    def config(ids: dict[str, int]) -> dict[str, Any]:
        sizes = {"vision_config": vision, "text_config": text, "image_grid_pinpoints": grids}
        return {**small.config(ids), **sizes, "tie_word_embeddings": True}

    square = {"size": {"height": 384, "width": 384}, "image_grid_pinpoints": grids}
    return replace(
        small,
        config=config,
        image_processor=(small.image_processor[0], square),
        processor={**small.processor, "num_image_tokens": 729},
    )


LARGE = {
    "Qwen2-VL-2B": _qwen2_vl(1536, 8960, 12, 2, 151936, tied=True),
    "Qwen2-VL-7B": _qwen2_vl(3584, 18944, 28, 4, 152064, tied=False),
    "LLaVA-OneVision-0.5B": _llava_onevision(),
}
"""Name of a shape and how its files are written."""


def large_backbone(
    name: str, device: torch.device, dtype: torch.dtype, folder: Path, *, recipe: Recipe | None = None
) -> Backbone:
    """Make a model of a shape with random weights, drawn where it will run.

    Args:
        name: of ``LARGE``, or what to call a shape given as ``recipe``.
        device: where it will run.
        dtype: of its weights.
        folder: an empty one, for its tokenizer and processor.
        recipe: another shape.
    """
    config = write_processor(LARGE[name] if recipe is None else recipe, folder)
    config.save_pretrained(folder)
    with silence(), torch.device(device):  # every tensor begins on the device, what a model reckons for itself too
        torch.manual_seed(0)
        model = AutoModelForImageTextToText.from_config(config, dtype=dtype)
    checkpoint = Checkpoint(name, folder, json.loads((folder / "config.json").read_text(encoding="utf-8")))
    precision = Precision(dtype, "as asked for")
    return Backbone(model.requires_grad_(False).eval(), load_processor(checkpoint), checkpoint, precision)
