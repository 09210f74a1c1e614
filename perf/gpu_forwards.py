"""What ``perf.gpu`` times: the same batches through all of a model or a part of it, counted, or short of memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from perf.gpu_stage import Bench, Stage
from sav_core.activations.hooks import capture_last_token, forward_to_last_heads
from sav_core.types import HeadVectors

__all__ = ["bare", "captured", "flops", "lowest_cosine", "short_of_memory", "tower"]


def bare(bench: Bench) -> None:
    """Run all of the model."""
    for batch in bench.batches:
        bench.backbone.forward(batch)


def captured(bench: Bench, depth: int | None = None) -> None:
    """Run it up to the heads of its last layer, or the last of so many, and take them."""
    for batch in bench.batches:
        with capture_last_token(bench.backbone, depth) as capture:
            forward_to_last_heads(bench.backbone, batch, depth)
            capture.take()


class _Decoder(Exception):  # noqa: N818  not an error: the vision tower is done
    pass


def tower(bench: Bench) -> None:
    """Run what comes before the first decoder layer."""

    def reached(*_: object) -> None:
        raise _Decoder

    handle = bench.backbone.decoder.layers[0].register_forward_pre_hook(reached)
    try:
        for batch in bench.batches:
            try:
                bench.backbone.forward(batch)
            except _Decoder:
                continue
    finally:
        handle.remove()


def flops(job: Callable[[], Any]) -> int:
    """Return a job's floating-point operations in matrix products and attention, counted as if it saw all tokens."""
    with warnings.catch_warnings(), FlopCounterMode(display=False) as counter:
        warnings.simplefilter("ignore")
        job()
    return int(counter.get_total_flops())


def lowest_cosine(ours: HeadVectors, theirs: HeadVectors) -> float:
    """Return the cosine of those two vectors of one head, over the first examples, that are farthest apart."""
    one, two = ours.values[: len(theirs.values)], theirs.values
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    return float(((one * two).sum(-1) / np.maximum(lengths, 1e-12)).min())


@contextmanager
def short_of_memory(stage: Stage, bench: Bench, tried: list[int]) -> Iterator[str]:
    """While open, a batch as large as the largest does not fit; ``tried`` fills with the sizes of those that are tried."""
    largest = max(bench.batches, key=lambda batch: batch["input_ids"].numel())
    backbone = bench.backbone
    forward, limit = backbone.forward, largest["input_ids"].shape[0] // 3

    def noting(batch: Any) -> torch.Tensor:
        rows = batch["input_ids"].shape[0]
        tried.append(rows)
        if stage.device.type != "cuda" and rows > limit:
            raise torch.OutOfMemoryError("CUDA out of memory (simulated)")
        return forward(batch)

    backbone.forward = noting  # type: ignore[method-assign]
    try:
        if stage.device.type == "cuda":
            needed = stage.peak(lambda: forward(largest)) or 0.0
            torch.cuda.empty_cache()
            total = torch.cuda.get_device_properties(stage.device).total_memory
            left = torch.cuda.memory_reserved() + needed * 2**30 / 3
            torch.cuda.set_per_process_memory_fraction(left / total)
            yield f"a limit of {needed / 3:.2f} GiB above the weights, where the largest batch takes {needed:.2f}"
        else:
            yield "an error for large batches, for there is no GPU here"
    finally:
        del backbone.forward
        if stage.device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(1.0)
            torch.cuda.empty_cache()
