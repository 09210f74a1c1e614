"""Search in a million stored vectors of 20 heads x 32 numbers: the index on disk beside comparing with all of them.

    python -m perf.search_index                 # or --count 100000

The vectors are drawn, as `extract` would store them: a thousand labels, each with a centre of its own in every head, the
examples around it as far again, and numbers that matter less and less. ``--plain`` draws them without any structure, the
hardest there is to compress. Recall is of the ten nearest that comparing with all finds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from sav_core.retrieval.export import AboutVectors, open_export
from sav_core.retrieval.nearest import nearest
from sav_core.retrieval.store import Store, write_store
from sav_core.types import Geometry, HeadVectors

GEOMETRY, LABELS, QUERIES, K = Geometry(1, 20, 32), 1000, 50, 10
LIMIT_MS, LEAST_RECALL = 200.0, 0.95
BLOCK = 20_000


def main(count: int = 1_000_000, plain: Annotated[bool, typer.Option("--plain")] = False) -> None:
    """Print how long a query takes both ways, what the index takes on the disk, and its recall."""
    heads = GEOMETRY.every_head()
    with tempfile.TemporaryDirectory(prefix="sav-index-") as name:
        folder = Path(name)
        values = np.memmap(folder / "values", np.float32, "w+", shape=(count, *GEOMETRY.shape))
        with open_export(folder / "v.parquet", AboutVectors("", "drawn", "float32", heads, GEOMETRY.dim, False)) as writer:
            for start in range(0, count, BLOCK):
                drawn = _draw(min(BLOCK, count - start), start, plain=plain)
                values[start : start + len(drawn), 0] = drawn
                names = [str(row) for row in range(start, start + len(drawn))]
                writer.add(names, [None] * len(drawn), drawn)
        queries = _draw(QUERIES, count + 1, plain=plain)
        building = time.perf_counter()
        write_store(folder / "v.index", [str(folder / "v.parquet")])
        opening = time.perf_counter()
        store = Store(folder / "v.index")
        opened = time.perf_counter()
        found, times = [], []
        for query in queries:
            began = time.perf_counter()
            found.append(store.nearest(query[None], K).positions[0])
            times.append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        truth = nearest(_vectors(values), _vectors(queries[:, None]), heads, K).positions
        together = time.perf_counter() - began
        began = time.perf_counter()
        nearest(_vectors(values), _vectors(queries[:1, None]), heads, K)
        alone = time.perf_counter() - began
        flat, query = values.reshape(count, -1), queries[0].ravel()
        began = time.perf_counter()
        np.argpartition(flat @ query, -K)
        product = time.perf_counter() - began
        recall = np.mean([len({*some} & {*others}) / K for some, others in zip(found, truth, strict=True)])
        size = sum(file.stat().st_size for file in (folder / "v.index").iterdir())
        stored = (folder / "v.parquet").stat().st_size
    table = Table(f"{count:,} vectors of {heads[-1].index + 1} heads x {GEOMETRY.dim}", "index", "compared with all")
    ratio = 1e3 * alone / float(np.median(times))
    table.add_row("one query, ms", f"{np.median(times):.1f} (worst {max(times):.0f})", f"{1e3 * alone:,.0f}")
    table.add_row("the product alone, of vectors brought to length one before, ms", "", f"{1e3 * product:,.0f}")
    table.add_row(f"{QUERIES} queries, s", f"{sum(times) / 1e3:.2f}", f"{together:.1f}")
    table.add_row("times as fast, one query", f"{ratio:,.0f}", "1")
    table.add_row(f"recall@{K}", f"{recall:.3f} (at least {LEAST_RECALL})", "1")
    table.add_row("on disk, MB", f"{size / 1e6:,.0f}", f"{stored / 1e6:,.0f}")
    table.add_row("written, s; opened, s", f"{opening - building:.0f}; {opened - opening:.1f}", "")
    console = Console()
    console.print(describe())
    console.print(table)


def _draw(count: int, seed: int, *, plain: bool) -> npt.NDArray[np.float32]:
    """``float32 (example, head, dim)``."""
    rng, shape = np.random.default_rng(seed), GEOMETRY.shape[1:]
    drawn = rng.standard_normal((count, *shape), dtype=np.float32)
    if plain:
        return drawn
    centres = np.random.default_rng(LABELS).standard_normal((LABELS, *shape), dtype=np.float32)
    matters = (np.arange(1, GEOMETRY.dim + 1) ** -0.5).astype(np.float32)
    return (centres[rng.integers(0, LABELS, count)] + drawn) * matters


def _vectors(values: Any) -> HeadVectors:
    count = len(values)
    return HeadVectors(values, (None,) * count, ("",) * count, tuple(range(count)), count)


if __name__ == "__main__":
    typer.run(main)
