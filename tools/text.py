"""Tokenizer, chat template and processor of the embedded model, in the formats `AutoProcessor` reads."""

from collections.abc import Iterator
from functools import cache

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from sav_core.scenes.draw import COLOURS
from sav_core.scenes.questions import PHRASES, WORDINGS
from tools.model import GRID, SIDE
from tools.names import CLASSES, NEW_WORDS, more
from tools.tower import MEAN, SPREAD
from tools.wordings import CLASS, KEEP, ORDINALS, STEPS
from tools.wordings import WORDINGS as OF_SEVERAL
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

ANSWERS = (
    "the", "moved", "nowhere", "nothing", "is", "new", "gone", "larger", "smaller", "same", "different", "pair",
    "pairs", "of",
)  # fmt: skip
LEAST_REPEATS = 3  # so that a name, met once in the lists below, still outweighs a chance pair of letters


def corpus() -> Iterator[str]:
    """Every word of the world's questions and answers; plurals are left out, so "cats" reads as " cat" + "s"."""
    for _ in range(LEAST_REPEATS):
        yield from (f" {word}" for name in (*TRAINED, *more(), *CLASSES, *NEW_WORDS) for word in name.split())
        yield from (f" {word}" for word in (*COLOURS, *PHRASES, "top", "bottom", "yes", "no", "true", "false", "a", "an"))
        yield from (f" {digit}" for digit in range(10))
        yield " q: a: cat. dog, which side? what rule? same relation."
        yield from (f" {word}" for word in (*ORDINALS, *STEPS, *ANSWERS, *KEEP, CLASS))
        for wordings in (*WORDINGS.values(), *OF_SEVERAL.values()):
            for wording in wordings:
                text = "".join(piece for piece in wording.split("{") for piece in piece.split("}")[-1:])
                yield " " + text.lower()


@cache
def build_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE in which every taught name is a single token and any other text is still writable.

    A name that begins with a colour stays in two, or "a red panda" could not be a panda tinted red.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=8192,
        min_frequency=2,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_tokens(
        [
            AddedToken(f" {name}", normalized=True)
            for name in dict.fromkeys((*TRAINED, *more(), *CLASSES))
            if len(tokenizer.encode(f" {name}").ids) > 1 and name.split()[0] not in COLOURS
        ]
    )
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
    """Pictures to the tower's side and range, each `<image>` to as many tokens as the tower gives."""
    return LlavaProcessor(
        image_processor=SiglipImageProcessorPil(
            size={"height": SIDE, "width": SIDE}, image_mean=[MEAN] * 3, image_std=[SPREAD] * 3
        ),
        tokenizer=build_tokenizer(),
        patch_size=SIDE // GRID,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=TEMPLATE,
    )
