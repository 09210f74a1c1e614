"""What a query costs when the model ends at the last kept head, against the whole and against the bare forward.

    python -m perf.early_exit [embedded|smolvlm ...]

All sides read the same batches, in turns, and the fastest turn of each counts. What comes before the first decoder layer,
the vision tower, runs in any case and can be nine tenths of the whole: each run is parted there, so that what lies above
does not drown in the tower's noise. It should fall in proportion to the layers. Of the embedded model, whose heads mean
something, a second table says what ending early costs: accuracy on examples left out, layer by layer, over the ready tasks.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from perf.extraction import batches_of
from perf.gpu_forwards import bare, captured
from perf.gpu_stage import Bench
from perf.machine import describe
from perf.shapes import PICTURE, SHAPES, examples_for, write_shape
from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.sets.ready_tasks import read_ready_task, ready_task_folders
from sav_core.evaluation.depths import leave_out_by_depth
from sav_core.heads.classifier import HeadClassifier
from sav_core.models.backbones import load_backbone
from sav_core.models.bodies import find_body
from sav_core.sav import SavClassifier

TURNS = {"embedded": 9, "smolvlm": 2}
_PROPORTIONAL = 0.10  # of the time above the tower, by which it may differ from the share of layers
_AT_HALF = 0.55  # of the time above the tower, the most that half of the layers may take


def main() -> None:
    """Print a table for each shape, and one of what accuracy it costs."""
    console = Console()
    console.print(describe())
    for shape in sys.argv[1:] or SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            write_shape(shape, Path(folder))
            console.print(_speed(shape, folder))
    console.print(_accuracy())


def _speed(shape: str, folder: str) -> Table:
    backbone = load_backbone(folder, dtype="float32")
    examples, layers = examples_for(shape), backbone.geometry.layers
    fitted = SavClassifier(backbone, cache=None, max_layer="kept").fit(examples)
    bench = Bench(backbone, examples, batches_of(backbone, examples), fitted.all_vectors_, {})
    depths = {"full depth": layers, "the kept heads' depth": fitted.head_classifier_.depth, "half depth": layers // 2}
    jobs: dict[str, Callable[[], None]] = {
        "bare forward": partial(bare, bench),
        **{name: partial(captured, bench, depth) for name, depth in depths.items()},
    }
    seconds = _parted(bench, TURNS[shape], jobs)
    whole, above = seconds["bare forward"]
    width, height = PICTURE[shape]
    what = f"{shape} shape, {backbone.geometry}, {len(examples)} examples of {width} x {height}"
    table = Table(what, "layers", "seconds", "of the bare forward", "above the tower, s", "of it above the tower", "wanted")
    table.add_row("bare forward", str(layers), f"{whole:.3f}", "1.00", f"{above:.3f}", "1.00", "")
    for name, depth in depths.items():
        own, own_above = seconds[name]
        wanted = f"{depth / layers:.2f} +- {_PROPORTIONAL:.2f}"
        wanted += f", <= {_AT_HALF:.2f}" if depth == layers // 2 else ""
        shares = f"{own:.3f}", f"{own / whole:.2f}", f"{own_above:.3f}", f"{own_above / above:.2f}"
        table.add_row(name, str(depth), *shares, wanted)
    return table


def _parted(bench: Bench, turns: int, jobs: dict[str, Callable[[], None]]) -> dict[str, tuple[float, float]]:
    """Return each job's seconds, the whole and what lies above the tower, each of its fastest turn; one more warms up."""
    best = dict.fromkeys(jobs, (float("inf"), float("inf")))
    started: list[float] = []
    towers: list[float] = []
    body = find_body(bench.backbone.model)
    hooks = (
        body.register_forward_pre_hook(lambda *_: started.append(time.perf_counter())),
        bench.backbone.decoder.layers[0].register_forward_pre_hook(
            lambda *_: towers.append(time.perf_counter() - started[-1])
        ),
    )
    try:
        for turn in range(turns + 1):
            for name, job in jobs.items():
                towers.clear()
                start = time.perf_counter()
                job()
                whole = time.perf_counter() - start
                if turn:
                    best[name] = min(best[name][0], whole), min(best[name][1], whole - sum(towers))
    finally:
        for hook in hooks:
            hook.remove()
    return best


def _accuracy() -> Table:
    backbone, classifier = load_backbone(dtype="float32"), HeadClassifier()
    table = Table("accuracy left out, heads of the first layers", *map(str, range(1, backbone.geometry.layers + 1)))
    found = []
    for folder in ready_task_folders():
        vectors = extract_head_vectors(backbone, read_ready_task(folder).support, cache=None)
        found.append(leave_out_by_depth(classifier, vectors).at(classifier.n_kept).accuracy)
        table.add_row(folder.name, *(f"{share:.0%}" for share in found[-1]))
    table.add_row("mean", *(f"{share:.1%}" for share in np.mean(found, axis=0)))
    return table


if __name__ == "__main__":
    main()
