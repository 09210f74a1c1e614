"""Portions over the devices of this machine: a process for each, which loads the model once; the outcomes keep their order.

    engine = Devices(task, devices_named("all"))
    for outcome in engine.run(portions): ...

The first device says what the model computes in, where that is chosen by a measurement, and the others follow. On CPUs the
cores are shared out.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from queue import Full, Queue
from typing import Any

from sav_core import errors
from sav_core.bulk.here import scan_levels
from sav_core.bulk.task import Facts, Outcome, Portion, Task
from sav_core.bulk.wire import outcome_from_wire, portion_as_dict
from sav_core.data.workers.pool import Allotment, WorkerLostError, WorkerPool
from sav_core.errors import BackboneError, SettingError
from sav_core.types import Progress, ProgressCallback

__all__ = ["Devices", "devices_named"]

_AHEAD = 2  # portions of each device that are done and wait for their turn
_LOOKS_SECONDS = 0.5
_TRIES = 2  # of a portion whose worker was lost
_UNLIMITED = Allotment(None, 7 * 86400.0, None)  # one portion of a large model on a CPU may take hours


def devices_named(wanted: str) -> list[str]:
    """Return the devices that ``--devices`` means: a number of them, or ``"all"``.

    Without a GPU a number is one of processes that share the processor, and all is one.

    Raises:
        SettingError: it is neither, or there are not so many GPUs.
    """
    import torch

    gpus = torch.cuda.device_count()
    if wanted == "all":
        return [f"cuda:{number}" for number in range(gpus)] or ["cpu"]
    count = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
    if count < 1 or 0 < gpus < count:
        there = f"1 to {gpus}, the GPUs here" if gpus else "1 or more processes"
        raise SettingError(f"--devices must be {there}, or 'all', but is {wanted!r}.")
    return [f"cuda:{number}" for number in range(count)] if gpus else ["cpu"] * count


class Devices:
    """Worker processes as an engine.

    Args:
        task: what is done.
        devices: where, one process each.
        module: what such a process runs.
    """

    def __init__(self, task: Task, devices: Sequence[str], module: str = "sav_core.bulk.device_worker") -> None:
        self._task, self._devices = task, list(devices)
        self._threads = max(1, (os.cpu_count() or 1) // len(devices))
        self._pools = [WorkerPool(module, most=1) for _ in devices]
        self.facts = self._agree()

    def run(self, portions: Sequence[Portion], progress: ProgressCallback | None = None) -> Iterator[Outcome]:
        """Yield what comes of each portion, in their order; a portion whose worker was lost is done once more.

        Raises:
            SavError: as ``Worker.work``; or a worker was lost twice over one portion.
        """
        started, total, done = time.perf_counter(), sum(len(portion.listed) for portion in portions), 0
        try:
            for place, outcome in enumerate(self._in_order(portions)):
                portion = portions[place]
                if outcome.wide:
                    if self._task.levels is None:
                        self._task = replace(self._task, levels=scan_levels(portions[place:], self._task))
                    outcome = self._done(place % len(self._pools), portion, None)
                done += len(portion.listed)
                if progress is not None:
                    progress(Progress(done, total, time.perf_counter() - started))
                yield outcome
        finally:
            for pool in self._pools:
                pool.kill()

    def _agree(self) -> Facts:
        """Let the first device load the model, and the others compute in the numbers that it has chosen."""
        facts = Facts.from_dict(self._ask(0, None).says["facts"])
        if self._task.classifier is None:
            self._task = replace(self._task, dtype=facts.dtype)
        return facts

    def _in_order(self, portions: Sequence[Portion]) -> Iterator[Outcome]:
        """Every device takes its turn, and is told what comes next, so that it opens the pictures of that meanwhile."""
        count = len(self._pools)
        ready: list[Queue[Outcome | BaseException]] = [Queue(_AHEAD) for _ in self._pools]
        stopped = threading.Event()

        def feed(number: int) -> None:
            mine: list[Portion | None] = [*portions[number::count], None]
            for portion, following in pairwise(mine):
                assert portion is not None, "only the last is none"
                came = self._caught(number, portion, following)
                while not stopped.is_set():
                    with suppress(Full):
                        ready[number].put(came, timeout=_LOOKS_SECONDS)
                        break
                if stopped.is_set() or isinstance(came, BaseException):
                    return

        threads = [threading.Thread(target=feed, args=(number,), daemon=True) for number in range(count)]
        try:
            for thread in threads:
                thread.start()
            for place in range(len(portions)):
                came = ready[place % count].get()
                if isinstance(came, BaseException):
                    raise came
                yield came
        finally:
            stopped.set()

    def _caught(self, number: int, portion: Portion, following: Portion | None) -> Outcome | BaseException:
        try:
            return self._done(number, portion, following)
        except Exception as error:  # noqa: BLE001  # raised where the outcome is waited for
            return error

    def _done(self, number: int, portion: Portion, following: Portion | None) -> Outcome:
        answer = self._ask(number, portion, following)
        outcome = outcome_from_wire(answer.says, answer.parts)
        if outcome.facts != self.facts:
            raise BackboneError(
                f"The model on {self._devices[number]} is another one than on {self._devices[0]} ({outcome.facts.dtype}, "
                f"{outcome.facts.fingerprint[:8]}): give its --dtype, and do not change its files meanwhile."
            )
        return outcome

    def _ask(self, number: int, portion: Portion | None, following: Portion | None = None) -> Any:
        request = {
            "task": self._task.as_dict(),
            "device": self._devices[number],
            "threads": self._threads if self._devices[number] == "cpu" else None,
            "portion": None if portion is None else portion_as_dict(portion),
            "following": None if following is None else portion_as_dict(following),
        }
        for left in range(_TRIES - 1, -1, -1):
            try:
                answer = self._pools[number].ask(request, _UNLIMITED)
                break
            except WorkerLostError as lost:
                if not left:
                    where = "loading the model" if portion is None else f"examples {portion.first + 1:,} and after"
                    raise BackboneError(
                        f"The worker on {self._devices[number]} ended {_TRIES} times over {where}: its memory may be too "
                        "small, so use fewer --devices, or a smaller model."
                    ) from lost
        for text in answer.says.get("warnings", ()):
            warnings.warn(text, UserWarning, stacklevel=2)
        if "fault" in answer.says:
            kind = getattr(errors, answer.says["fault"], None)
            raise RuntimeError(answer.says["text"]) if kind is None else kind(answer.says["text"])
        return answer
