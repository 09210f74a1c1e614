"""How long a visitor waits when a slider moves: fitting again on 200 examples of a model with 28 x 28 heads of 128.

python -m perf.refit

The second table leaves every example out, for every number of heads: by the library's way, and by fitting again without
each example, of which a few fits are timed and multiplied. Beside the shortest wall time stands what the processors
worked, all threads together: on a busy machine only that says how fast a quiet one would be.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.base import clone

from perf.machine import describe
from sav_core.evaluation.leave_one_out import leave_out
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.scoring import SCORINGS
from sav_core.types import HeadVectors

EXAMPLES, LABELS, SHAPE, LIMIT_MS = 200, 5, (28, 28, 128), 50.0
LEFT_OUT_LIMIT_S, FITS = 2.0, 3


def main() -> None:
    """Print one row for each thing a visitor may change."""
    rng = np.random.default_rng(0)
    vectors = HeadVectors(
        values=rng.standard_normal((EXAMPLES, *SHAPE), dtype=np.float32),
        labels=tuple(f"label {row % LABELS}" for row in range(EXAMPLES)),
        names=tuple(str(row) for row in range(EXAMPLES)),
        positions=tuple(range(EXAMPLES)),
        asked=EXAMPLES,
    )
    without = np.delete(np.arange(EXAMPLES), 17)
    fitted = HeadClassifier().fit(vectors).fitted_
    table = Table(f"fit again: {EXAMPLES} examples, {LABELS} labels, {SHAPE}", "median ms", "worst ms", "limit ms")
    for what, job in {
        "the whole fit": lambda: HeadClassifier().fit(vectors),
        "one example removed": lambda: HeadClassifier().fit(vectors, rows=without),
        "scoring changed to leave_one_out": lambda: HeadClassifier(scoring="leave_one_out").fit(vectors),
        "n_kept changed": lambda: HeadClassifier.from_fitted(fitted, n_kept=40),
    }.items():
        times = _milliseconds(job)
        table.add_row(what, f"{statistics.median(times):.1f}", f"{max(times):.1f}", f"{LIMIT_MS:.0f}")
    console = Console()
    console.print(describe())
    console.print(table)
    console.print(_left_out(vectors))


def _left_out(vectors: HeadVectors) -> Table:
    """One row for each way of scoring: closed forms beside as many fits as there are examples."""
    columns = ("closed form s", "processor s", f"{EXAMPLES} fits s", "processor s", "times as fast", "limit s")
    table = Table("every example left out, majority", *columns)
    for scoring in SCORINGS:
        classifier = HeadClassifier(scoring=scoring)

        def refit(classifier: HeadClassifier = classifier) -> None:
            for row in range(FITS):
                rest = np.delete(np.arange(EXAMPLES), row)
                clone(classifier).fit(vectors, rows=rest).tally(vectors, [row])

        def closed(classifier: HeadClassifier = classifier) -> npt.NDArray[np.int64]:
            return leave_out(classifier, vectors).right

        ours, worked = _least_seconds(closed)
        theirs, theirs_worked = (seconds * EXAMPLES / FITS for seconds in _least_seconds(refit))
        row = f"{ours:.2f}", f"{worked:.2f}", f"{theirs:.1f}", f"{theirs_worked:.1f}", f"{theirs_worked / worked:.0f}"
        table.add_row(scoring, *row, f"{LEFT_OUT_LIMIT_S:.0f}")
    return table


def _milliseconds(job: Callable[[], object], repeats: int = 15) -> list[float]:
    job()
    return [1e3 * _seconds(job)[0] for _ in range(repeats)]


def _least_seconds(job: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    """The shortest wall time of a job and the least time that processors worked on it."""
    job()
    wall, worked = zip(*(_seconds(job) for _ in range(repeats)), strict=True)
    return min(wall), min(worked)


def _seconds(job: Callable[[], object]) -> tuple[float, float]:
    """Wall time, and time on processors, of all threads together."""
    wall, worked = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - worked


if __name__ == "__main__":
    main()
