"""Whether a model reads what it is given, measured before its vectors are trusted: once for each model, then remembered.

    check_reading(backbone)        # raises UnsupportedModelError, or has the backbone pad no prompts, or does nothing
    probe_reading(backbone)        # Reading: what was found, in sentences

Two drawn pictures and one question go through the first layers, as many as have every kind of attention that the model has:

- **The picture arrives.** Two pictures must give two vectors. Where they do not, something of the picture was lost on its
  way, and a classifier would be fitted on the question alone: refused.
- **Heads are heads.** In every layer one head's query is turned to something else. That head's vector, and no other, may
  move; and attention must be weights over tokens. Where not, a "head" is none, and its vote would mean nothing: refused.
- **Padding is not read.** A prompt beside a longer one must give the vector that it gives alone. Where it does not, prompts
  of different lengths are read apart from then on: slower, and right.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import transformers
from PIL import Image
from torch import Tensor

from sav_core.activations.attention_tap import AttentionCall, attention_tapped
from sav_core.activations.hooks import capture_last_token, forward_to_last_heads, inputs_hooked
from sav_core.data.examples import Example
from sav_core.errors import StorageError, UnsupportedModelError
from sav_core.files import write_atomically
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.checkpoints import EMBEDDED
from sav_core.models.decoders import by_reason
from sav_core.settings import settings

__all__ = ["Reading", "check_reading", "probe_reading"]

FloatArray = npt.NDArray[np.float64]

_VERSION = 2  # raise it when the probe finds other things, so that no note outlives that
_SIDE = 128  # of the drawn pictures, in pixels: square, for processors cut others into tiles
_QUESTION = "What is this?"
_LONGER = f"{_QUESTION} {'And what is that? ' * 8}".strip()

# Of what a layer's vectors measure, in each dtype: what rounding alone may move them by in the first layers, and below
# what two vectors are one. Padding that is attended to moves them by a tenth and more, and by less where it only shifts
# the positions that scale a query; a lost picture moves them by nothing at all.
_MOVED = {torch.float32: 0.0005, torch.float16: 0.002, torch.bfloat16: 0.015}
_ALIKE = {torch.float32: 1e-6, torch.float16: 1e-4, torch.bfloat16: 1e-3}
_LEAK = 0.05  # the part of its own movement that a head's query may move another head by
_TURN = 8.0  # how much longer a turned query is, so that its head looks elsewhere and nowhere else
_TINY = 1e-30  # against division by nothing

_known: dict[Path, Reading] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe found of a model.

    Attributes:
        refusals: why its vectors cannot be used, each the rest of a sentence that begins "it cannot serve because".
        limits: what has to be done without to use them, each a sentence.
    """

    refusals: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def check_reading(backbone: Backbone) -> None:
    """Make sure that a model's head vectors are what they are taken for; costs nothing but the first time.

    Found is found for good: notes lie beside the cached vectors, one for each fingerprint, device and version of
    transformers and torch. The embedded model is probed by the tests, not where it starts.

    Raises:
        UnsupportedModelError: they are not; the message says what was seen.
    """
    if backbone.name == EMBEDDED:
        return
    reading = _recalled(backbone)
    if reading.refusals:
        raise UnsupportedModelError(
            f"{backbone.name} cannot serve because {'; '.join(reading.refusals)}: choose another model."
        )
    if reading.limits:
        backbone.never_pad()


def probe_reading(backbone: Backbone) -> Reading:
    """Run a model on two drawn pictures and say what is wrong with how it reads them; nothing is remembered.

    Raises:
        InputError, UnsupportedModelError: as ``Backbone.encode`` and ``Backbone.forward``.
    """
    one, other, longer = (
        backbone.encode(Example(_drawn(seed), question))
        for seed, question in ((0, _QUESTION), (1, _QUESTION), (0, _LONGER))
    )
    depth = _depth(backbone.decoder.kinds)
    heads = _HeadsTurned(backbone, depth)
    with heads.turned():
        alone = _vectors(backbone, [one, one], depth)[0]
    refusals = heads.faults()
    alike = _apart(alone, _vectors(backbone, [other], depth)[0]) <= _ALIKE[backbone.dtype]
    if alike and _alike_throughout(backbone, one, other):  # where layers see few tokens, only later ones see pictures
        refusals.append(_lost(backbone, backbone.unnamed(one)))
    limits = [] if backbone.pads else ["Its queries choose among tokens, and padding would be among them"]
    if backbone.pads and not refusals:
        moved = _apart(alone, _vectors(backbone, [one, longer], depth)[0])
        limits += [f"Padding moves its vectors by {moved:.1%}"] if moved > _MOVED[backbone.dtype] else []
    return Reading(tuple(refusals), tuple(f"{limit}: prompts of different lengths are read apart." for limit in limits))


