"""The embedded model's shape, in a standard transformers architecture that needs no code of ours.

A FastVLM composition: any vision tower that ends in a `(channel, row, column)` map, two linear layers, any decoder.
It is the one LLaVA-type class whose tower may be a plain convolutional net, and from scratch on a CPU a ResNet learns
to see in minutes where a vision transformer hardly moves. A 96-pixel picture becomes 6 x 6 tokens, few enough for
prompts of five pictures.
"""

import torch
from transformers import FastVlmConfig, FastVlmForConditionalGeneration, LlamaConfig, ResNetConfig

SIDE = 96  # px of the picture the tower reads
GRID = 6  # the tower halves it four times
CHANNELS = 320  # of the tower's last map


def build_config(vocabulary: int, image_token: int, pad_token: int, end_token: int) -> FastVlmConfig:
    """Everything `from_pretrained` needs to know."""
    vision = ResNetConfig(
        embedding_size=48,
        hidden_sizes=[64, 128, CHANNELS],
        depths=[2, 2, 2],
        layer_type="basic",
        hidden_size=CHANNELS,
    )
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
    """An untrained model, the same for the same seed."""
    torch.manual_seed(seed)
    return FastVlmForConditionalGeneration(config)


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    """Turn `uint8 (..., row, column, channel)` into the float `(..., channel, row, column)` that the processor gives."""
    return pixels.movedim(-1, -3).float().div_(127.5).sub_(1.0)
