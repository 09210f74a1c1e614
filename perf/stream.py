"""Sets that fit into no memory: rows a second and the memory of the largest process, for 10,000 and 100,000 tiny pictures.

    python -m perf.stream                                  # this process alone, and one process for each of two CPU devices
    python -m perf.stream --engine ray --count 10000       # Ray with one worker and with two; needs the extra `ray`

The first way is tried with every number of pictures, the other with the first, for how many rows a second it makes of them.
The model is a tiny random one, so that what surrounds it is measured: listing, opening, keeping and writing. Memory is flat
if ten times the pictures take no more of it, but for the names, which are listed as a whole. Rows a second of Ray count
from the first finished part on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import pyarrow.parquet as pq
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from tests.support.tiny_models import write_checkpoint

COUNTS = (10_000, 100_000)
SIDE, FOLDER = 16, 1000  # pixels of a picture's side; pictures in a folder, each folder one label
LOOK_SECONDS = 0.2


def main(
    engine: Annotated[str, typer.Option(help="local, or ray.")] = "local",
    count: Annotated[list[int] | None, typer.Option(help="How many pictures; may be given several times.")] = None,
) -> None:
    """Print a row for each way to work and each number of pictures."""
    ways: dict[str, Sequence[str]] = {"one process": (), "--devices 2": ("--devices", "2")}
    if engine == "ray":
        ways = {f"ray, {n} worker{'s' * (n > 1)}": ("--engine", "ray", "--devices", str(n)) for n in (1, 2)}
    counts = count or COUNTS
    table = Table("extract of tiny pictures", "pictures", "seconds", "rows/s", "this process MB", "largest worker MB")
    with tempfile.TemporaryDirectory(prefix="sav-stream-") as name:
        folder = Path(name)
        model = write_checkpoint("llava", folder / "model")
        for number in counts:
            _write_pictures(folder / str(number), number)
        for way, options in ways.items():
            for number in counts if way == next(iter(ways)) else counts[:1]:
                out = folder / f"{way.replace(' ', '')}-{number}.parquet"
                arguments = ["extract", "--images", folder / str(number), "--out", out, "--model", model, *options]
                cache = folder / f"cache-{way.replace(' ', '')}-{number}"
                seconds, own, largest = _run([*map(str, arguments), "--dtype", "float32"], cache)
                rows = pq.read_table(out, columns=["name"]).num_rows
                assert rows == number, f"{rows} rows of {number}"
                rate = _rate(out) if out.is_dir() else number / seconds
                table.add_row(way, f"{number:,}", f"{seconds:.0f}", f"{rate:.0f}", f"{own:.0f}", f"{largest:.0f}")
    console = Console()
    console.print(describe())
    console.print(table)


def _write_pictures(folder: Path, count: int) -> None:
    """So many pictures, no two alike."""
    for start in range(0, count, FOLDER):
        label = folder / f"label {start // FOLDER}"
        label.mkdir(parents=True)
        for number in range(start, min(start + FOLDER, count)):
            pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
            pixels[0, :2] = np.frombuffer(number.to_bytes(6, "little"), np.uint8).reshape(2, 3)
            Image.fromarray(pixels).save(label / f"{number}.png", compress_level=1)


def _rate(folder: Path) -> float:
    """Rows a second from the first finished part on: a cluster and its workers take a minute to start."""
    times = sorted((part.stat().st_mtime, pq.read_metadata(part).num_rows) for part in folder.glob("part-*.parquet"))
    return sum(rows for _, rows in times[1:]) / max(times[-1][0] - times[0][0], 1e-9)


def _run(arguments: Sequence[str], cache: Path) -> tuple[float, float, float]:
    """Run a command: seconds, and the most memory in MB of its own process and of the largest below it."""
    started, own, largest = time.perf_counter(), 0, 0
    environment = {**os.environ, "SAV_CACHE_DIR": str(cache)}
    with subprocess.Popen([sys.executable, "-m", "sav_core", *arguments], env=environment) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            own = max(own, _rss(watched))
            try:
                largest = max([largest, *map(_rss, watched.children(recursive=True))])
            except psutil.NoSuchProcess:
                break
            time.sleep(LOOK_SECONDS)
    if process.returncode:
        raise SystemExit(f"it ended with {process.returncode}")
    return time.perf_counter() - started, own / 1e6, largest / 1e6


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    typer.run(main)
