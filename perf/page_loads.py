"""What bare page loads leave in memory: pages that are opened, and closed without a click.

python -m perf.page_loads --loads 400
"""

from __future__ import annotations

import argparse
import secrets

from rich.console import Console

from perf.load import memory, serving
from perf.machine import describe
from perf.visitors import address
from perf.wire import Browser

__all__: list[str] = []

FIRST = 100  # until here caches fill: the interpreter's, Gradio's, ours
AIM = 40_000  # bytes of each load after that


def main() -> None:
    """Print the memory after each hundred of loads; fails if each left more than is aimed at."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--loads", type=int, default=400, help="after the first hundred")
    asked = options.parse_args()
    console = Console(width=150)
    console.print(describe())
    with serving("together") as server:
        held = []
        for number in range(FIRST + asked.loads + 1):
            if number >= FIRST and (number - FIRST) % 100 == 0:
                held.append(memory(server))
                console.print(f"after {number} page loads: {held[-1] / (1 << 20):.1f} MiB")
            Browser(server, secrets.token_hex(16), {"X-Forwarded-For": address(number)}).close()
    each = (held[-1] - held[0]) / asked.loads
    console.print(f"{each / 1000:.1f} kB of each load (aim {AIM / 1000:.0f} kB)")
    if each > AIM:
        raise SystemExit("Missed: memory of bare page loads")


if __name__ == "__main__":
    main()
