"""Tokenizer, chat template and processor of the embedded model, in the formats `AutoProcessor` reads."""

from collections.abc import Iterator

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from sav_core.scenes.draw import COLOURS
from sav_core.scenes.questions import PHRASES, WORDINGS
from tools.model import GRID, SIDE
from tools.world import TRAINED

PAD, USER, END, ASSISTANT, IMAGE = SPECIAL = ("<pad>", "<user>", "<end>", "<assistant>", "<image>")

TEMPLATE = """\
{%- for message in messages -%}
{{- '<assistant>' if message['role'] == 'assistant' else '<user>' -}}
{%- if message['content'] is string -%}{{- ' ' + message['content'] -}}
{%- else -%}
{%- for part in message['content'] -%}
{{- '<image>' if part['type'] == 'image' else ' ' + part['text'] -}}
{%- endfor -%}
{%- endif -%}
{{- '<end>' if message['role'] == 'assistant' -}}
{%- endfor -%}
{{- '<assistant>' if add_generation_prompt -}}
"""
"""One token each for whose turn it is; an image stands where it stands in the message."""

LEAST_REPEATS = 3  # so that a name, met once in the lists below, still outweighs a chance pair of letters


def corpus() -> Iterator[str]:
    """Every word of the world's questions and answers; plurals are left out, so "cats" reads as " cat" + "s"."""
    for _ in range(LEAST_REPEATS):
        yield from (f" {word}" for name in TRAINED for word in name.split())
        yield from (f" {word}" for word in (*COLOURS, *PHRASES, "top", "bottom", "yes", "no", "true", "false", "a", "an"))
        yield from (f" {digit}" for digit in range(10))
        yield " q: a: cat. dog, which side? what rule? same relation."
        for wordings in WORDINGS.values():
            for wording in wordings:
                text = "".join(piece for piece in wording.split("{") for piece in piece.split("}")[-1:])
                yield " " + text.lower()


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE in which every taught word is a single token and any other text is still writable."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4096,
        min_frequency=2,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=1024,
    )


def build_processor() -> LlavaProcessor:
    """Pictures to 96 pixels a side in -1 .. 1, each `<image>` to as many tokens as the tower gives."""
    return LlavaProcessor(
        image_processor=SiglipImageProcessorPil(
            size={"height": SIDE, "width": SIDE}, image_mean=[0.5] * 3, image_std=[0.5] * 3
        ),
        tokenizer=build_tokenizer(),
        patch_size=SIDE // GRID,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=TEMPLATE,
    )
