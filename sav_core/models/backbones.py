"""A frozen multimodal model, ready to read examples.

    backbone = load_backbone()                               # the embedded model, or what SAV_MODEL names
    backbone = load_backbone("Qwen/Qwen2-VL-2B-Instruct")    # a hub id, or a folder
    backbone.geometry                                        # 28 layers x 12 heads x 128 dim
    backbone.dtype, backbone.why_dtype                       # what it computes in, and why that

Any architecture serves that transformers lists under ``AutoModelForImageTextToText`` and whose language model has ordinary
self-attention in every layer. Nothing here asks for a model's name: what differs is found through accessors, measured on
modules, or a row in a table.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import CancelledError, UnsupportedModelError
from sav_core.models.batching import BatchBudget, Encoded, collate
from sav_core.models.checkpoints import Checkpoint, find_checkpoint
from sav_core.models.decoders import find_decoder
from sav_core.models.encoding import Encoder
from sav_core.models.faults import one_sentence
from sav_core.models.precision import Precision, check_memory, choose_device, load_precisely
from sav_core.models.processors import load_processor
from sav_core.models.weights import load_model, read_config, skeleton
from sav_core.settings import settings
from sav_core.types import Cancel, Geometry

__all__ = ["Backbone", "fetch_model", "load_backbone"]

_ENCODING = 1  # raise it when encode() changes what a model reads, so that no cached vector outlives that

# A batch's working memory on a CPU. Two pictures of SmolVLM at once took 6 % longer than one after the other, six 11 %;
# 32 of the embedded model less than half of that.
_WORTH_BYTES = 100 << 20

_FETCHING, _TICK_SECONDS = threading.Lock(), 0.2

# What a cached vector's key says of a part: a picture, or a clip and how it is shown.
_PICTURE, _CLIP = "i", "c:{}:"


def load_backbone(
    model: str | os.PathLike[str] | None = None,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
    revision: str | None = None,
    *,
    hub_only: bool = False,
) -> Backbone:
    """Load a multimodal model from a folder or by its hub id; never remote code, no network when the files are here.

    Args:
        model: a folder, or an id on the hub; the embedded model (or what ``SAV_MODEL`` names) when ``None``.
        device: ``"auto"`` takes the GPUs when there are any, else the CPU.
        dtype: ``"auto"`` takes bfloat16 on a GPU, on a CPU the faster of float32 and bfloat16 for this model.
        revision: a branch, tag or commit on the hub.
        hub_only: whether ``model`` is an id on the hub even where a folder here is called so: for names that others type.

    Raises:
        ModelNotFoundError: there is no such folder, no such id, or no network to fetch it.
        UnsupportedModelError: it has no ordinary self-attention, needs its own code, or lacks a part.
        SettingError: there is no such device or dtype.
    """
    place = choose_device(device)
    chosen = settings().model if model is None else model
    checkpoint = find_checkpoint(chosen, revision, hub_only=hub_only, judge=_judge(dtype, place))
    config, _ = _judged(checkpoint)  # refuse before the weights are read, which may take minutes
    processor = load_processor(checkpoint)

    def load(numbers: torch.dtype) -> Any:
        return load_model(checkpoint, config, place, numbers)

    def sample(loaded: Any) -> Mapping[str, Tensor]:
        trial = Backbone(loaded, processor, checkpoint, Precision(loaded.dtype, "on trial"))
        batch = trial.collate([trial.encode(Example(Image.new("RGB", (64, 64)), "What is this?"))])
        trial.forward(batch)
        return batch

    loaded, precision = load_precisely(load, sample, dtype, place, checkpoint)
    return Backbone(loaded, processor, checkpoint, precision)


def fetch_model(
    model: str,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
    *,
    cancel: Cancel | None = None,
) -> None:
    """Bring a hub model's files onto this disk, if they are not, after what ``load_backbone`` would refuse was refused.

    One download at a time, of all threads; ``cancel`` is asked while it waits and while it fetches.

    Raises:
        SavError: as ``load_backbone``.
        CancelledError: ``cancel`` said so; what has come is kept.
    """
    while not _FETCHING.acquire(timeout=_TICK_SECONDS):
        if cancel is not None and cancel():
            raise CancelledError(f"Stopped before {model} was fetched.")
    try:
        find_checkpoint(model, hub_only=True, judge=_judge(dtype, choose_device(device)), cancel=cancel)
    finally:
        _FETCHING.release()


def _judge(dtype: str | torch.dtype, device: torch.device) -> Callable[[Checkpoint], None]:
    """Return what refuses a model, before its weights are fetched, that could not serve or does not fit into memory."""

    def judge(offered: Checkpoint) -> None:
        empty = _judged(offered)[1]
        if getattr(empty.config, "quantization_config", None) is None:  # or it is smaller than it has numbers
            check_memory(offered.name, empty.num_parameters(), dtype, device)

    return judge


def _judged(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """Its config and the model without weights, refused where no weights could make it serve."""
    config = read_config(checkpoint)
    empty = skeleton(config, checkpoint.name)
    find_decoder(empty, checkpoint.name)
    return config, empty


class Backbone(Encoder):
    """A frozen model with its processor: made by ``load_backbone``, safe to share between threads.

    Attributes:
        decoder: its attention layers.
        geometry: layers, query heads in each, numbers in one head's vector.
        dtype: what it computes in; ``dtype_name`` is its name, such as ``"float32"``.
        why_dtype: why that, in one sentence.
        identity: names weights and configuration, wherever they lie and whatever they are computed in.
        fingerprint: names weights, processor and numbers; equal fingerprints give equal head vectors.
        lock: held during a forward; hold it to run several as one.

    And those of an `Encoder`, which makes what it reads: ``model``, ``processor``, ``name``, ``prompts``, ``longest``.
    """

    def __init__(self, model: Any, processor: Any, checkpoint: Checkpoint, precision: Precision) -> None:
        super().__init__(model, processor, checkpoint)
        self.decoder = find_decoder(model, checkpoint.name)
        self.geometry: Geometry = self.decoder.geometry
        self.dtype = precision.dtype
        self.dtype_name = str(precision.dtype).removeprefix("torch.")
        self.why_dtype = precision.why
        self.lock = threading.RLock()
        self._apart = self.decoder.sparse
        self.identity = checkpoint.identity
        self.fingerprint = self._fingerprint(checkpoint)

    def __repr__(self) -> str:
        return f"Backbone({self.name!r}, {self.geometry}, {self.dtype_name} on {self.device})"

    def __sklearn_clone__(self) -> Backbone:
        """Return itself: it is frozen, and a copy of its weights would only fill memory."""
        return self

    @property
    def device(self) -> torch.device:
        """Where tokens go in; a large model may go on to other GPUs from there."""
        device: torch.device = self.model.get_input_embeddings().weight.device
        return device

    @property
    def pads(self) -> bool:
        """Whether prompts of different lengths may be read at once; where not, padding would move their vectors."""
        return not self._apart

    def never_pad(self) -> None:
        """From now on read only prompts of equal length at once: padding was seen to move their vectors."""
        self._apart = True

    @property
    def pad_token_id(self) -> int:
        """What stands left of a shorter prompt in a batch; masked, so any token would do."""
        tokenizer = self.processor.tokenizer
        return int(next((token for token in (tokenizer.pad_token_id, tokenizer.eos_token_id) if token is not None), 0))

    def key(self, example: Example) -> str:
        """Return what its head vector depends on, as 64 hexadecimal digits; no pixel is decoded for it."""
        digest = hashlib.sha256(self.fingerprint.encode())
        if example.detail != "full":  # which keys of former versions are of
            digest.update(f"d{example.detail}:".encode())
        for part in example.parts:
            kind, content = (_kind(part), part.digest) if isinstance(part, Picture) else ("t", part)
            digest.update(f"{kind}{len(content.encode())}:{content}".encode())
        return digest.hexdigest()

    def collate(self, examples: Sequence[Encoded]) -> dict[str, Tensor]:
        """Join encoded examples into one batch on the model's device and in its dtype, padded on the left.

        Raises:
            UnsupportedModelError: they differ in length, and padding moves this model's vectors.
        """
        lengths = {example.length for example in examples}
        if len(lengths) > 1 and not self.pads:
            raise UnsupportedModelError(
                f"Padding moves the vectors of {self.name}, so prompts that it reads at once must be of equal length, but "
                f"are of {min(lengths)} to {max(lengths)} tokens: show them one by one."
            )
        batch = collate(examples, self.pad_token_id)
        return {name: tensor.to(self.device, self._number(tensor)) for name, tensor in batch.items()}

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Run the model without its language-model head; return ``(example, token, hidden)``, one forward at a time.

        Raises:
            UnsupportedModelError: the processor makes images or image tokens that the model has no place for, or the model
                stops for another reason; not where memory runs out, which is raised as it comes.
        """
        with self.lock, torch.inference_mode(), one_sentence(self.name, batch):
            hidden: Tensor = self._body(**batch, use_cache=False, return_dict=True).last_hidden_state
            return hidden

    def budget(self, limit_bytes: int | None = None) -> BatchBudget:
        """Return how much may go through the model at once: what was given, what is free on the GPU, or the setting."""
        size = self.dtype.itemsize
        layer = self.decoder.layers[0]
        widths = [module.out_features for module in layer.modules() if isinstance(module, torch.nn.Linear)]
        numbers = sum(widths) + 4 * max(widths, default=0)  # as if all lived at once, and the residual stream besides
        on_gpu = self.device.type == "cuda"
        if limit_bytes is None:
            limit_bytes = int(0.7 * torch.cuda.mem_get_info(self.device)[0]) if on_gpu else settings().batch_bytes
        most, worth_bytes = (128, limit_bytes) if on_gpu else (32, _WORTH_BYTES)
        return BatchBudget(limit_bytes, numbers * size, size, most, worth_bytes, pads=self.pads)

    def _number(self, tensor: Tensor) -> torch.dtype:
        of_pixels = tensor.is_floating_point() and tensor.dim() > 1  # one number for each clip is a time
        return self.dtype if of_pixels else tensor.dtype

    def _fingerprint(self, checkpoint: Checkpoint) -> str:
        facts = (_ENCODING, checkpoint.identity, self.dtype_name, self.pixel_backend, self.prompts.template)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _kind(part: Picture) -> str:
    return _CLIP.format(part.sampling.way) if isinstance(part, Clip) else _PICTURE
