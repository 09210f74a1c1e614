"""Tiny checkpoints of further architectures that are proven end to end: added to the recipes of ``tiny_models``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.tiny_models import PATCH, RECIPES, SIDE, Recipe

_VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
_TOWER = {**_VISION, "image_size": SIDE, "patch_size": PATCH}
_GROUPED = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
}
_WIDE = {**_GROUPED, "head_dim": 16}
_EXPERTS = {"moe_num_experts": 4, "moe_topk": 2, "moe_num_shared_experts": 1}
_PIXELS = {"size": {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}, "patch_size": PATCH}
_SQUARE = {"size": {"height": SIDE, "width": SIDE}}

_CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_TURNS = ("<|im_start|>", "<|im_end|>")


def _idefics2(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "idefics2",
        "vision_config": {"model_type": "idefics2_vision", **_TOWER},
        "perceiver_config": {
            "hidden_size": 32,
            "resampler_n_latents": 4,
            "resampler_depth": 1,
            "resampler_n_heads": 4,
            "resampler_head_dim": 8,
            "num_key_value_heads": 2,
        },
        "text_config": {"model_type": "mistral", **_WIDE},
        "image_token_id": ids["<image>"],
    }


def _ovis2(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "ovis2",
        "vision_config": {**_TOWER, "vocab_size": 24, "hidden_stride": 2, "num_visual_indicator_tokens": 5},
        "text_config": {"model_type": "qwen2", **_GROUPED},
        "image_token_id": ids["<IMG_ATOM>"],
        "visual_indicator_token_ids": [ids[f"<IMG_{name}>"] for name in ("START", "GRID", "COL", "ROW", "END")],
        "hidden_size": 32,
        "vocab_size": 24,
    }


def _glm4v(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "glm4v",
        "vision_config": {
            "depth": 2,
            "hidden_size": 32,
            "num_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
            "out_hidden_size": 32,
            "intermediate_size": 48,
        },
        "text_config": {
            "model_type": "glm4v_text",
            **_GROUPED,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]},
        },
        "image_token_id": ids["<|image|>"],
        "video_token_id": ids["<|video|>"],
        "image_start_token_id": ids["<|begin_of_image|>"],
        "image_end_token_id": ids["<|end_of_image|>"],
        "video_start_token_id": ids["<|begin_of_video|>"],
        "video_end_token_id": ids["<|end_of_video|>"],
    }


def _qwen3_vl_moe(ids: dict[str, int]) -> dict[str, Any]:
    config = RECIPES["qwen3_vl"].config(ids)
    text = {
        **config["text_config"],
        "model_type": "qwen3_vl_moe_text",
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
    }
    return {**config, "model_type": "qwen3_vl_moe", "text_config": text}


def _deepseek_vl(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "deepseek_vl",
        "vision_config": {"model_type": "siglip_vision_model", **_TOWER, "vision_use_head": False},
        "text_config": {"model_type": "llama", **_WIDE},
        "image_token_id": ids["<image_placeholder>"],
    }


def _llava_next_video(ids: dict[str, int]) -> dict[str, Any]:
    return {**RECIPES["llava_next"].config(ids), "model_type": "llava_next_video", "video_token_index": ids["<video>"]}


def _video_llava(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "video_llava",
        "vision_config": {"model_type": "clip_vision_model", **_TOWER},
        "text_config": {"model_type": "llama", **_WIDE},
        "image_token_index": ids["<image>"],
        "video_token_index": ids["<video>"],
    }


def _gemma4(ids: dict[str, int]) -> dict[str, Any]:
    tower = {**_VISION, "num_key_value_heads": 2, "head_dim": 16, "patch_size": PATCH, "position_embedding_size": 1024}
    return {
        "model_type": "gemma4",
        "vision_config": {**tower, "pooling_kernel_size": 3},
        "audio_config": None,
        "text_config": {
            **_WIDE,
            "model_type": "gemma4_text",
            "global_head_dim": 32,
            "sliding_window": 16,
            "layer_types": ["sliding_attention", "full_attention", "full_attention"],
            "hidden_size_per_layer_input": 8,
            "vocab_size_per_layer_input": 300,
        },
        **{f"{name}_token_id": ids[f"<{name}>"] for name in ("image", "boi", "eoi", "audio")},
        "video_token_id": ids["<|video|>"],
    }


def _llama4(ids: dict[str, int]) -> dict[str, Any]:
    projector = {"vision_output_dim": 32, "projector_input_dim": 32, "projector_output_dim": 32}
    return {
        "model_type": "llama4",
        "vision_config": {**_TOWER, **projector, "intermediate_size": 128},  # 32 times its pixel shuffle's 4
        "text_config": {
            **_WIDE,
            "model_type": "llama4_text",
            "intermediate_size_mlp": 64,
            "num_local_experts": 2,
            "attention_chunk_size": 64,
        },
        "image_token_index": ids["<|patch|>"],
    }


def _pixtral(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "llava",
        "vision_config": {"model_type": "pixtral", **_VISION, "image_size": 2 * SIDE, "patch_size": PATCH},
        "text_config": {"model_type": "mistral", **_WIDE},
        "image_token_index": ids["[IMG]"],
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "full",
    }


def _aria(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "aria",
        "vision_config": {"model_type": "idefics3_vision", **_VISION, "image_size": 980, "patch_size": 140},
        "text_config": {"model_type": "aria_text", **_WIDE, **_EXPERTS, "intermediate_size": 16},
        "image_token_index": ids["<image>"],
        "projector_patch_to_query_dict": {49: 4},
    }


def _granite_docling(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "granite_docling",
        "vision_config": {**_TOWER, "out_hidden_size": 32, "scale_factor": 2, "deepstack_visual_indexes": [0, 1]},
        "text_config": {**_GROUPED, "model_type": "granite_docling_text"},
        "image_token_id": ids["<image>"],
        "pad_token_id": ids["<pad>"],
    }


def _ernie(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "ernie4_5_vl_moe",
        "vision_config": {"depth": 2, "hidden_size": 32, "num_heads": 2, "patch_size": PATCH, "intermediate_size": 48},
        "text_config": {
            **_GROUPED,
            "model_type": "ernie4_5_vl_moe_text",
            "moe_intermediate_size": [16, 8],
            "moe_k": 2,
            "moe_num_experts": 4,
            "moe_num_shared_experts": 1,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]},
        },
        "image_token_id": ids["<|IMAGE_PLACEHOLDER|>"],
        "image_start_token_id": ids["<|IMAGE_START|>"],
        "image_end_token_id": ids["<|IMAGE_END|>"],
        "video_token_id": ids["<|VIDEO_PLACEHOLDER|>"],
        "video_start_token_id": ids["<|VIDEO_START|>"],
        "video_end_token_id": ids["<|VIDEO_END|>"],
    }


def _video_llama_3(ids: dict[str, int]) -> dict[str, Any]:
    return {
        "model_type": "video_llama_3",
        "vision_config": {**_VISION, "patch_size": PATCH},
        "text_config": {"model_type": "qwen2", **_GROUPED},
        "image_token_id": ids["<image>"],
        "video_token_id": ids["<video>"],
    }


_ERNIE_TOKENS = {
    "image_token": "<|IMAGE_PLACEHOLDER|>",
    "image_start_token": "<|IMAGE_START|>",
    "image_end_token": "<|IMAGE_END|>",
    "video_token": "<|VIDEO_PLACEHOLDER|>",
    "video_start_token": "<|VIDEO_START|>",
    "video_end_token": "<|VIDEO_END|>",
}
_GLM_TOKENS = (
    *("<|image|>", "<|video|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"),
    *_TURNS,
)

_GEMMA_TOKENS = ("image", "boi", "eoi", "audio", "boa", "eoa")

FURTHER: dict[str, Recipe] = {
    "idefics2": Recipe(
        _idefics2,
        ("Idefics2ImageProcessorPil", {"size": {"shortest_edge": SIDE // 2, "longest_edge": 2 * SIDE}}),
        {"processor_class": "Idefics2Processor", "image_seq_len": 4},
        RECIPES["idefics3"].template,
        ("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<|im_start|>"),
        {},
    ),
    "ovis2": Recipe(
        _ovis2,
        ("Ovis2ImageProcessorPil", {**_SQUARE, "crop_to_patches": True, "max_patches": 4}),
        {"processor_class": "Ovis2Processor", "image_seq_length": 4},
        _CHATML.replace("IMAGE", "<image>"),
        ("<image>", "<IMG_ATOM>", "<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>", *_TURNS),
        {},
    ),
    "glm4v": Recipe(
        _glm4v,
        ("Glm4vImageProcessorPil", _PIXELS),
        {"processor_class": "Glm4vProcessor"},
        _CHATML.replace("IMAGE", "<|begin_of_image|><|image|><|end_of_image|>"),
        _GLM_TOKENS,
        {},
    ),
    "qwen3_vl_moe": replace(RECIPES["qwen3_vl"], config=_qwen3_vl_moe),
    "deepseek_vl": Recipe(
        _deepseek_vl,
        ("DeepseekVLImageProcessorPil", _SQUARE),
        {"processor_class": "DeepseekVLProcessor", "num_image_tokens": (SIDE // PATCH) ** 2},
        _CHATML.replace("IMAGE", "<image_placeholder>"),
        ("<image_placeholder>", *_TURNS),
        {"image_token": "<image_placeholder>"},
    ),
    "llava_next_video": replace(
        RECIPES["llava_next"],
        config=_llava_next_video,
        processor={**RECIPES["llava_next"].processor, "processor_class": "LlavaNextVideoProcessor"},
        tokens=("<image>", "<video>"),
        named={},
    ),
    "video_llava": Recipe(
        _video_llava,
        ("VideoLlavaImageProcessor", {"size": {"shortest_edge": SIDE}, "crop_size": _SQUARE["size"]}),
        {"processor_class": "VideoLlavaProcessor", "patch_size": PATCH},
        RECIPES["llava"].template,
        ("<image>", "<video>"),
        {},
    ),
    "gemma4": Recipe(
        _gemma4,
        ("Gemma4ImageProcessorPil", {"patch_size": PATCH, "max_soft_tokens": 70}),
        {"processor_class": "Gemma4Processor"},
        str(RECIPES["gemma3"].template).replace("<start_of_image>", "<image>"),
        (*(f"<{name}>" for name in _GEMMA_TOKENS), "<|video|>", "<start_of_turn>", "<end_of_turn>"),
        {f"{name}_token": f"<{name}>" for name in _GEMMA_TOKENS},
    ),
    "pixtral": replace(
        RECIPES["mistral3"],
        config=_pixtral,
        processor={"processor_class": "PixtralProcessor", "patch_size": PATCH},
    ),
    "aria": Recipe(
        _aria,
        ("AriaImageProcessorPil", {}),  # its processor asks for 980 pixels a side, whatever this says
        {"processor_class": "AriaProcessor", "size_conversion": {980: 4}},
        _CHATML.replace("IMAGE", "<image>"),
        ("<image>", *_TURNS),
    ),
    "granite_docling": Recipe(
        _granite_docling,
        ("GraniteDoclingImageProcessorPil", {**_SQUARE, "max_patches": 4}),
        {"processor_class": "GraniteDoclingProcessor", "image_seq_len": 4},
        RECIPES["idefics3"].template,
        RECIPES["idefics3"].tokens,
    ),
    "ernie4_5_vl_moe": Recipe(
        _ernie,
        ("Ernie4_5_VLMoeImageProcessorPil", _PIXELS),
        {"processor_class": "Ernie4_5_VLMoeProcessor"},
        _CHATML.replace("IMAGE", "<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>"),
        (*_ERNIE_TOKENS.values(), *_TURNS),
        _ERNIE_TOKENS,
    ),
    "video_llama_3": Recipe(
        _video_llama_3,
        ("VideoLlama3ImageProcessorPil", _PIXELS),
        {"processor_class": "VideoLlama3Processor"},
        _CHATML.replace("IMAGE", "<image>"),
        ("<image>", "<video>", *_TURNS),
        {"image_token": "<image>", "video_token": "<video>"},
    ),
}
# Its own processor needs torchvision. LLaVA's, told of patches twice as large, makes as many tokens of one tile.
LLAMA4 = Recipe(
    _llama4,
    RECIPES["llava"].image_processor,
    {"processor_class": "LlavaProcessor", "patch_size": 2 * PATCH, "vision_feature_select_strategy": "full"},
    _CHATML.replace("IMAGE", "<|patch|>"),
    ("<|patch|>", *_TURNS),
    {"image_token": "<|patch|>"},
)

RECIPES |= FURTHER | {"llama4": LLAMA4}
