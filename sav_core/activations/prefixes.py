"""The beginning that prompts share, read once: several questions of one picture, queries after the same demonstrations.

    prefix = Prefix(backbone, [first_tokens(one, 700)])       # the picture, and what stands before the questions
    backbone.forward(prefix.then(ids))                        # (question, token): the rest of each prompt alone

A token sees only earlier ones, so what a model remembers of the beginning, its keys and values, serves whatever follows.
Where that is not so (PaliGemma's prompts), or a model cannot read on, ``Shares`` finds it out: what is read after a shared
beginning for the first time is also read whole, and if that gives anything else, this model's prompts are read whole.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from sav_core.errors import OutOfMemoryError, UnsupportedModelError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.faults import one_sentence
from sav_core.models.generation import remembered

__all__ = ["Beginning", "Prefix", "Shares", "first_tokens", "held_by", "next_token", "rest_after", "shared_tokens"]

_BESIDE = ("rope_deltas",)  # what some models remember of a prompt on the side, not in their cache
_WORTH = 0.5  # of a prompt, the least that must be shared: to read on in several forwards costs something too

# Of the largest number: what rounding alone may move the last layers' numbers by, in each dtype.
_SAME = {torch.float32: 2e-3, torch.float16: 2e-2, torch.bfloat16: 0.1}

_log = logging.getLogger(__name__)
_known: WeakKeyDictionary[Backbone, dict[bool, str]] = WeakKeyDictionary()
"""Why each model reads prompts whole, empty where it need not; by whether pictures come after the beginning."""


class Prefix:
    """What a model remembers of the beginnings of prompts: keys and values of all their tokens.

    It stays valid while other prompts are read.

    Attributes:
        rows: how many beginnings.
        length: how many tokens each has.
    """

    def __init__(
        self, backbone: Backbone, starts: Sequence[Encoded], run: Callable[[Mapping[str, Any]], object] | None = None
    ) -> None:
        """Read beginnings of equal length.

        Args:
            backbone: the model.
            starts: the beginnings, each with the pictures that stand in it.
            run: has the model read them; to its end by default, and so that gradients may flow through what follows.
        """
        self.rows, self.length = len(starts), starts[0].length
        self._backbone = backbone
        body, batch = backbone.model.base_model, backbone.collate(starts)
        with backbone.lock:
            if run is None:
                with torch.no_grad():
                    self.memory: Any = body(**batch, use_cache=True, return_dict=True).past_key_values
            else:
                self.memory = DynamicCache(config=backbone.model.config.get_text_config(decoder=True))
                run({**batch, "past_key_values": self.memory})
            self._beside = {name: getattr(body, name) for name in _BESIDE if hasattr(body, name)}

    @property
    def held_bytes(self) -> int:
        """Keys and values of the layers that were run."""
        return held_by(self.memory)

    def then(self, ids: Tensor, images: Mapping[str, Tensor] | None = None) -> dict[str, Any]:
        """Return what a forward takes that reads on; hold the backbone's lock until it has.

        Args:
            ids: ``int (beginning * copy, token)``, what follows each; the copies of one beginning are neighbours.
            images: what stands for pictures in it.
        """
        backbone = self._backbone
        for name, value in self._beside.items():
            setattr(backbone.model.base_model, name, value)
        pictures = {} if not images else backbone.collate([_bare(ids, images)])
        memory = remembered(self.memory, len(ids) // self.rows)
        return {**pictures, "input_ids": ids.to(backbone.device), "past_key_values": memory}


class Shares:
    """Whether a model's prompts may be read after a shared beginning: tried once, on what is read so first."""

    def __init__(self, backbone: Backbone, *, pictures: bool = False) -> None:
        """Use ``pictures`` where some stand in what follows."""
        self._backbone, self._pictures = backbone, pictures

    @property
    def why_not(self) -> str:
        """Why not; empty where they may, and as long as that was not tried."""
        return _known.get(self._backbone, {}).get(self._pictures, "")

    @property
    def tried(self) -> bool:
        """Whether that is known."""
        return self._pictures in _known.get(self._backbone, {})

    def compare(self, shared: Tensor, whole: Tensor) -> bool:
        """Keep whether reading after a shared beginning gave what reading the whole prompt gives; returns that."""
        apart = float((shared.float() - whole.float()).abs().max() / whole.float().abs().max().clamp_min(1e-30))
        same = apart <= _SAME[self._backbone.dtype]
        self._learn("" if same else f"numbers move by {apart:.1%} when a prompt is read in two parts")
        return same

    def refuse(self, error: Exception) -> None:
        """Keep that the model cannot read on."""
        self._learn(f"it cannot read on from what it remembers ({error})")

    def _learn(self, why_not: str) -> None:
        _known.setdefault(self._backbone, {})[self._pictures] = why_not
        if why_not:
            _log.info("%s reads every prompt whole, for %s.", self._backbone.name, why_not)


