"""Many visitors at once, and one hostile one beside them.

python -m perf.load                                     # 32 visitors, three rounds, then the same without reading together
python -m perf.load --visitors 6 --rounds 1             # a try on a busy machine
python -m perf.load --hostile --seconds 20              # each attack for so long, others click meanwhile

Each visitor teaches 3 labels x 5 pictures and classifies 10, one after another, every second one by the API; all pictures
are different. The server runs in a process of its own, as ``sav app`` starts it, with a cache of its own; each visitor has
an address of their own, which the server believes because it trusts this machine's word on that. What each is told is
compared with what they are told where every visitor's pictures are read alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.table import Table

from perf.attacks import ATTACKS, Attacking
from perf.machine import describe
from perf.visitors import Visit, Visitor, visit
from tools.screenshots import free_port, wait_for

SLOWEST, GROWTH, TIMES, CLICK, MEMORY = 3.0, 1.05, 2.0, 2.0, 4 << 30
"""Aims: slowest by median, memory after the last round by the first, throughput by that without, seconds, bytes."""

CLICKERS = 4


@dataclass
class Round:
    """What came of a round."""

    visits: list[Visit]
    seconds: float
    memory: int

    @property
    def times(self) -> list[float]:
        """Seconds of each visitor's jobs together."""
        return [each.teaching + sum(each.classifying) for each in self.visits]


def main() -> None:
    """Print what was measured beside the aims; fails if one was missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--visitors", type=int, default=32)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--hostile", action="store_true", help="one hostile visitor instead")
    options.add_argument("--seconds", type=float, default=20.0, help="of each attack")
    options.add_argument("--serve", choices=("together", "alone"), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.serve:
        serve(together=asked.serve == "together")
        return
    console = Console(width=150)
    console.print(describe())
    missed = hostile(console, asked.seconds) if asked.hostile else load(console, asked.visitors, asked.rounds)
    if missed:
        sys.exit(f"Missed: {', '.join(missed)}")


def load(console: Console, visitors: int, rounds: int) -> list[str]:
    """Have all visit at once, with their pictures read together and each alone; returns the aims that were missed."""
    found: dict[str, list[Round]] = {}
    for name in ("together", "alone"):
        with serving(name) as server:
            visit(server, 99, 0)  # the model is loaded
            found[name] = [a_round(server, number, visitors) for number in range(rounds)]
    table = Table(
        "round", "seconds", "jobs a second", "median of a visitor", "slowest", "memory, MiB", title=f"{visitors} visitors"
    )
    for name, done in found.items():
        for number, each in enumerate(done):
            jobs = len(each.visits) * (1 + len(each.visits[0].classifying)) / each.seconds
            numbers = (each.seconds, jobs, statistics.median(each.times), max(each.times), each.memory / (1 << 20))
            table.add_row(f"{name} {number + 1}", *(f"{value:.1f}" for value in numbers))
    console.print(table)
    together, alone = found["together"], found["alone"]
    ratio = sum(each.seconds for each in alone) / sum(each.seconds for each in together)
    slowest = max(max(each.times) / statistics.median(each.times) for each in together)
    growth = together[-1].memory / together[0].memory
    pairs = [
        (one, other)
        for left, right in zip(together, alone, strict=True)
        for first, second in zip(left.visits, right.visits, strict=True)
        for one, other in zip(first.answers, second.answers, strict=True)
    ]
    same, exact = sum(one[0] == other[0] for one, other in pairs), sum(one == other for one, other in pairs)
    console.print(
        f"throughput together by alone {ratio:.2f} (aim {TIMES}); slowest by median {slowest:.2f} (aim {SLOWEST})"
    )
    console.print(f"memory after the last round by the first {growth:.3f} (aim {GROWTH})")
    console.print(f"answers as alone: {same} of {len(pairs)} labels, {exact} with every share")
    aims = {
        "throughput": ratio >= TIMES,
        "slowest": slowest <= SLOWEST,
        "memory": growth <= GROWTH,
        "answers": same == len(pairs),
    }
    return [name for name, met in aims.items() if not met]


def a_round(server: str, number: int, visitors: int) -> Round:
    """Have all visit at once."""
    start = time.perf_counter()
    with ThreadPoolExecutor(visitors) as threads:
        visits = list(threads.map(lambda visitor: visit(server, number, visitor), range(visitors)))
    return Round(visits, time.perf_counter() - start, memory(server))


def hostile(console: Console, seconds: float) -> list[str]:
    """Let one attack while others click what needs no model; returns the attacks during which an aim was missed."""
    table, missed = Table("attack", "times", "median click, s", "slowest, s", "memory, MiB"), []
    with serving("together") as server:
        others = [Visitor(server, 98, number) for number in range(CLICKERS)]
        rows: list[tuple[str, Callable[..., None] | None]] = [("none", None), *((each.__name__, each) for each in ATTACKS)]
        for name, attack in rows:
            if attack is None:
                times, attacks = clicks(others, seconds), 0
            else:
                with Attacking(server, attack) as one:
                    times = clicks(others, seconds)
                    attacks = one.times
            middle, held = statistics.median(times), memory(server)
            values = (str(attacks), f"{middle:.2f}", f"{max(times):.2f}", f"{held / (1 << 20):.0f}")
            table.add_row(name.replace("_", " "), *values)
            if middle > CLICK or held > MEMORY:
                missed.append(name)
    console.print(table)
    return missed


def clicks(visitors: list[Visitor], seconds: float) -> list[float]:
    """Seconds of each click on something that needs no model, of all visitors, for so long."""
    end = time.monotonic() + seconds

    def click(visitor: Visitor) -> list[float]:
        found = []
        while time.monotonic() < end or not found:
            found.append(
                visitor.browser.do("bench", "act", {"do": "add_label", "value": f"label {time.monotonic_ns()}"}).seconds
            )
            visitor.browser.do("bench", "act", {"do": "clear"})
            time.sleep(0.5)
        return found

    with ThreadPoolExecutor(len(visitors)) as threads:
        return [each for found in threads.map(click, visitors) for each in found]


def memory(server: str) -> int:
    """What the server takes."""
    return int(httpx.get(f"{server}ready", timeout=600).json()["memory"]["used_bytes"])


@contextmanager
def serving(how: str) -> Iterator[str]:
    """Serve the app in a process of its own; yields its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": f"{folder}/files", "SAV_CACHE_DIR": f"{folder}/cache"}
        own |= {"SAV_TRUSTED_PROXIES": "127.0.0.1"}
        process = subprocess.Popen([sys.executable, "-m", "perf.load", "--serve", how], env=os.environ | own)
        try:
            address = f"http://127.0.0.1:{port}/"
            wait_for(address, process, seconds=600)
            yield address
        finally:
            process.terminate()
            process.wait()


def serve(*, together: bool) -> None:
    """Serve the app here until the process is stopped."""
    from sav_ui.app import build
    from sav_ui.launch import launch, prepare
    from sav_ui.serving.pool import ModelPool

    prepare()
    models = ModelPool(together=together)
    launch(build(models), models, mcp=False)


if __name__ == "__main__":
    main()
