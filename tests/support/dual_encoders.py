"""Tiny random models of pictures and texts on disk, as a hub repository holds them: CLIP, SigLIP and SigLIP 2."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from sav_core.models.silence import silence

SIDE, PATCH, LONGEST = 32, 8, 40

_TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
_PICTURES = {"siglip2": {"num_patches": 16, "patch_size": PATCH}}
_PROCESSORS = {
    "clip": ("CLIPImageProcessorPil", {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}),
    "siglip": ("SiglipImageProcessorPil", {"size": {"height": SIDE, "width": SIDE}}),
    "siglip2": ("Siglip2ImageProcessorPil", {"patch_size": PATCH, "max_num_patches": 16}),
}
_NAMES = {"clip": "CLIPProcessor", "siglip": "SiglipProcessor", "siglip2": "Siglip2Processor"}


def write_dual_encoder(kind: str, folder: Path, seed: int = 0) -> Path:
    """Write the files of a tiny random checkpoint, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    ids = {"pad_token_id": 256, "bos_token_id": 257, "eos_token_id": 258}
    text = {**_TOWER, **ids, "vocab_size": len(tokenizer), "max_position_embeddings": LONGEST}
    pictures = {**_TOWER, **_PICTURES.get(kind, {"image_size": SIDE, "patch_size": PATCH})}
    more = {"projection_dim": 16} if kind == "clip" else {}
    if kind != "clip":
        text["projection_size"] = _TOWER["hidden_size"]
    torch.manual_seed(seed)
    config = AutoConfig.for_model(kind, text_config=text, vision_config=pictures, **more)
    model = AutoModel.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():  # as drawn, pictures would hardly differ
            if parameter.dim() > 1:
                parameter.normal_(std=0.2)
    tokenizer.save_pretrained(folder)
    name, options = _PROCESSORS[kind]
    getattr(transformers, name)(**options).save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": _NAMES[kind]}))
    with silence():
        model.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    """Every byte is a token; a text ends with a token of its own, as CLIP wants it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    vocabulary = {token: index for index, token in enumerate([*alphabet, *special])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 257), ("</s>", 258)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=LONGEST,
    )