class Beginning:
    """The beginning of prompts that each go on with pictures of their own, as after the same demonstrations."""

    def __init__(self, backbone: Backbone, start: Encoded) -> None:
        """Read nothing yet: how much of ``start`` its prompts share is seen in them."""
        self._backbone, self._start = backbone, start
        self._known: tuple[Encoded, Prefix] | None = None

    def next_token(self, prompt: Encoded) -> tuple[Tensor, Any] | None:
        """Return the logits ``float32 (1, token)`` at a prompt's end, and what the model remembers of it.

        ``None`` where the prompt is to be read whole; hold the backbone's lock until its answers are read.
        """
        backbone, shares = self._backbone, Shares(self._backbone, pictures=True)
        start = None if shares.why_not else self._shared_with(prompt)
        rest = None if start is None else rest_after(start, prompt)
        if start is None or rest is None:
            return None
        try:
            if rest.images and any(hasattr(backbone.model.base_model, name) for name in _BESIDE):
                raise UnsupportedModelError("where a picture lies to it depends on all that came before")
            whole = None if shares.tried else next_token(backbone, {**backbone.collate([prompt]), "use_cache": False})[0]
            if self._known is None or self._known[0].length != start.length:
                self._known = start, Prefix(backbone, [start])
            inputs = self._known[1].then(rest.tokens["input_ids"], rest.images)
            with torch.no_grad(), one_sentence(backbone.name, inputs):
                found = next_token(backbone, {**inputs, "use_cache": True})
        except UnsupportedModelError as error:
            shares.refuse(error)
            return None
        return found if whole is None or shares.compare(found[0], whole) else None

    def _shared_with(self, prompt: Encoded) -> Encoded | None:
        """What of the beginning a prompt has, if all its pictures are in that."""
        start = self._start
        count = min(start.length, prompt.length - 1)
        same = start.tokens["input_ids"][0, :count] == prompt.tokens["input_ids"][0, :count]
        shared = int(same.long().cumprod(0).sum())
        return None if not shared or bool(start.image_token_mask[shared:].any()) else first_tokens(start, shared)


def shared_tokens(prompts: Sequence[Encoded]) -> int:
    """How many tokens prompts with the same pictures have in common at their beginning, all pictures among them.

    0 where that is less than half of them, or pictures stand after where the texts part.
    """
    shortest = min(prompt.length for prompt in prompts) - 1  # something must be left to read
    first = prompts[0].tokens["input_ids"][0, :shortest]
    alike = torch.stack([prompt.tokens["input_ids"][0, :shortest] == first for prompt in prompts]).all(0)
    shared = int(alike.long().cumprod(0).sum())
    worth = _WORTH * sum(prompt.length for prompt in prompts) / len(prompts)
    return 0 if shared < worth or any(bool(prompt.image_token_mask[shared:].any()) for prompt in prompts) else shared


def first_tokens(prompt: Encoded, count: int) -> Encoded:
    """Return the beginning of a prompt, in which all its pictures stand."""
    tokens = {name: value[:, :count] for name, value in prompt.tokens.items()}
    return replace(prompt, tokens=tokens, image_token_mask=prompt.image_token_mask[:count])


def rest_after(start: Encoded, prompt: Encoded) -> Encoded | None:
    """Return what follows a beginning in a prompt, with the pictures that stand there.

    ``None`` where the prompt does not begin so, or its processor makes another thing of the beginning's pictures in it.
    """
    count = start.length
    if prompt.length <= count or not torch.equal(prompt.tokens["input_ids"][:, :count], start.tokens["input_ids"]):
        return None
    images = {}
    for name, whole in prompt.images.items():
        rest = _after(start.images.get(name), whole)
        if rest is None:
            return None
        if rest.numel():
            images[name] = rest
    tokens = {name: value[:, count:] for name, value in prompt.tokens.items()}
    mask = prompt.image_token_mask[count:]
    return Encoded(tokens, images, mask, prompt.name) if bool(mask.any()) == bool(images) else None


def _after(start: Tensor | None, whole: Tensor) -> Tensor | None:
    """What follows one part of a tensor about pictures, along its first axis, or where that is one, its second."""
    if start is None or start.dim() != whole.dim():
        return None
    for axis in (0, 1)[: whole.dim()]:
        count = start.shape[axis]
        if count <= whole.shape[axis] and whole.narrow(axis, 0, count).shape == start.shape:
            same = torch.equal(whole.narrow(axis, 0, count), start)
            return whole.narrow(axis, count, whole.shape[axis] - count) if same else None
    return None


def held_by(memory: Any) -> int:
    """Bytes of keys and values of all layers that a model remembers of prompts."""
    return sum(t.nbytes for layer in memory.layers for t in (layer.keys, layer.values) if t is not None)


def next_token(backbone: Backbone, inputs: Mapping[str, Any]) -> tuple[Tensor, Any]:
    """Logits ``float32 (row, token)`` of the token after the last, and what the model remembers where it is to."""
    model = backbone.model
    options = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    try:
        read = model(**inputs, **options, return_dict=True)
    except torch.OutOfMemoryError as error:
        rows = inputs["input_ids"].shape[0]
        raise OutOfMemoryError(
            f"{backbone.name} has not memory enough on {backbone.device} to read {rows} prompts at once: set SAV_BATCH_GIB "
            "lower, or use smaller images or fewer demonstrations."
        ) from error
    return read.logits[:, -1].float(), read.past_key_values


def _bare(ids: Tensor, images: Mapping[str, Tensor]) -> Encoded:
    """Pictures alone, to be put where the model computes and into its dtype."""
    return Encoded({"input_ids": ids[:1]}, images, torch.zeros(ids.shape[1], dtype=torch.bool))
