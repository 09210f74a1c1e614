"""Tiny random checkpoints on disk, one for each architecture: two layers, 32 wide, with their own tokenizer and processor.

    folder = write_checkpoint("qwen2_vl", tmp_path)      # what a hub repository of that architecture holds
    example_image(seed=1)                                # a PIL image worth looking at

Sizes are chosen to catch what the real ones would: grouped-query attention everywhere, a head wider than hidden / heads
where the architecture allows it, images that split into several tiles, a sliding window shorter than the prompts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedTokenizerFast

from sav_core.models.silence import silence

SIDE, PATCH = 32, 8  # of the vision towers: 16 patches an image

_VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
_TOWER = {**_VISION, "image_size": SIDE, "patch_size": PATCH}
_SIGLIP = {"model_type": "siglip_vision_model", **_TOWER, "vision_use_head": False}
CLIP = {"model_type": "clip_vision_model", **_TOWER, "projection_dim": 16}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}
_WIDE = {**TEXT, "head_dim": 16}  # 4 heads x 16 numbers in a model 32 wide
_GRIDS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
_MROPE = {"rope_type": "default", "rope_theta": 10000.0}

_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
VICUNA = (
    "{% for message in messages %}USER: {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE\n{% else %}{{ part['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
_IDEFICS = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}:{% else %}: {% endif %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}<image>{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
_GEMMA = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<start_of_image>{% else %}"
    "{{ part['text'] | trim }}{% endif %}{% endfor %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_MISTRAL = (
    "{{ bos_token }}{% for message in messages %}[INST]{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}[IMG]{% else %}{{ part['text'] }}{% endif %}{% endfor %}[/INST]{% endfor %}"
)
_COHERE = (
    "{{ bos_token }}{% for message in messages %}<|START_OF_TURN_TOKEN|><|USER_TOKEN|>"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}"
    "{% endif %}{% endfor %}<|END_OF_TURN_TOKEN|>{% endfor %}"
    "{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>{% endif %}"
)


@dataclass(frozen=True)
class Recipe:
    """What makes one architecture's checkpoint; ``config`` gets the ids of the special tokens by name."""

    config: Callable[[dict[str, int]], dict[str, Any]]
    image_processor: tuple[str, dict[str, Any]]
    processor: dict[str, Any]
    template: str | None
    tokens: tuple[str, ...] = ("<image>",)
    named: dict[str, str] = field(default_factory=lambda: {"image_token": "<image>"})


def _llava_like(model_type: str, vision: dict[str, Any], text: dict[str, Any], **more: Any) -> Any:
    def config(ids: dict[str, int]) -> dict[str, Any]:
        return {
            "model_type": model_type,
            "vision_config": vision,
            "text_config": text,
            "image_token_index": ids["<image>"],
            **more,
        }

    return config


def _qwen(model_type: str, vision: dict[str, Any], text: dict[str, Any]) -> Recipe:
    def config(ids: dict[str, int]) -> dict[str, Any]:
        return {
            "model_type": model_type,
            "vision_config": {"depth": 2, "num_heads": 2, "patch_size": PATCH, **vision},
            "text_config": text,
            "image_token_id": ids["<|image_pad|>"],
            "video_token_id": ids["<|video_pad|>"],
            "vision_start_token_id": ids["<|vision_start|>"],
            "vision_end_token_id": ids["<|vision_end|>"],
        }

    sizes = {"size": {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}, "patch_size": PATCH, "merge_size": 2}
    name = {"qwen2_vl": "Qwen2VL", "qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL"}[model_type]
    return Recipe(
        config,
        ("Qwen2VLImageProcessorPil", sizes),
        {"processor_class": f"{name}Processor"},
        _CHATML.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
        ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
        {},
    )


