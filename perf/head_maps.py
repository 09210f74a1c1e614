"""What the map of a head costs: the time from the click to the answer, and the bytes that it sends.

python -m perf.head_maps --pictures 36 300

The app is served as everybody gets it and spoken to as a browser does it, see ``perf.wire``. A first click sends the names
of the examples and which thumbnails stand in the map, once; a click on another head sends where they are now.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from perf.machine import describe
from perf.wire import Browser, Sent, served, session_of
from sav_core.figures.maps import head_map_values
from sav_core.retrieval.projection import PROJECTIONS, project
from sav_core.types import Head
from sav_ui.session.fit import Fit

AIM_SECONDS, AIM_BYTES = 0.150, 10_000


def acts(browser: Browser) -> Iterator[tuple[str, Sent]]:
    """Do what visitors do with a map; the head is one that was not mapped before."""
    yield "the first head", browser.do("findings", "act", {"do": "head", "x": 0, "y": 0})
    yield "another head", browser.do("findings", "act", {"do": "head", "x": 1, "y": 1})
    yield "all that vote", browser.do("findings", "act", {"do": "map", "of": "kept"})
    yield "this head again", browser.do("findings", "act", {"do": "map", "of": "head"})
    yield "by distances", browser.do("findings", "act", {"do": "map", "by": "distances"})
    yield "back to PCA", browser.do("findings", "act", {"do": "map", "by": "pca"})


def clicks(browser: Browser, columns: int, repeats: int) -> list[Sent]:
    """Clicks on heads one after the other, each mapped for the first time; without the model's look into the example."""
    return [browser.do("findings", "act", {"do": "head", "x": n % columns, "y": 2 + n // columns}) for n in range(repeats)]


def alone(fit: Fit, repeats: int) -> Iterator[tuple[str, float]]:
    """Seconds of the library's part: places and figure."""
    for words, heads in (("one head", [Head(0, 0)]), (f"{len(fit.kept)} heads", list(fit.kept))):
        for by in PROJECTIONS:
            took = []
            for _ in range(repeats):
                start = time.perf_counter()
                json.dumps(head_map_values(project(fit.vectors, heads, by=by), fit.vectors.names))
                took.append(time.perf_counter() - start)
            yield f"{words}, {by}", statistics.median(took)


def main() -> None:
    """Print a row for each act, the time of a click, and the library's part of it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pictures", type=int, nargs="+", default=[36, 300], help="sizes of the project")
    options.add_argument("--repeats", type=int, default=12, help="clicks to time")
    asked = options.parse_args()
    console = Console(width=150)
    with served() as (address, models, store):
        columns = models.get("").geometry.heads
        console.print(describe())
        for size in asked.pictures:
            token = session_of(models, store, size)
            browser = Browser(address, token)
            table = Table("", "on the wire, packed, kB", "HTML and figures, kB", "new thumbnails, kB", "seconds")
            table.title = f"{size} pictures"
            for words, sent in acts(browser):
                sizes = (f"{each / 1000:.1f}" for each in (sent.encoded, sent.content, sent.pictures))
                table.add_row(words, *sizes, f"{sent.seconds:.3f}")
            console.print(table)
            tell(console, clicks(browser, columns, asked.repeats))
            fit = store.find(token).current_fit
            assert fit is not None
            for words, each in alone(fit, asked.repeats):
                console.print(f"  the library's part, {words}: {1000 * each:.0f} ms")


def tell(console: Console, found: Sequence[Sent]) -> None:
    """Print what a click costs, by the median."""
    seconds, content, packed = (
        statistics.median(each)
        for each in ([s.seconds for s in found], [s.content for s in found], [s.encoded for s in found])
    )
    console.print(
        f"a click on another head: {1000 * seconds:.0f} ms (aim {1000 * AIM_SECONDS:.0f}), {content / 1000:.1f} kB of HTML "
        f"and figures (aim {AIM_BYTES / 1000:.0f}), {packed / 1000:.1f} kB on the wire"
    )


if __name__ == "__main__":
    main()
