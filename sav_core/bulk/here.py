"""Portions one after the other in this process: the pictures of the next are opened while the model reads this one's."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from sav_core.activations.prefetch import prefetch
from sav_core.bulk.task import Facts, Outcome, Portion, Task
from sav_core.bulk.work import Worker, portion_progress, read_portion
from sav_core.data.pictures.levels import Levels, Spread, decide
from sav_core.types import HeadVectors, ProgressCallback

__all__ = ["Here", "scan_levels"]


@dataclass
class Here:
    """This process as an engine.

    Attributes:
        task: what is done.
        worker: with the loaded model.
        facts: of it.
        vectors: those of the last portion, which its outcome was made of.
    """

    task: Task
    worker: Worker = field(init=False)
    facts: Facts = field(init=False)
    vectors: HeadVectors | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.worker = Worker(self.task)
        self.facts = self.worker.facts

    def run(self, portions: Sequence[Portion], progress: ProgressCallback | None = None) -> Iterator[Outcome]:
        """Yield what comes of each portion, in their order.

        Raises:
            SavError: as ``Worker.work``.
        """
        levels, total, started = self.task.levels, sum(len(portion.listed) for portion in portions), time.perf_counter()
        for (read,) in prefetch(lambda portion: read_portion(portion, self.task), portions, repeat(1)):
            begun = read.portion.first
            watch = portion_progress(progress, begun, total, time.perf_counter() - started)
            outcome, self.vectors = self.worker.work(read, levels, watch)
            if outcome.wide:
                levels = scan_levels([portion for portion in portions if portion.first >= begun], self.task)
                outcome, self.vectors = self.worker.work(read, levels, watch)
            yield outcome


def scan_levels(portions: Sequence[Portion], task: Task) -> Levels:
    """Return the one rule for all pictures of more than eight bits in some portions, each of which is opened for that."""

    def spreads() -> Iterator[Spread]:
        for (read,) in prefetch(lambda portion: read_portion(portion, task), portions, repeat(1)):
            yield from (p.spread for example in read.examples for p in example.images if p.spread is not None)

    return decide(spreads())
