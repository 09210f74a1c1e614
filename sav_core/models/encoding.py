"""An example -> what a model reads of it: its tokens, and its pictures and clips as the processor prepares them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from jinja2 import TemplateError
from PIL import Image
from torch import Tensor

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError, SavError, UnsupportedModelError
from sav_core.models.architectures import FEWEST_IMAGE_TOKENS
from sav_core.models.batching import Encoded
from sav_core.models.bodies import find_body
from sav_core.models.chat_prompts import VIDEO, Part, PromptWriter
from sav_core.models.checkpoints import Checkpoint
from sav_core.models.detail import FULL, Sight, find_sight, shows_no_less
from sav_core.models.native_video import NativeVideo
from sav_core.models.preparing import Pictures, prepare, unfit_size
from sav_core.models.processors import pixel_backend
from sav_core.types import DETAILS, Detail

__all__ = ["Encoder"]

# Up to here the processor's overhead is worth sharing, and no call holds many large pictures.
_SMALL_PIXELS = 640 * 480

# Marks of a token's kind that some models want; 0 marks text, so a text-only example has zeros.
_KIND_MARKS = ("token_type_ids", "mm_token_type_ids")

_NO_PLACE = "its chat template writes no place for it"
_LARGE = (2048, 1536)  # a picture that every processor makes smaller, or cuts

_TARGETS = "labels"  # what a processor makes for training only


class Encoder:
    """A model's processor, and what the model takes of all that it makes: the half of a ``Backbone`` that computes nothing.

    Attributes:
        model: the transformers model, in evaluation mode, without gradients.
        processor: its image processor and tokenizer.
        name: the hub id, the folder's name, or "the embedded model".
        longest: how many tokens one example may be; the model's context, unless ``limit_tokens`` says less.
        pixel_backend: what resizes images, ``"pil"`` or ``"torchvision"``.
        prompts: writes the model's prompts.
        video: how it is shown clips as video, where that is asked for.
    """

    def __init__(self, model: Any, processor: Any, checkpoint: Checkpoint) -> None:
        self.model = model
        self.processor = processor
        self.name = checkpoint.name
        self.pixel_backend = pixel_backend(processor)
        self.prompts = PromptWriter(processor)
        self.video = NativeVideo(processor, checkpoint)
        self.longest = _context(model.config)
        self._why_longest = f"the context of {self.name}"
        self._sights: dict[Detail, Sight] = {"full": FULL}
        self._body = find_body(model)
        parameters = inspect.signature(self._body.forward).parameters
        self._accepts = frozenset(parameters)
        self._passes_on = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())

    @property
    def image_token_id(self) -> int | None:
        """The token that the model replaces by what it saw."""
        for name in ("image_token_id", "image_token_index"):
            if isinstance(token := getattr(self.model.config, name, None), int):
                return token
        return None

    @property
    def why_no_video(self) -> str:
        """Why it cannot be shown clips as video, to stand after "because"; empty where nothing is known against it."""
        if self.video.why_not:
            return self.video.why_not
        try:
            places = self.prompts.write((VIDEO, "?")).count(self.video.token)
        except (TemplateError, TypeError, KeyError, ValueError):  # of a template that does not know what a video is
            places = 0
        return "" if places == 1 else _NO_PLACE

    def limit_tokens(self, most: int, whose: str) -> None:
        """From now on refuse examples of more tokens than this, if the model's own context is not shorter.

        Args:
            most: tokens.
            whose: limit that is, in words that follow "tokens, ".
        """
        if self.longest is None or most < self.longest:
            self.longest, self._why_longest = most, whose

    def sight(self, detail: Detail) -> Sight:
        """Return how pictures are looked at with a detail; that it takes fewer tokens is measured, with a large picture.

        Raises:
            SettingError: there is no such detail, or this model shows every picture at one size.
        """
        if detail not in self._sights:
            found = find_sight(self.processor, detail, self.name)
            if self._picture_tokens(_LARGE, found) >= self._picture_tokens(_LARGE, FULL):
                raise shows_no_less(detail, self.processor, self.name)
            self._sights[detail] = found
        return self._sights[detail]

    @cached_property
    def details(self) -> Mapping[Detail, str]:
        """Which details there are, and why this model has not one; empty where it has. Each is measured, see ``sight``."""
        why_not = dict.fromkeys(DETAILS, "")
        for detail in DETAILS:
            try:
                self.sight(detail)
            except SavError as error:  # a processor may also refuse the picture that it is measured with
                why_not[detail] = str(error)
        return why_not

    def picture_tokens(self, size: tuple[int, int], detail: Detail = "full") -> int:
        """Return how many tokens a picture of that width and height is to the model.

        Raises:
            SettingError: as ``sight``.
        """
        return self._picture_tokens(size, self.sight(detail))

    def _picture_tokens(self, size: tuple[int, int], sight: Sight) -> int:
        (made,) = self._prepared([Example(Image.new("RGB", size))], sight)
        return int(made.image_token_mask.sum())

    def encode(self, example: Example) -> Encoded:
        """Return what the model reads of an example; safe to call while another thread runs a forward.

        Raises:
            ImageError: a picture can no longer be decoded.
            InputError: the question holds a control token, or the processor refuses the example.
            SettingError: it shows pictures at one size, and the example asks for less.
            UnsupportedModelError: the processor makes something of a picture that the model does not take.
        """
        return self._encode_alike([example.as_shown()])[0]

    def prepare(self, example: Example) -> Encoded:
        """Return what ``encode`` does, of however many tokens: to count them, not to read them."""
        return self._prepared([example.as_shown()], self.sight(example.detail))[0]

    def encode_all(self, examples: Sequence[Example]) -> list[Encoded]:
        """Return what ``encode`` returns of each, small pictures of one size and one prompt in one call of the processor.

        Most of what a processor does for a small picture it does for the call.

        Raises:
            ImageError, InputError: as ``encode``, of the first example that it raises for.
        """
        examples = [example.as_shown() for example in examples]
        encoded: list[Encoded | None] = [None] * len(examples)
        for rows in self._alike(examples):
            try:
                together = self._encode_alike([examples[row] for row in rows]) if len(rows) > 1 else []
            except InputError:
                together = []  # which of them, and in its turn, is found one by one
            for row, one in zip(rows, together, strict=False):
                encoded[row] = one
        return [self.encode(examples[row]) if one is None else one for row, one in enumerate(encoded)]

    def _alike(self, examples: Sequence[Example]) -> Iterable[list[int]]:
        """Rows of examples whose encodings have the same shapes, for prompt and sizes decide them."""
        groups: dict[Any, list[int]] = {}
        for row, example in enumerate(examples):
            sizes = tuple(part.size for part in example.parts if isinstance(part, Picture))
            small = sum(width * height for width, height in sizes) <= _SMALL_PIXELS
            texts = tuple(None if isinstance(part, Picture) else part for part in example.parts)
            alike = bool(sizes) and small and not example.clips
            groups.setdefault((texts, sizes, example.detail) if alike else row, []).append(row)
        return groups.values()

    def _encode_alike(self, examples: Sequence[Example]) -> list[Encoded]:
        """Encode examples of one prompt, one detail and one list of picture sizes."""
        encoded = self._prepared(examples, self.sight(examples[0].detail))
        sizes = [image.size for example in examples for image in example.images if not isinstance(image, Clip)]
        fewest = FEWEST_IMAGE_TOKENS.get(self.model.config.model_type, 0)
        if sizes and int(encoded[0].image_token_mask.sum()) < fewest:
            raise InputError(unfit_size(sizes, examples[0].name, self.name))
        if self.longest is not None and encoded[0].length > self.longest:
            raise InputError(
                f"{examples[0].name!r} is {encoded[0].length:,} tokens to {self.name}, more than {self.longest:,}, "
                f"{self._why_longest}: use fewer or smaller pictures, or a shorter question."
            )
        return encoded

    def _prepared(self, examples: Sequence[Example], sight: Sight) -> list[Encoded]:
        """What the processor makes of such examples, of whatever length."""
        prompt = self._prompt(examples[0])
        shown = [[part for part in example.parts if isinstance(part, Picture)] for example in examples]
        images = [[sight.shown(part.rgb()) for part in row if not isinstance(part, Clip)] for row in shown]
        arrays = "np" if self.pixel_backend == "pil" else "pt"  # each backend's own kind costs no conversion
        options = {"add_special_tokens": not self.prompts.starts_with_bos(prompt), "return_tensors": arrays}
        told = {"images_kwargs": dict(sight.options)} if sight.options else {}
        clips = [part for row in shown for part in row if isinstance(part, Clip)]
        video = self._video_inputs(clips, prompt) if clips else {}
        prompts, sizes = [prompt] * len(examples), [picture.size for row in images for picture in row]

        def process(pictures: Pictures) -> Mapping[str, Any]:
            if sizes or video:
                made: Mapping[str, Any] = self.processor(
                    text=prompts, images=pictures if sizes else None, **(options | video | told)
                )
            else:
                made = self.processor.tokenizer(prompts, **options)
            return made

        made = self._encoded(prepare(process, images, examples[0].name, self.name), len(examples))
        return [replace(one, name=example.name) for one, example in zip(made, examples, strict=True)]

    def answer_ids(self, example: Example, answer: str) -> list[int]:
        """Return the tokens of an answer that the assistant gives to the example."""
        return self.prompts.continuation(self._prompt(example), answer)

    def unnamed(self, encoded: Encoded) -> list[str]:
        """Return the tensors of an example that the model's forward does not name, but takes among others it passes on."""
        return sorted({*encoded.tokens, *encoded.images}.difference(self._accepts))

    def _prompt(self, example: Example) -> str:
        places: list[Part] = []
        for part in example.parts:
            if isinstance(part, Clip):
                places += [VIDEO] if part.sampling.way == "native" else [None] * len(part.times)
            else:
                places.append(part if isinstance(part, str) else None)
        return self.prompts.write(tuple(places))

    def _video_inputs(self, clips: Sequence[Clip], prompt: str) -> dict[str, Any]:
        inputs = self.video.inputs(clips)
        if prompt.count(self.video.token) != len(clips):
            raise self.video.refuse(_NO_PLACE)
        return inputs

    def _encoded(self, inputs: Mapping[str, Any], count: int) -> list[Encoded]:
        """Part the processor's output by example, and into tensors shaped like the tokens and tensors about the images."""
        ids = torch.as_tensor(inputs["input_ids"])
        taken = self._taken(inputs)
        about_images = {*getattr(self.processor.image_processor, "model_input_names", ()), *self.video.names}
        tokens: list[dict[str, Tensor]] = [{} for _ in range(count)]
        images: list[dict[str, Tensor]] = [{} for _ in range(count)]
        for name, value in inputs.items():
            if name not in taken:
                continue
            tensor = torch.as_tensor(value)
            if len(tensor) % count:
                raise InputError(f"The processor of {self.name} does not lay out {name} example by example.")
            shaped_like_tokens = tensor.shape == ids.shape and name not in about_images
            # Alike, all have the same number of images, and of patches where a model lists those.
            for kind, part in zip(tokens if shaped_like_tokens else images, tensor.tensor_split(count), strict=True):
                kind[name] = part
        for row, part in zip(tokens, ids.tensor_split(count), strict=True):
            for name in self._accepts.intersection(_KIND_MARKS).difference(row):
                row[name] = torch.zeros_like(part)
        seen = [token for token in (self.image_token_id, self.video.token_id) if token is not None]
        masks = torch.isin(ids, torch.tensor(seen, dtype=ids.dtype))
        return [Encoded(*row) for row in zip(tokens, images, masks, strict=True)]

    def _taken(self, inputs: Mapping[str, Any]) -> set[str]:
        """Names of what goes to the model: all that the processor made of pictures, lest a part of them be lost."""
        unnamed = set(inputs).difference(self._accepts, self.processor.tokenizer.model_input_names, [_TARGETS])
        if unnamed and not self._passes_on:
            raise UnsupportedModelError(
                f"{self.name} cannot serve because its processor makes {', '.join(sorted(unnamed))} of a picture, which "
                f"{self.model.config.model_type!r} ({type(self._body).__name__}) does not take, so that the picture "
                "would be lost: choose another model."
            )
        return unnamed.union(self._accepts.intersection(inputs))


def _context(config: Any) -> int | None:
    """How many tokens the language model was made for; ``None`` where its config does not say."""
    context = getattr(config.get_text_config(), "max_position_embeddings", None)
    return context if isinstance(context, int) and context > 0 else None
