"""How fast the heads of a relation are found, against one forward for each prompt and head; and what an injection costs.

    python -m perf.vectors

Mediation is of the embedded model: all heads, four relations, 25 prompts each. The plain way, which reads a whole prompt
for every head, is timed on all heads of a few prompts of each relation, in turns with ours on the same prompts, and
counted up to all; both must find the same effects. An injection is timed against the bare forward in alternation.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from sav_core.activations.hooks import Patch, inject_last_token, patch_last_token
from sav_core.models.backbones import load_backbone
from sav_core.scenes.draw import RELATIONS
from sav_core.types import Head
from sav_core.vectors import (
    MeanVectors,
    Prompting,
    PromptReader,
    RelationPrompt,
    draw_task,
    mean_head_vectors,
    mediate,
    shipped_sprites,
    zero_shot,
)

T = TypeVar("T")
PROMPTS, SAMPLE, PAIRS = 25, 2, 300
MOST_SECONDS, AT_LEAST, MOST_COST = 180, 5.0, 0.02


def main() -> None:
    """Print a table of each."""
    console = Console()
    console.print(describe())
    reader = PromptReader(load_backbone(dtype="float32"))
    console.print(_mediation(reader))
    console.print(_injection(reader))


def _mediation(reader: PromptReader) -> Table:
    task, prompting = draw_task(shipped_sprites(), seed=0), Prompting()
    whole = plain = ours = 0.0
    for relation in RELATIONS:
        own = task.of(relation)
        means = mean_head_vectors(reader, prompting.clean(own.train[:PROMPTS], own.train))
        corrupted = prompting.corrupted(own.train[:PROMPTS], own.train)
        whole += _timed(partial(mediate, reader, corrupted, means))[0]
        few = corrupted[:SAMPLE]
        ours_s, effects = _timed(partial(mediate, reader, few, means))
        plain_s, one_by_one = _timed(partial(_one_by_one, reader, few, means[relation]))
        np.testing.assert_allclose(effects.changes, one_by_one, atol=1e-4)
        ours, plain = ours + ours_s, plain + plain_s
    all_plain = plain * PROMPTS / SAMPLE
    heads = reader.backbone.geometry.layers * reader.backbone.geometry.heads
    table = Table(
        f"mediation, {len(RELATIONS)} relations x {PROMPTS} prompts x {heads} heads", "seconds", "ratio", "wanted"
    )
    table.add_row("all of it", f"{whole:.1f}", "", f"<= {MOST_SECONDS}")
    table.add_row(f"ours on {SAMPLE} prompts of each", f"{ours:.2f}", "", "")
    faster = f"{plain / ours:.1f} x slower"
    table.add_row("one forward a prompt and head, on the same", f"{plain:.2f}", faster, f">= {AT_LEAST:.0f} x")
    table.add_row("the same, counted up to all prompts", f"{all_plain:.0f}", f"{all_plain / whole:.1f} x slower", "")
    return table


def _one_by_one(reader: PromptReader, prompts: Sequence[RelationPrompt], means: MeanVectors) -> npt.NDArray[np.float32]:
    """The effects ``(prompt, layer, head)``, every head of every prompt by a forward of its own."""
    backbone = reader.backbone
    layers, heads, _ = backbone.geometry.shape
    changes = np.zeros((len(prompts), layers, heads), dtype=np.float32)
    for row, prompt in enumerate(prompts):
        batch = backbone.collate([backbone.encode(prompt.example)])
        token = backbone.answer_ids(prompt.example, prompt.answer)[0]

        def answer(batch: dict[str, torch.Tensor] = batch, token: int = token) -> float:
            with torch.inference_mode():
                logits = backbone.model(**batch, use_cache=False, logits_to_keep=1).logits[0, -1]
                return float(logits.float().softmax(-1)[token])

        baseline = answer()
        for layer in range(layers):
            for head in range(heads):
                value = torch.from_numpy(means.values[layer, head])
                with patch_last_token(backbone, [Patch(0, Head(layer, head), value)]):
                    changes[row, layer, head] = answer() - baseline
    return changes


def _injection(reader: PromptReader) -> Table:
    backbone = reader.backbone
    items = draw_task(shipped_sprites(), scenes=(8, 1, 1), seed=0).of(RELATIONS[0]).train
    batch = backbone.collate([backbone.encode(prompt.example) for prompt in zero_shot(items)])
    width = backbone.decoder.projections[0].out_features
    vector, layer = torch.randn(width), backbone.geometry.layers // 2
    bare, injected = [], []
    for turn in range(PAIRS + 10):
        bare_s, _ = _timed(partial(backbone.forward, batch))
        injected_s, _ = _timed(partial(_with_vector, reader, batch, layer, vector))
        if turn >= 10:  # the first warm up
            bare.append(bare_s)
            injected.append(injected_s)
    cost = statistics.median(two / one for one, two in zip(bare, injected, strict=True)) - 1
    table = Table(
        f"injection into {len(items)} zero-shot prompts, {PAIRS} pairs of forwards", "median ms", "cost", "wanted"
    )
    table.add_row("bare forward", f"{1e3 * statistics.median(bare):.2f}", "", "")
    table.add_row("with a vector", f"{1e3 * statistics.median(injected):.2f}", f"{cost:+.2%}", f"<= {MOST_COST:.0%}")
    return table


def _with_vector(reader: PromptReader, batch: dict[str, torch.Tensor], layer: int, vector: torch.Tensor) -> None:
    with inject_last_token(reader.backbone, layer, vector):
        reader.backbone.forward(batch)


def _timed(job: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    made = job()
    return time.perf_counter() - start, made


if __name__ == "__main__":
    main()
