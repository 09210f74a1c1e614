"""What it costs to read photographs in worker processes that may be killed, as the app does, beside reading them inline.

python -m perf.decoding [--photographs 200]

Both sides in turns in one run, the workers warm: files, as a drop is read, and a ZIP of them.
 Time on the clock and of processors, workers' too; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from sav_core.data.pictures.picture import open_picture
from sav_core.data.pictures.processes import read_in_processes
from sav_core.data.sets.datasets import read_examples
from sav_core.data.sets.opening import in_threads

LIMIT = 1.15
SIZES = ((640, 480), (1024, 768), (1600, 1200), (4032, 3024))
"""Of COCO's pictures, of two from the web, and of a telephone, one in twenty of these."""


def main() -> None:
    """Print a row for each way of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    console = Console()
    console.print(describe())
    table = Table("read", "side", "seconds", "processor s", "ratio of seconds", "of processors", "aim")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = _photographs(folder, options.photographs)
        archive = folder / "photographs.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for number, file in enumerate(files):
                packed.write(file, f"{number % 2}/{file.name}")
        for name, read in (
            (f"{len(files)} files", lambda: list(in_threads(open_picture, files))),
            (f"a ZIP of {len(files)}", lambda: list(read_examples(archive))),
        ):
            sides: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
            for turn in range(2 * options.rounds + 2):
                workers = turn % 2 == 1
                read_in_processes(workers)
                measured = _measured(read)
                if turn > 1:  # the first of each side finds the files and starts the workers
                    sides[workers].append(measured)
            inline, apart = (tuple(median(column) for column in zip(*sides[side], strict=True)) for side in (False, True))
            table.add_row(name, "inline", f"{inline[0]:.2f}", f"{inline[1]:.2f}", "", "", "")
            ratios = [f"{mine / theirs:.2f}" for mine, theirs in zip(apart, inline, strict=True)]
            table.add_row(name, "in workers", f"{apart[0]:.2f}", f"{apart[1]:.2f}", *ratios, f"{LIMIT:.2f}")
    read_in_processes(False)
    console.print(table)


def _measured(read: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of processors."""
    before, started = _computed(), time.perf_counter()
    read()
    return time.perf_counter() - started, _computed() - before


def _computed() -> float:
    here = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (here, *here.children()))


def _photographs(folder: Path, count: int) -> list[Path]:
    """JPEGs that are as detailed as photographs: noise of several scales."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        width, height = SIZES[3] if number % 20 == 19 else SIZES[number % 3]
        layers = [
            Image.fromarray(rng.integers(0, 256, (height // scale, width // scale, 3), dtype=np.uint8)).resize(
                (width, height), Image.Resampling.BICUBIC
            )
            for scale in (96, 12)
        ]
        buffer = io.BytesIO()
        Image.blend(*layers, 0.25).save(buffer, "JPEG", quality=88)
        made.append(folder / f"{number:04}.jpg")
        made[-1].write_bytes(buffer.getvalue())
    return made


if __name__ == "__main__":
    main()
