"""The measurements of ``perf.gpu``: each returns its figures by name, with the unit in the name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from scipy.stats import spearmanr

from perf.gpu_forwards import bare, captured, flops, lowest_cosine, short_of_memory, tower
from perf.gpu_stage import Stage
from sav_core.activations.attention import attention_maps
from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.sets.datasets import read_examples
from sav_core.sav import SavClassifier
from sav_core.scenes.draw import RELATIONS
from sav_core.settings import settings
from sav_core.vectors import Prompting, PromptReader, draw_task, mean_head_vectors, mediate, shipped_sprites

__all__ = [
    "attention_looks",
    "card",
    "early_exit",
    "extraction",
    "hidden_states",
    "large_mediation",
    "mediation",
    "out_of_memory",
    "same_heads",
]

Figures: TypeAlias = dict[str, Any]
Measure: TypeAlias = Callable[[Stage], Figures]

_TASKS = 5  # ready tasks of still pictures, the first ones
_TURNS = 2
_CARD = "card"  # the section that measures the matrix rate


def card(stage: Stage) -> Figures:
    """How fast the device multiplies matrices in bfloat16, random ones, and copies."""
    side = 256 if stage.tiny else 8192
    one, two = (torch.randn(side, side, device=stage.device, dtype=torch.bfloat16) for _ in range(2))
    repeats = 2 if stage.tiny else 20
    for _ in range(3):
        one @ two
    seconds, _ = stage.timed(lambda: [one @ two for _ in range(repeats)])
    big = torch.empty((1 << 20) if stage.tiny else (2 << 30), dtype=torch.uint8, device=stage.device)
    target = torch.empty_like(big)
    target.copy_(big)
    copying, _ = stage.timed(lambda: [target.copy_(big) for _ in range(5)])
    return {
        "bfloat16 matrix rate, TFLOP/s": repeats * 2 * side**3 / seconds / 1e12,
        "copy rate, TB/s": 5 * 2 * big.numel() / copying / 1e12,
    }


def extraction(name: str) -> Measure:
    """Extraction against the bare forward of the same batches."""

    def measure(stage: Stage) -> Figures:
        bench = stage.bench(name)
        backbone = bench.backbone
        whole, heads = partial(bare, bench), partial(captured, bench)
        counted = flops(whole)  # which warms up
        seconds = stage.fastest(_TURNS, {"bare": whole, "captured": heads, "tower": partial(tower, bench)})
        peaks = {"bare": stage.peak(whole), "captured": stage.peak(heads)}
        images, again = stage.timed(lambda: extract_head_vectors(backbone, bench.examples, cache=None))
        rate = counted / seconds["bare"] / 1e12
        best = stage.figures.get(_CARD, {}).get("bfloat16 matrix rate, TFLOP/s")
        return {
            "shape": str(backbone.geometry),
            "parameters, billions": backbone.model.num_parameters() / 1e9,
            **bench.made,
            "pictures": len(bench.examples),
            "tokens, padding included": bench.tokens,
            "batches, examples x tokens": " ".join(f"{r}x{t}" for r, t in (b["input_ids"].shape for b in bench.batches)),
            "bare forward, s": seconds["bare"],
            "of it the vision tower, s": seconds["tower"],
            "extraction of the same batches, s": seconds["captured"],
            "extraction of the same batches, of the bare forward": seconds["captured"] / seconds["bare"],
            "extraction from pictures, s": images,
            "extraction from pictures, of the bare forward": images / seconds["bare"],
            "tokens a second, bare": bench.tokens / seconds["bare"],
            "pictures a second, from pictures": len(bench.examples) / images,
            "bare forward, TFLOP/s": rate,
            "of the matrix rate measured here": None if best is None else rate / best,
            "peak above weights and inputs, bare, GiB": peaks["bare"],
            "peak above weights and inputs, extraction, GiB": peaks["captured"],
            "twice the same, lowest cosine": lowest_cosine(bench.vectors, again),
        }

    return measure


def early_exit(name: str) -> Measure:
    """A forward that ends at the heads of some layer, against the whole; the vision tower is counted apart."""

    def measure(stage: Stage) -> Figures:
        bench = stage.bench(name)
        layers = bench.backbone.geometry.layers
        depths = {
            f"{depth} layers": depth for depth in sorted({1, layers // 4, layers // 2, 3 * layers // 4, layers} - {0})
        }
        jobs: dict[str, Callable[[], Any]] = {"bare": partial(bare, bench), "tower": partial(tower, bench)}
        jobs |= {what: partial(captured, bench, depth) for what, depth in depths.items()}
        seconds = stage.fastest(_TURNS, jobs)
        above = seconds["bare"] - seconds["tower"]
        figures: Figures = {"bare forward, s": seconds["bare"], "vision tower alone, s": seconds["tower"]}
        for what, depth in depths.items():
            figures[f"{what}, s"] = seconds[what]
            figures[f"{what}, of the time above the tower"] = (seconds[what] - seconds["tower"]) / above
            figures[f"{what}, of the layers"] = depth / layers
        return figures

    return measure


def out_of_memory(name: str) -> Measure:
    """Extraction with memory for a part of the batch that it begins with: it must go on, with the same vectors."""

    def measure(stage: Stage) -> Figures:
        bench = stage.bench(name)
        backbone, few = bench.backbone, bench.examples[: 10 if stage.tiny else 96]
        tried: list[int] = []
        with short_of_memory(stage, bench, tried) as how:
            seconds, found = stage.timed(lambda: extract_head_vectors(backbone, few, cache=None, batch_bytes=1 << 60))
        return {
            "memory was made short by": how,
            "examples": len(few),
            "batches tried": " ".join(map(str, tried)),
            "all were read": bool(found.complete),
            "extraction, s": seconds,
            "against extraction with all memory, lowest cosine": lowest_cosine(bench.vectors, found),
        }

    return measure


def hidden_states(name: str) -> Measure:
    """Extraction with the last hidden states, against without."""

    def measure(stage: Stage) -> Figures:
        bench = stage.bench(name)
        few = bench.examples[: 10 if stage.tiny else 48]
        without, plain = stage.timed(lambda: extract_head_vectors(bench.backbone, few, cache=None))
        with_it, found = stage.timed(lambda: extract_head_vectors(bench.backbone, few, cache=None, hidden=True))
        assert found.hidden is not None
        return {
            "examples": len(few),
            "without, s": without,
            "with, s": with_it,
            "shape": str(found.hidden.shape),
            "all are finite": bool(np.isfinite(found.hidden).all()),
            "vectors with against without, lowest cosine": lowest_cosine(plain, found),
        }

    return measure


def attention_looks(name: str) -> Measure:
    """What all heads look at, of one example."""

    def measure(stage: Stage) -> Figures:
        bench = stage.bench(name)
        attention_maps(bench.backbone, bench.examples[0])
        seconds, maps = stage.timed(lambda: attention_maps(bench.backbone, bench.examples[1]))
        return {
            "all heads of one example, s": seconds,
            "heads": len(maps.heads),
            "picture's cells": str(maps.pictures[0].shape[1:]),
            "rows sum to one within": float(np.abs(maps.rows.sum(1) - 1).max()),
            "mean attention on the picture": float(maps.image_share.mean()),
        }

    return measure


def same_heads(stage: Stage) -> Figures:
    """Whether the embedded model keeps the same heads on a CPU in float32 and on the device, and votes alike."""
    device = stage.device.type
    here = stage.embedded("cpu", "float32")
    others = {kind: stage.embedded(device, kind) for kind in stage.kinds}
    figures: Figures = {}
    folder = settings().assets / "examples"
    tasks = sorted(each.name for each in folder.iterdir() if (each / "support").is_dir())
    for task in tasks[: 1 if stage.tiny else _TASKS]:
        parts = (list(read_examples(folder / task / part, question="What is this?")) for part in ("support", "queries"))
        support, queries = (part[:: 8 if stage.tiny else 1] for part in parts)
        fit = {"CPU float32": here} | {f"{device} {kind}": backbone for kind, backbone in others.items()}
        fitted = {}
        for what, backbone in fit.items():
            seconds, fitted[what] = stage.timed(partial(SavClassifier(backbone, cache=None).fit, support))
            figures[f"{task}: fit, {what}, s"] = seconds
        first, *rest = fitted.items()
        answers = [each.label for each in first[1].predict(queries)]
        for what, other in rest:
            kept = set(first[1].kept_heads_) & set(other.kept_heads_)
            same = [each.label == answer for each, answer in zip(other.predict(queries), answers, strict=True)]
            figures[f"{task}: heads kept alike, {what}"] = f"{len(kept)} of {len(first[1].kept_heads_)}"
            figures[f"{task}: answers alike, {what}"] = f"{sum(same)} of {len(same)}"
            figures[f"{task}: lowest cosine, {what}"] = lowest_cosine(first[1].vectors_, other.vectors_)
    return figures


def mediation(stage: Stage) -> Figures:
    """The embedded model's heads by intervention, on the CPU in float32 and on the device in bfloat16."""
    own = draw_task(shipped_sprites(), scenes=(40, 1, 1), seed=0).of(RELATIONS[0]).train
    count, prompting = (1 if stage.tiny else 4), Prompting()
    clean, corrupted = prompting.clean(own[:count], own), prompting.corrupted(own[:count], own)
    kind = stage.kinds[0]
    readers = {
        "CPU float32": PromptReader(stage.embedded("cpu", "float32")),
        f"{stage.device.type} {kind}": PromptReader(stage.embedded(stage.device.type, kind)),
    }
    (first, reader), (second, other) = readers.items()
    means = mean_head_vectors(reader, clean, only_right=False)
    slow, ours = stage.timed(lambda: mediate(reader, corrupted, means))
    fast, theirs = stage.timed(lambda: mediate(other, corrupted, means))
    leading = len(set(ours.ranking[:10]) & set(theirs.ranking[:10]))
    return {
        "prompts x heads": f"{len(corrupted)} x {ours.changes[0].size}",
        f"{first}, s": slow,
        f"{second}, s": fast,
        "rank correlation of effects": float(spearmanr(ours.aie().ravel(), theirs.aie().ravel()).statistic),
        "of the ten leading heads": f"{leading} alike",
    }


def large_mediation(name: str) -> Measure:
    """What mediation of one prompt costs a large model."""

    def measure(stage: Stage) -> Figures:
        reader = PromptReader(stage.bench(name).backbone)
        own = draw_task(shipped_sprites(), scenes=(10, 1, 1), seed=0).of(RELATIONS[0]).train
        prompting = Prompting(demonstrations=2)
        clean, corrupted = prompting.clean(own[:1], own), prompting.corrupted(own[:1], own)
        means = mean_head_vectors(reader, clean, only_right=False)
        seconds, effects = stage.timed(lambda: mediate(reader, corrupted, means))
        tokens = reader.backbone.encode(corrupted[0].example).length
        return {
            "heads": effects.changes[0].size,
            "tokens of the prompt": tokens,
            "one prompt, all heads, s": seconds,
            "all are finite": bool(np.isfinite(effects.changes).all()),
        }

    return measure
