"""Tiny checkpoints of models that are read wrongly where nothing looks: added to the recipes of ``tiny_models``.

A LLaVA takes any language model that transformers knows, so these are what somebody's own composition may hold: linear
attention and sparse attention under the usual names, attention sinks, heads that are subtracted from one another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.support.tiny_models import PATCH, RECIPES, TEXT, VICUNA, Recipe

_LATENT = {
    **TEXT,
    "num_key_value_heads": 4,
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 16,
}
_EXPERTS = {
    "moe_intermediate_size": 16,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
    "mlp_layer_types": ["dense"] * 3,
}
_LINEAR = {
    **_LATENT,
    **_EXPERTS,
    "num_local_experts": 4,
    "layer_types": ["linear_attention", "linear_attention", "full_attention"],
}

LANGUAGE_MODELS: dict[str, dict[str, Any]] = {
    "kimi_linear": {**_LINEAR, "q_lora_rank": None, "linear_head_dim": 16, "linear_num_heads": 4},
    "bailing_hybrid": {**_LINEAR, "head_dim": 16},
    "deepseek_v32": {
        **_LATENT,
        **_EXPERTS,
        "n_routed_experts": 4,
        "index_topk": 16,
        "index_head_dim": 16,
        "index_n_heads": 4,
    },
    "gpt_oss": {
        **TEXT,
        "head_dim": 16,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "beam": {
        **TEXT,
        "head_dim": 16,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "mlp_layer_types": ["dense"] * 3,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    },
    "diffllama": {**TEXT},
    "olmo2": {**TEXT},
    "gemma3n_text": {
        **TEXT,
        "head_dim": 16,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention", "full_attention"],
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": 300,
        "laurel_rank": 4,
        "altup_num_inputs": 2,
        "num_kv_shared_layers": 0,
        "activation_sparsity_pattern": [0.0, 0.0, 0.0],
    },
}
"""Language models by their ``model_type``, each the whole config but for its vocabulary."""


def _with(text: dict[str, Any], model_type: str) -> Recipe:
    """The tiny LLaVA with another language model."""
    llava = RECIPES["llava"]

    def config(ids: dict[str, int]) -> dict[str, Any]:
        return {**llava.config(ids), "text_config": {"model_type": model_type, **text}}

    return replace(llava, config=config)


for _name, _text in LANGUAGE_MODELS.items():
    RECIPES[f"llava_{_name}"] = _with(_text, _name)

RECIPES["glm5_next"] = Recipe(
    lambda ids: {
        "model_type": "glm5_next",
        "vision_config": {"depth": 1, "num_heads": 2, "hidden_size": 32, "out_hidden_size": 32, "intermediate_size": 48},
        "text_config": {
            **_LATENT,
            **_EXPERTS,
            "qk_rope_head_dim": 0,
            "n_routed_experts": 4,
            "linear_num_heads": 4,
            "linear_head_dim": 16,
            "index_kpool": 4,
            "index_topk": 16,
            "layer_types": ["linear_attention", "linear_attention", "indexed_attention"],
        },
    },
    ("Qwen2VLImageProcessorPil", {"patch_size": PATCH}),
    {"processor_class": "Glm5NextProcessor"},
    VICUNA.replace("IMAGE", "<|image|>"),
    ("<|image|>",),
)

_CAUSAL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
_SAM = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 64}

RECIPES["deepseek_ocr2"] = Recipe(
    lambda ids: {
        "model_type": "deepseek_ocr2",
        "vision_config": {
            "sam_config": {
                **_SAM,
                "image_size": 768,
                "window_size": 4,
                "global_attn_indexes": [1],
                "downsample_channels": [16, 32],
                "initializer_range": 0.02,
            },
            "encoder_config": {**_CAUSAL, "num_key_value_heads": 2, "vocab_size": 300},
        },
        "text_config": {
            **_CAUSAL,
            "num_key_value_heads": 2,
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 16,
            "mlp_layer_types": ["dense"] * 2,
        },
        "image_token_id": ids["<image>"],
    },
    ("DeepseekOcr2ImageProcessorPil", {"size": {"height": 768, "width": 768}}),
    {"processor_class": "DeepseekOcr2Processor"},
    VICUNA.replace("IMAGE", "<image>"),
    ("<image>",),
)
