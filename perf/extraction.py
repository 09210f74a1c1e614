"""How fast heads are found, against the published procedure and against the limit: the bare forward of the same batches.

    python -m perf.extraction [embedded|smolvlm ...]

Both sides run in one process, in turns, and the fastest turn of each counts. Peak memory is that of a process of its own
for each side, at two prompt lengths: what extraction adds must not grow with the number of tokens.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from perf import published
from perf.machine import describe
from perf.shapes import PICTURE, SHAPES, examples_for, write_shape
from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.hooks import capture_last_token, forward_to_last_heads
from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone, load_backbone
from sav_core.sav import SavClassifier

TURNS = {"embedded": 5, "smolvlm": 2}
IN_MEMORY = {"embedded": 64, "smolvlm": 2}  # examples whose peak is measured: a few batches are enough for that
AT_LEAST = {"embedded": 8.0, "smolvlm": 3.0}


def main() -> None:
    """Print two tables for each shape."""
    console = Console()
    console.print(describe())
    for shape in sys.argv[1:] or SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            write_shape(shape, Path(folder))
            console.print(_speed(shape, folder))
            console.print(_memory(shape, folder))


def _speed(shape: str, folder: str) -> Table:
    backbone = load_backbone(folder, dtype="float32")
    examples = examples_for(shape)
    batches = batches_of(backbone, examples)
    seconds = fastest(
        TURNS[shape],
        {
            "published": lambda: published.fit(backbone, examples),
            "ours": lambda: SavClassifier(backbone, cache=None).fit(examples),
            "bare": lambda: [backbone.forward(batch) for batch in batches],
            "captured": lambda: _captured(backbone, batches),
            "extracted": lambda: extract_head_vectors(backbone, examples, cache=None),
        },
    )
    width, height = PICTURE[shape]
    what = f"{shape} shape, {backbone.geometry}, {len(examples)} examples of {width} x {height}"
    table = Table(what, "seconds", "against", "ratio", "wanted")
    faster, slower = seconds["published"] / seconds["ours"], {n: seconds[n] / seconds["bare"] for n in seconds}
    table.add_row("published procedure", f"{seconds['published']:.3f}", "", "", "")
    table.add_row("fit", f"{seconds['ours']:.3f}", "published", f"{faster:.1f} x faster", f">= {AT_LEAST[shape]:.0f} x")
    table.add_row("bare forward of the same batches", f"{seconds['bare']:.3f}", "", "", "")
    table.add_row(
        "extraction, encoded before", f"{seconds['captured']:.3f}", "bare", f"{slower['captured']:.3f}", "<= 1.05"
    )
    table.add_row("extraction from images", f"{seconds['extracted']:.3f}", "bare", f"{slower['extracted']:.3f}", "<= 1.25")
    return table


def _memory(shape: str, folder: str) -> Table:
    table = Table(f"{shape} shape, peak memory", "bare MB", "extraction MB", "more", "wanted")
    for words in (1, 200):
        bare, ours = (_peak_bytes(shape, folder, words, captured) for captured in (False, True))
        more = f"{100 * (ours / bare - 1):+.2f} %"
        table.add_row(f"question of {words} words", f"{bare / 1e6:.1f}", f"{ours / 1e6:.1f}", more, "<= +5 %")
    return table


def batches_of(backbone: Backbone, examples: Sequence[Example]) -> list[dict[str, Tensor]]:
    """Return everything that extraction passes to the model, as it does."""
    seen: list[dict[str, Tensor]] = []
    forward = backbone.forward
    backbone.forward = lambda batch: seen.append(batch) or forward(batch)  # type: ignore[method-assign]
    try:
        extract_head_vectors(backbone, examples, cache=None)
    finally:
        del backbone.forward
    return seen


def _captured(backbone: Backbone, batches: Sequence[dict[str, Tensor]]) -> None:
    for batch in batches:
        with capture_last_token(backbone) as capture:
            forward_to_last_heads(backbone, batch)
            capture.take()


def fastest(turns: int, jobs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the seconds of the fastest of some turns of every job, turn and turn about, after one that warms up."""
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(turns + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn:  # the first warms up
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def _peak_bytes(shape: str, folder: str, words: int, captured: bool) -> int:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_of_one_process, (shape, folder, words, captured))


def _peak_of_one_process(shape: str, folder: str, words: int, captured: bool) -> int:
    torch.set_num_threads(1)  # each thread's arena would blur the picture
    backbone = load_backbone(folder, dtype="float32")
    question = "what is this? " * words
    encoded = [backbone.encode(example.with_question(question)) for example in examples_for(shape)[: IN_MEMORY[shape]]]
    batches = [backbone.collate([encoded[index] for index in rows]) for rows in backbone.budget().split(encoded)]
    if captured:
        _captured(backbone, batches)
    else:
        for batch in batches:
            backbone.forward(batch)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
