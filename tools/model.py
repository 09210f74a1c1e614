"""The embedded model's shape, in a standard transformers architecture that needs no code of ours.

A FastVLM composition: any vision tower that ends in a `(channel, row, column)` map, two linear layers, any decoder.
It is the one LLaVA-type class whose tower may be a plain convolutional net. The tower is a pretrained one (`tower`); a
192-pixel picture becomes 6 x 6 tokens, few enough for prompts of five pictures.
"""

import torch
from transformers import FastVlmConfig, FastVlmForConditionalGeneration, LlamaConfig

from tools.tower import MEAN, SPREAD, STRIDE, fill, published, tower_config

SIDE = 192  # px of the picture the tower reads; nearest mean on photographs: 74 % at 128, 83 at 160, 84 at 192 and 224
GRID = SIDE // STRIDE


def build_config(vocabulary: int, image_token: int, pad_token: int, end_token: int) -> FastVlmConfig:
    """Everything `from_pretrained` needs to know."""
    vision = tower_config(SIDE)
    text = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=8,
        max_position_embeddings=1024,
        rope_theta=10000.0,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end_token,
        pad_token_id=pad_token,
    )
    return FastVlmConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=image_token,
        image_seq_length=GRID * GRID,
        projector_hidden_act="gelu",
        tie_word_embeddings=True,
        pad_token_id=pad_token,
        eos_token_id=end_token,
    )


def build_model(config: FastVlmConfig, seed: int = 0) -> FastVlmForConditionalGeneration:
    """The pretrained tower before an untrained decoder, the same for the same seed."""
    torch.manual_seed(seed)
    model = FastVlmForConditionalGeneration(config)
    fill(model.model.vision_tower, published())
    return model


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Turn `uint8 (..., row, column, channel)` into the float `(..., channel, row, column)` that the processor gives."""
    return pixels.movedim(-1, -3).float().div_(255 * SPREAD).sub_(MEAN / SPREAD)
