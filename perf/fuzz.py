"""Bytes and messages as strangers may send them, to everything that takes any: each is read, or refused by a sentence.

python -m perf.fuzz                                     # as many of each kind as docs/hosting.md says
python -m perf.fuzz --seconds 60 --seed 7               # a minute in all
python -m perf.fuzz --only classifiers --cases 500

A case fails that raises anything but ``SavError``, computes for longer than 5 seconds, hangs, or takes more than 500 MiB.
What failed is kept in ``--keep`` with what it raised; the same seed and kind makes the same cases again. What a worker
process computes is not counted, for it is killed after 10 seconds of that.
"""

from __future__ import annotations

import argparse
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from perf.machine import describe
from perf.messages import messages
from perf.strangers import Stranger, files
from sav_core.errors import SavError

SLOW, LARGE, GIVEN_UP = 5.0, 500 << 20, 120
"""Seconds of computing and bytes that a case may take, and seconds on the clock after which it hangs."""


@dataclass
class Found:
    """What came of the cases of one kind.

    Attributes:
        taken: that were taken as something sound.
        refused: by a sentence.
        failed: each with what it was and what it raised.
        kinds: how often each place failed.
        slowest: in seconds of computing.
        grown: by how much the most memory that the process ever had grew, in bytes.
    """

    taken: int = 0
    refused: int = 0
    failed: list[tuple[Any, str]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    grown: int = 0

    @property
    def cases(self) -> int:
        """How many were tried."""
        return self.taken + self.refused + len(self.failed)


def fuzz(stranger: Stranger, seed: int, cases: int, seconds: float = float("inf"), *, limited: bool = True) -> Found:
    """Try cases of one kind, as many as there is time for; ``limited`` in time and memory each."""
    found, start = Found(), time.monotonic()
    first = _most_memory()
    for number in range(cases):
        if time.monotonic() - start > seconds:
            break
        sent = stranger.make(random.Random(f"{seed} {stranger.name} {number}"))  # not for secrets
        _try(stranger, sent, found, limited)
    found.grown = _most_memory() - first
    return found


def _try(stranger: Stranger, sent: Any, found: Found, limited: bool) -> None:
    before, memory = time.process_time(), _most_memory()
    failed, refused = "", False
    try:
        with _ended_after(GIVEN_UP):
            stranger.take(sent)
    except SavError:
        refused = True
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        failed = traceback.format_exc()
        found.kinds[_where(error)] += 1
    took, grew = time.process_time() - before, _most_memory() - memory
    found.slowest = max(found.slowest, took)
    if not failed and limited and (took > SLOW or grew > LARGE):
        failed = f"It took {took:.1f} s and {grew >> 20} MiB."
        found.kinds[failed] += 1
    if failed:
        found.failed.append((sent, failed))
    else:
        found.taken, found.refused = found.taken + (not refused), found.refused + refused


def _where(error: BaseException) -> str:
    """The kind of an error and the last line of ours that it passed."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/sav_" in frame.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "elsewhere"
    return f"{type(error).__name__} at {place}: {str(error)[:80]}"


@contextmanager
def _ended_after(seconds: int) -> Iterator[None]:
    def end(*_: object) -> None:
        raise TimeoutError(f"it hung for {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _most_memory() -> int:
    """The most that this process has ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def main() -> None:
    """Print a row for each kind; fails if anything did."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--cases", type=int, help="of each kind, instead of its own number")
    options.add_argument("--seconds", type=float, help="in all; each kind has its share")
    options.add_argument("--only", action="append", help="a kind by its name; may be repeated")
    options.add_argument("--keep", type=Path, default=Path(".build", "fuzz"), help="a folder for what failed")
    asked = options.parse_args()
    console = Console(width=150)
    console.print(describe())
    with tempfile.TemporaryDirectory() as place:
        strangers = [*files(Path(place)), *messages(Path(place))]
        if asked.only:
            strangers = [each for each in strangers if each.name in asked.only]
        table = Table(
            "kind", "cases", "taken", "refused", "failed", "slowest, s", "memory grew, MiB", title=f"seed {asked.seed}"
        )
        failed = 0
        for stranger in strangers:
            share = float("inf") if asked.seconds is None else asked.seconds / len(strangers)
            found = fuzz(stranger, asked.seed, asked.cases or stranger.cases, share)
            numbers = (found.cases, found.taken, found.refused, len(found.failed))
            row = (*map(str, numbers), f"{found.slowest:.2f}", f"{found.grown >> 20}")
            table.add_row(stranger.name, *row)
            console.print(stranger.name, *row, highlight=False)
            for kind, count in found.kinds.most_common(20):
                console.print(f"  {count} x {kind}", highlight=False, markup=False)
            _keep(asked.keep, stranger.name, found)
            failed += len(found.failed)
    console.print(table)
    sys.exit(1 if failed else 0)


def _keep(folder: Path, name: str, found: Found) -> None:
    for number, (sent, raised) in enumerate(found.failed[:50]):
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{name.replace(' ', '-')}-{number}"
        (folder / f"{stem}.bin").write_bytes(sent if isinstance(sent, bytes) else pickle.dumps(sent))
        (folder / f"{stem}.txt").write_text(f"{repr(sent)[:2000]}\n\n{raised}")


if __name__ == "__main__":
    main()