def _idefics(model_type: str, name: str) -> Recipe:
    grid = tuple(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5))
    text = {"model_type": "llama", **_WIDE}

    def config(ids: dict[str, int]) -> dict[str, Any]:
        vision = {"model_type": f"{model_type}_vision", **_TOWER}
        return {
            "model_type": model_type,
            "vision_config": vision,
            "text_config": {**text, "pad_token_id": ids["<pad>"]},
            "image_token_id": ids["<image>"],
            "scale_factor": 2,
        }

    return Recipe(
        config,
        (
            f"{name}ImageProcessorPil",
            {"size": {"longest_edge": 2 * SIDE}, "max_image_size": {"longest_edge": SIDE}},
        ),
        {"processor_class": f"{name}Processor", "image_seq_len": 4},
        _IDEFICS,
        ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", "<|im_start|>", *grid),
        {},
    )


CROP = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
_SQUARE = {"size": {"height": SIDE, "width": SIDE}}
_CLIP_FEATURES = {"patch_size": PATCH, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}

RECIPES: dict[str, Recipe] = {
    "llava": Recipe(
        _llava_like("llava", CLIP, {"model_type": "llama", **_WIDE}),
        ("CLIPImageProcessorPil", CROP),
        {"processor_class": "LlavaProcessor", **_CLIP_FEATURES},
        VICUNA.replace("IMAGE", "<image>"),
    ),
    "llava_next": Recipe(
        _llava_like("llava_next", CLIP, {"model_type": "mistral", **_WIDE}, image_grid_pinpoints=_GRIDS),
        ("LlavaNextImageProcessorPil", {**CROP, "image_grid_pinpoints": _GRIDS}),
        {"processor_class": "LlavaNextProcessor", **_CLIP_FEATURES},
        VICUNA.replace("IMAGE", "<image>"),
    ),
    "llava_onevision": Recipe(
        lambda ids: {
            **_llava_like("llava_onevision", _SIGLIP, {"model_type": "qwen2", **TEXT})(ids),
            "video_token_index": ids["<video>"],
            "image_grid_pinpoints": _GRIDS,
        },
        ("LlavaOnevisionImageProcessorPil", {**_SQUARE, "image_grid_pinpoints": _GRIDS}),
        {
            "processor_class": "LlavaOnevisionProcessor",
            "num_image_tokens": (SIDE // PATCH) ** 2,
            "vision_feature_select_strategy": "full",
        },
        _CHATML.replace("IMAGE", "<image>"),
        ("<image>", "<video>", "<|im_start|>", "<|im_end|>"),
        {},
    ),
    "qwen2_vl": _qwen(
        "qwen2_vl",
        {"embed_dim": 32, "hidden_size": 32},
        {"model_type": "qwen2_vl_text", **TEXT, "rope_parameters": {**_MROPE, "mrope_section": [2, 1, 1]}},
    ),
    "qwen2_5_vl": _qwen(
        "qwen2_5_vl",
        {
            "hidden_size": 32,
            "out_hidden_size": 32,
            "intermediate_size": 48,
            "window_size": 32,
            "fullatt_block_indexes": [1],
        },
        {"model_type": "qwen2_5_vl_text", **TEXT, "rope_parameters": {**_MROPE, "mrope_section": [2, 1, 1]}},
    ),
    "qwen3_vl": _qwen(
        "qwen3_vl",
        {
            "hidden_size": 32,
            "out_hidden_size": 32,
            "intermediate_size": 48,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0, 1],
        },
        {"model_type": "qwen3_vl_text", **_WIDE, "rope_parameters": {**_MROPE, "mrope_section": [4, 2, 2]}},
    ),
    "smolvlm": _idefics("smolvlm", "SmolVLM"),
    "idefics3": _idefics("idefics3", "Idefics3"),
    "internvl": Recipe(
        lambda ids: {
            "model_type": "internvl",
            "vision_config": {**_VISION, "image_size": [SIDE, SIDE], "patch_size": [PATCH, PATCH]},
            "text_config": {"model_type": "qwen2", **TEXT},
            "image_token_id": ids["<IMG_CONTEXT>"],
            "image_seq_length": 4,
        },
        ("GotOcr2ImageProcessorPil", {**_SQUARE, "max_patches": 4}),
        {"processor_class": "InternVLProcessor", "image_seq_length": 4},
        _CHATML.replace("IMAGE", "<IMG_CONTEXT>"),
        ("<IMG_CONTEXT>", "<img>", "</img>", "<video>", "<|im_start|>", "<|im_end|>"),
        {
            "context_image_token": "<IMG_CONTEXT>",
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "video_token": "<video>",
        },
    ),
    "gemma3": Recipe(
        lambda ids: {
            "model_type": "gemma3",
            "vision_config": _SIGLIP,
            "text_config": {
                "model_type": "gemma3_text",
                **_WIDE,
                "sliding_window": 16,
                "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            },
            "mm_tokens_per_image": 4,
            "image_token_index": ids["<image_soft_token>"],
            "boi_token_index": ids["<start_of_image>"],
            "eoi_token_index": ids["<end_of_image>"],
        },
        ("Gemma3ImageProcessorPil", _SQUARE),
        {"processor_class": "Gemma3Processor", "image_seq_length": 4},
        _GEMMA,
        ("<image_soft_token>", "<start_of_image>", "<end_of_image>", "<start_of_turn>", "<end_of_turn>"),
        {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"},
    ),
    "paligemma": Recipe(
        lambda ids: {
            **_llava_like("paligemma", {**_SIGLIP, "projection_dim": 32}, {"model_type": "gemma", **_WIDE})(ids),
            "projection_dim": 32,
            "hidden_size": 32,
        },
        ("SiglipImageProcessorPil", {**_SQUARE, "image_seq_length": (SIDE // PATCH) ** 2}),
        {"processor_class": "PaliGemmaProcessor"},
        None,
    ),
    "mistral3": Recipe(
        lambda ids: {
            "model_type": "mistral3",
            "vision_config": {"model_type": "pixtral", **_VISION, "image_size": 2 * SIDE, "patch_size": PATCH},
            "text_config": {"model_type": "mistral", **_WIDE},
            "image_token_index": ids["[IMG]"],
            "spatial_merge_size": 2,
        },
        ("PixtralImageProcessorPil", {"size": {"longest_edge": 2 * SIDE}, "patch_size": PATCH}),
        {"processor_class": "PixtralProcessor", "patch_size": PATCH, "spatial_merge_size": 2},
        _MISTRAL,
        ("[IMG]", "[IMG_BREAK]", "[IMG_END]", "[INST]", "[/INST]"),
        {},
    ),
    "aya_vision": Recipe(
        lambda ids: {
            "model_type": "aya_vision",
            "vision_config": _SIGLIP,
            "text_config": {"model_type": "cohere2", **_WIDE, "sliding_window": 16},
            "image_token_index": ids["<|IMG_PATCH|>"],
            "downsample_factor": 2,
        },
        ("GotOcr2ImageProcessorPil", {**_SQUARE, "max_patches": 4}),
        {"processor_class": "AyaVisionProcessor", "patch_size": PATCH, "img_size": SIDE, "downsample_factor": 2},
        _COHERE,
        (
            "<image>",
            "<|IMG_PATCH|>",
            "<|START_OF_IMG|>",
            "<|END_OF_IMG|>",
            "<|IMG_LINE_BREAK|>",
            "TILE",
            "TILE_GLOBAL",
            "<|START_OF_TURN_TOKEN|>",
            "<|END_OF_TURN_TOKEN|>",
            "<|USER_TOKEN|>",
            "<|CHATBOT_TOKEN|>",
        ),
        {},
    ),
}

ARCHITECTURES = tuple(RECIPES)


def _hybrid(ids: dict[str, int]) -> dict[str, Any]:
    config = RECIPES["qwen3_vl"].config(ids)
    vision = {name: value for name, value in config["vision_config"].items() if name != "deepstack_visual_indexes"}
    text = {
        "model_type": "qwen3_5_text",
        **_WIDE,
        "layer_types": ["linear_attention", "linear_attention", "full_attention"],
        "linear_num_value_heads": 4,
        "linear_num_key_heads": 2,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
        "rope_parameters": {**_MROPE, "mrope_section": [1, 1, 0], "partial_rotary_factor": 0.25},
    }
    return {**config, "model_type": "qwen3_5", "vision_config": vision, "text_config": text}


# Not among the thirteen: two ordinary architectures that need no code of ours, one of them the embedded model's (a
# convolutional tower, side / 16 tokens a side), and two that must be refused.
RECIPES["fast_vlm"] = Recipe(
    _llava_like(
        "fast_vlm",
        {
            "model_type": "resnet",
            "embedding_size": 8,
            "hidden_sizes": [8, 16, 32],
            "hidden_size": 32,
            "depths": [1, 1, 1],
            "layer_type": "basic",
        },
        {"model_type": "llama", **_WIDE},
    ),
    ("SiglipImageProcessorPil", _SQUARE),
    {"processor_class": "LlavaProcessor", "patch_size": 16, "vision_feature_select_strategy": "full"},
    _CHATML.replace("IMAGE", "<image>"),
    ("<image>", "<|im_start|>", "<|im_end|>"),
)
RECIPES["vipllava"] = replace(
    RECIPES["llava"],
    config=_llava_like("vipllava", CLIP, {"model_type": "llama", **_WIDE}, vision_feature_layers=[-1, -2]),
)
RECIPES["qwen3_5"] = replace(RECIPES["qwen3_vl"], config=_hybrid)
RECIPES["mllama"] = Recipe(
    lambda ids: {
        "model_type": "mllama",
        "vision_config": {
            **_TOWER,
            "attention_heads": 2,
            "num_global_layers": 1,
            "vision_output_dim": 64,
            "intermediate_layers_indices": [0],
            "max_num_tiles": 1,
            "supported_aspect_ratios": [[1, 1]],
        },
        "text_config": {
            **TEXT,
            "cross_attention_layers": [1],
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        },
        "image_token_index": ids["<|image|>"],
    },
    ("MllamaImageProcessorPil", {**_SQUARE, "max_image_tiles": 1}),
    {"processor_class": "MllamaProcessor"},
    VICUNA.replace("IMAGE", "<|image|>"),
    ("<|image|>", "<|python_tag|>"),
    {},
)


def write_checkpoint(architecture: str, folder: Path, seed: int = 0) -> Path:
    """Write the files that a hub repository of that architecture holds, and return the folder."""
    model_config = write_processor(RECIPES[architecture], folder)
    torch.manual_seed(seed)
    model = AutoModelForImageTextToText.from_config(model_config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():  # as drawn, differences between heads would be lost in rounding
            if not parameter.any() and parameter.dim() > 1:
                parameter.normal_(std=0.08)  # made of zeros, Gemma's projector would let no picture through
            elif parameter.dim() > 1:
                parameter.mul_(4)
    with silence():
        model.save_pretrained(folder)
    return folder


def write_processor(recipe: Recipe, folder: Path) -> Any:
    """Write all files but the weights and what only a model knows, and return the model's config."""
    tokenizer = _tokenizer(recipe)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in ("<pad>", *recipe.tokens)}
    config = recipe.config(ids)
    config["text_config"] = {"vocab_size": len(tokenizer), **config["text_config"], **_ends(tokenizer)}
    tokenizer.save_pretrained(folder)
    name, options = recipe.image_processor
    getattr(transformers, name)(**options).save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps(recipe.processor))
    if recipe.template:
        (folder / "chat_template.jinja").write_text(recipe.template)
    return AutoConfig.for_model(**config)


def example_image(seed: int = 0, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A smooth random picture: no two seeds alike, and resizing keeps its looks."""
    colours = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)


def _tokenizer(recipe: Recipe) -> PreTrainedTokenizerFast:
    """Every byte is a token, and every special token another."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: index for index, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<pad>", "<s>", "</s>", *recipe.tokens])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens=recipe.named,
    )


def _ends(tokenizer: PreTrainedTokenizerFast) -> dict[str, int]:
    return {name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")}
