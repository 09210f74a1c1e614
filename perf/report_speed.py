"""How long all that follows extraction takes: a full report on 200 + 1,000 examples of a model of 28 x 28 heads of 128.

    python -m perf.report_speed            # a summary; each row is a process of its own, so that its peak is its own

The report is the one of the page Measure: every voting rule, every baseline that needs no model, both sweeps, calibration.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.types import HeadVectors

SUPPORT, QUERIES, LABELS, SHAPE, HIDDEN = 200, 1000, 5, (28, 28, 128), 3584
LIMITS = {
    "report, majority": (20, 4),
    "report, gaussian": (20, 4),
    "report, reliability": (20, 4),
    "gaussian scoring": (3, 4),
}
"""Seconds and GiB that each may take on two cores."""


def vectors(examples: int, seed: int) -> HeadVectors:
    """Random vectors in which some heads see the label, and a last hidden state that sees it too."""
    rng = np.random.default_rng(seed)
    codes = np.arange(examples) % LABELS
    values = rng.standard_normal((examples, *SHAPE), dtype=np.float32)
    hidden = rng.standard_normal((examples, HIDDEN), dtype=np.float32)
    signal = np.random.default_rng(0)  # the same for support and queries
    strength = signal.random(SHAPE[:2], dtype=np.float32) ** 4
    means = signal.standard_normal((LABELS, *SHAPE), dtype=np.float32)
    for row, code in enumerate(codes):  # one example at a time: the test's own memory must not be what is measured
        values[row] += strength[:, :, None] * means[code]
    hidden += 0.2 * signal.standard_normal((LABELS, HIDDEN), dtype=np.float32)[codes]
    labels = tuple(f"label {code}" for code in codes)
    return HeadVectors(values, labels, labels, tuple(range(examples)), examples, hidden=hidden)


def _report(voting: str) -> Callable[[], object]:
    support, queries = vectors(SUPPORT, 1), vectors(QUERIES, 2)

    def job() -> object:
        fitted = HeadClassifier(voting=voting).fit(support)
        return measure_vectors(fitted, support, queries, baselines=True, rules=True, sweeps=True, confidence=True)

    return job


def _scoring() -> Callable[[], object]:
    support = vectors(SUPPORT, 1)
    return lambda: HeadClassifier(voting="gaussian", scoring="leave_one_out").fit(support)


JOBS: dict[str, Callable[[], Callable[[], object]]] = {
    "report, majority": lambda: _report("majority"),
    "report, gaussian": lambda: _report("gaussian"),
    "report, reliability": lambda: _report("reliability"),
    "gaussian scoring": _scoring,
}


def main() -> None:
    """Run every job in a process of its own and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", choices=JOBS, help="only this one, in this process; prints JSON")
    given = parser.parse_args()
    if given.job:
        print(json.dumps(_timed(given.job)))
        return
    table = Table(
        f"{SUPPORT} + {QUERIES} examples, {LABELS} labels, {SHAPE}",
        "seconds",
        "limit s",
        "peak GiB",
        "of it vectors",
        "limit GiB",
    )
    for name, (seconds, gib) in LIMITS.items():
        command = [sys.executable, "-m", "perf.report_speed", "--job", name]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        row = (f"{found['seconds']:.1f}", f"{seconds}", f"{found['peak_gib']:.2f}", f"{found['before_gib']:.2f}", f"{gib}")
        table.add_row(name, *row)
    console = Console()
    console.print(describe())
    console.print(table)


def _timed(name: str) -> dict[str, float]:
    job = JOBS[name]()
    before, start = _peak_gib(), time.perf_counter()
    job()
    return {"seconds": time.perf_counter() - start, "before_gib": before, "peak_gib": _peak_gib()}


def _peak_gib() -> float:
    """The most memory this process has held at once; macOS counts in bytes, Linux in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


if __name__ == "__main__":
    main()
