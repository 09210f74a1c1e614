"""What the measurements on a GPU share: the models, made once, their batches, and clocks that wait for the device."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from perf.large_shapes import large_backbone
from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone, load_backbone
from sav_core.types import HeadVectors
from tests.support.tiny_models import RECIPES, example_image

__all__ = ["Bench", "Stage"]

_SIZES = ((640, 480), (480, 640), (448, 448))  # of the pictures, in turns
_TINY_SIZES = ((64, 48), (48, 64), (48, 48))
_TINY = {"Qwen2-VL-2B": "qwen2_vl", "Qwen2-VL-7B": "qwen2_vl", "LLaVA-OneVision-0.5B": "llava_onevision"}


@dataclass(frozen=True)
class Bench:
    """A model and what it was seen to read.

    Attributes:
        backbone: the model.
        examples: what it reads.
        batches: as extraction passes them on.
        vectors: what extraction made of the examples.
        made: figures of the first look: seconds to build it, to extract, and to prepare in the threads beside.
    """

    backbone: Backbone
    examples: list[Example]
    batches: list[dict[str, Tensor]]
    vectors: HeadVectors
    made: dict[str, Any]

    @property
    def tokens(self) -> int:
        """How many tokens the batches hold, padding included."""
        return sum(batch["input_ids"].numel() for batch in self.batches)


@dataclass
class Stage:
    """Where everything runs.

    Attributes:
        device: what is measured.
        tiny: whether models of a few layers stand in for the large ones, to try the script itself.
        figures: of the sections that are done, for those that refer to them.
    """

    device: torch.device
    tiny: bool
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    _benches: dict[str, Bench] = field(default_factory=dict)

    @property
    def dtype(self) -> torch.dtype:
        """What the large models compute in."""
        return torch.bfloat16 if self.device.type == "cuda" else torch.float32

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the embedded model computes in, beside float32 on the CPU."""
        return ("float32",) if self.tiny else ("bfloat16", "float32")

    @property
    def pictures(self) -> int:
        """How many each large model reads."""
        return 10 if self.tiny else 200

    def bench(self, name: str) -> Bench:
        """Return a large model with its batches, made at the first call."""
        if name not in self._benches:
            self._benches[name] = self._make(name)
        return self._benches[name]

    def embedded(self, device: str, dtype: str) -> Backbone:
        """Return the embedded model, loaded as anybody would."""
        return load_backbone(device=device, dtype=dtype)

    def drop(self, name: str) -> None:
        """Give the memory of a large model back."""
        self._benches.pop(name, None)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def examples(self, count: int) -> list[Example]:
        """Pictures of three sizes under four labels, no two alike."""
        sizes = _TINY_SIZES if self.tiny else _SIZES
        return [
            Example(example_image(seed, sizes[seed % 3]), "What is this?", f"label {seed % 4}", name=f"example {seed}")
            for seed in range(count)
        ]

    def wait(self) -> None:
        """Return once the device has done all it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def timed(self, job: Callable[[], Any]) -> tuple[float, Any]:
        """Seconds that a job took, the device's work included, and what it returned."""
        self.wait()
        start = time.perf_counter()
        made = job()
        self.wait()
        return time.perf_counter() - start, made

    def fastest(self, turns: int, jobs: dict[str, Callable[[], Any]]) -> dict[str, float]:
        """The fastest of some turns of every job, turn and turn about; nothing is warmed up."""
        seconds = [{name: self.timed(job)[0] for name, job in jobs.items()} for _ in range(turns)]
        return {name: min(turn[name] for turn in seconds) for name in jobs}

    def peak(self, job: Callable[[], Any]) -> float | None:
        """GiB that a job took at its height above what was there; ``None`` where nobody counts."""
        if self.device.type != "cuda":
            job()
            return None
        self.wait()
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        job()
        self.wait()
        return (torch.cuda.max_memory_allocated() - before) / 2**30

    def _make(self, name: str) -> Bench:
        folder = Path(tempfile.mkdtemp())
        recipe = RECIPES[_TINY[name]] if self.tiny else None
        build, backbone = self.timed(lambda: large_backbone(name, self.device, self.dtype, folder, recipe=recipe))
        examples = self.examples(self.pictures)
        with _watched(backbone) as seen:
            first, vectors = self.timed(lambda: extract_head_vectors(backbone, examples, cache=None))
        preparing = {"preparing, s of all its threads": sum(seen.preparing)}
        made = {"build, s": build, "first extraction, probe included, s": first} | preparing
        return Bench(backbone, examples, seen.batches[-_extractions(seen.batches, len(examples)) :], vectors, made)


@dataclass
class _Seen:
    batches: list[dict[str, Tensor]] = field(default_factory=list)
    preparing: list[float] = field(default_factory=list)


@contextmanager
def _watched(backbone: Backbone) -> Iterator[_Seen]:
    """While open, what goes into the model is kept, and the time of the threads that prepare it."""
    seen, forward, encode_all = _Seen(), backbone.forward, backbone.encode_all

    def noting(batch: Any) -> Tensor:
        seen.batches.append(batch)
        return forward(batch)

    def clocked(examples: Any) -> Any:
        start = time.perf_counter()
        made = encode_all(examples)
        seen.preparing.append(time.perf_counter() - start)
        return made

    backbone.forward, backbone.encode_all = noting, clocked  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        del backbone.forward, backbone.encode_all


def _extractions(batches: list[dict[str, Tensor]], examples: int) -> int:
    """How many of the last batches hold that many examples: those before were the probe's."""
    count = 0
    for number, batch in enumerate(reversed(batches), start=1):
        count += batch["input_ids"].shape[0]
        if count >= examples:
            return number
    return len(batches)