def _alike_throughout(backbone: Backbone, one: Encoded, other: Encoded) -> bool:
    """Whether two examples give the same vectors in all layers."""
    first, second = (_vectors(backbone, [each], None)[0] for each in (one, other))
    return _apart(first, second) <= _ALIKE[backbone.dtype]


def _lost(backbone: Backbone, unnamed: Sequence[str]) -> str:
    """Why two pictures may be one to a model."""
    kind = f"{backbone.model.config.model_type!r} ({type(backbone.model).__name__})"
    if unnamed:
        why = f"its processor makes {', '.join(unnamed)} of a picture, which {kind} does not take"
    else:
        why = f"nothing of a picture reaches the language model of this {kind}, as where weights between them are zero"
    return f"two different pictures give one vector: {why}"


class _HeadsTurned:
    """Turns one head's query in the second of two equal prompts, layer by layer, and notes which heads that moves.

    After each layer the second prompt goes on as the first, so that no layer sees what was done in another.
    """

    def __init__(self, backbone: Backbone, depth: int) -> None:
        self._backbone = backbone
        self._depth = depth
        self._moves: dict[int, FloatArray] = {}  # (head,), how far each went, of the largest vector
        self._tapped: set[int] = set()

    @contextlib.contextmanager
    def turned(self) -> Iterator[None]:
        """While open, in every forward of two rows."""
        projections = self._backbone.decoder.projections[: self._depth]
        with (
            attention_tapped(self._backbone, range(self._depth), self._turn) as self._tapped,
            inputs_hooked(projections, self._compare),
        ):
            yield

    def faults(self) -> list[str]:
        """Which layers have no heads that could be told apart, and why."""
        found = []
        for layer, moves in sorted(self._moves.items()):
            kind = type(self._backbone.decoder.layers[layer].self_attn).__name__
            others = np.delete(moves, self._head(layer))
            if layer not in self._tapped:
                found.append((layer, f"{kind} weighs no tokens, as linear attention does"))
            elif others.max(initial=0.0) > _MOVED[self._backbone.dtype] + _LEAK * moves[self._head(layer)]:
                found.append((layer, f"one head's query moves other heads of {kind}"))
        return by_reason(found)

    def _head(self, layer: int) -> int:
        return (layer + 1) % self._backbone.geometry.heads

    def _turn(self, layer: int, call: AttentionCall) -> tuple[Tensor, Tensor | None]:
        query, head = call.query.clone(), self._head(layer) % call.query.shape[1]
        query[1, head, -1] = _TURN * query[1, head, -1].roll(1)
        return call.run(query)

    def _compare(self, layer: int, given: Tensor) -> Tensor:
        one, other = given[:2, -1].double().view(2, self._backbone.geometry.heads, -1).cpu().numpy()
        self._moves[layer] = _norm(other - one) / max(float(_norm(one).max()), _TINY)
        return torch.stack([given[0], given[0]])


def _depth(kinds: Sequence[str]) -> int:
    """How many layers, from the first, have every kind of attention; two at least, for the first reads no mixed tokens."""
    return max(2, *(kinds.index(kind) + 1 for kind in kinds)) if len(kinds) > 1 else 1


def _vectors(backbone: Backbone, examples: Sequence[Encoded], depth: int | None) -> FloatArray:
    """``(example, layer, head, dim)`` of the first layers, or of all."""
    with capture_last_token(backbone, depth) as capture:
        forward_to_last_heads(backbone, backbone.collate(examples), depth)
        return capture.take().astype(np.float64)


def _apart(one: FloatArray, other: FloatArray) -> float:
    """How far two examples' vectors ``(layer, head, dim)`` lie apart in the layer where that is most, of their length."""
    return float((_norm(one - other, (1, 2)) / np.maximum(_norm(one, (1, 2)), _TINY)).max())


def _norm(values: FloatArray, axis: int | tuple[int, ...] = -1) -> FloatArray:
    length: FloatArray = np.sqrt(np.square(values).sum(axis))
    return length


def _drawn(seed: int) -> Image.Image:
    """A picture of a few colours, flowing into one another."""
    colours = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def _recalled(backbone: Backbone) -> Reading:
    """What is known of a model, probing it if nothing is."""
    note = _note(backbone)
    with backbone.lock:
        if note not in _known:
            reading = _read(note)
            if reading is None:
                reading = probe_reading(backbone)
                with contextlib.suppress(StorageError):  # then it is probed again next time
                    write_atomically(note, json.dumps(asdict(reading)).encode())
            _known[note] = reading
        return _known[note]


def _note(backbone: Backbone) -> Path:
    """Where it is written what was found of this model, on such a device with these libraries."""
    facts = (_VERSION, backbone.fingerprint, backbone.device.type, transformers.__version__, torch.__version__)
    return settings().cache_dir / "reading" / f"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}.json"


def _read(note: Path) -> Reading | None:
    """What a note says; ``None`` when there is none, or it cannot be read."""
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        return Reading(*(tuple(map(str, found[name])) for name in ("refusals", "limits")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
