"""How long a visitor waits: the real app, started as a stranger starts it, in a real Chromium with a webcam.

python -m perf.app --repeats 40
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from tools.screenshots import CHROMIUM, PATIENCE, served

TASK = "Which colour"
SWITCHES = ("--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
READY = '#bench .stage:not([data-version="0"])'

# From moving the slider to the frame after the one that shows the new heads: what is seen, not what is sent.
_SLIDE = """(count) => new Promise((resolve) => {
  const slider = document.querySelector('[data-slide="keep"]');
  const map = document.querySelector('[data-figure="heads"]');
  slider.value = count;
  const start = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const look = () =>
    map.layout.shapes.length === count
      ? requestAnimationFrame(() => resolve(performance.now() - start))
      : requestAnimationFrame(look);
  look();
})"""


def main() -> None:
    """Print one row for each thing a visitor waits for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=40, help="movements of the slider")
    options.add_argument("--visits", type=int, default=5, help="new visitors")
    options.add_argument("--seconds", type=float, default=10.0, help="of webcam")
    asked = options.parse_args()
    path = next((path for path in CHROMIUM if Path(path).exists()), None)
    if path is None:
        raise SystemExit("Chromium is missing: `make test` installs it.")
    expect.set_options(timeout=PATIENCE)
    console, table = Console(), Table("what a visitor waits for", "median", "95th percentile", "n", "aim")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        screens = [first_screen(browser, address) for _ in range(asked.visits)]
        newcomers = [newcomer(browser, address) for _ in range(asked.visits)]
        page = opened(browser, address)
        start_task(page)
        slides = slider(page, asked.repeats)
        rates = webcam(page, asked.seconds)
        browser.close()
    clicks = {clicks for clicks, _ in newcomers}
    add(table, "first meaningful screen, s", screens, "3")
    add(table, f"newcomer to a first answer, s ({max(clicks)} clicks, aim 3)", [seconds for _, seconds in newcomers], "20")
    add(table, "slider to new figures, ms", slides, "200", digits=0)
    add(table, "webcam answers a second", rates, ">= 5")
    console.print(describe())
    console.print(table)


def add(table: Table, what: str, values: Sequence[float], aim: str, digits: int = 1) -> None:
    """Add a row of median and 95th percentile."""
    high = statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    table.add_row(what, f"{statistics.median(values):.{digits}f}", f"{high:.{digits}f}", str(len(values)), aim)


def opened(browser: Browser, address: str) -> Page:
    """Open the app as somebody new."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["camera"]).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address, wait_until="commit")
    page.locator(READY).wait_for()
    return page


def first_screen(browser: Browser, address: str) -> float:
    """Seconds until the page shows what can be done and takes a click."""
    start = time.perf_counter()
    page = opened(browser, address)
    page.locator(".tile").first.wait_for()
    seconds = time.perf_counter() - start
    page.context.close()
    return seconds


def newcomer(browser: Browser, address: str) -> tuple[int, float]:
    """Clicks and seconds from opening the page to the first classified picture."""
    start, clicks = time.perf_counter(), 0
    page = opened(browser, address)
    for target in (
        page.locator(".tile", has_text=TASK),
        page.get_by_role("button", name="Try it on new pictures"),
        page.get_by_role("button", name="Classify picture 1", exact=True),
    ):
        target.click()
        clicks += 1
    page.locator("#detail .guess strong").wait_for()
    seconds = time.perf_counter() - start
    page.context.close()
    return clicks, seconds


def start_task(page: Page) -> None:
    """Start from a ready task and wait for its heads."""
    page.locator(".tile", has_text=TASK).click()
    expect(page.get_by_text("Up to date")).to_be_visible()
    expect(page.locator('[data-figure="heads"] .heatmaplayer image').first).to_be_visible()


def slider(page: Page, repeats: int) -> list[float]:
    """Milliseconds from moving the slider to the new figures, each movement after the last has settled."""
    found = []
    for turn in range(repeats + 3):
        found.append(page.evaluate(_SLIDE, 5 + 7 * turn % 50))
        page.wait_for_timeout(150)
    return found[3:]  # the first ones warm up


def webcam(page: Page, seconds: float) -> list[float]:
    """Answers a second, for each whole second of the webcam."""
    page.get_by_role("tab", name="Classify").click()
    page.get_by_role("button", name="Webcam, live").click()
    expect(page.locator(".live [data-rate]")).to_contain_text("frames a second")
    page.evaluate(
        """() => {
          window.savSeen = [];
          let last = "";
          document.addEventListener("sav:drawn", () => {
            const serial = document.querySelector(".live").dataset.serial;
            if (serial !== last) window.savSeen.push(performance.now());
            last = serial;
          });
        }"""
    )
    page.wait_for_timeout(1000 * seconds)
    times = page.evaluate("window.savSeen")
    page.get_by_role("button", name="Stop the webcam").click()
    starts = range(int(times[0]), int(times[-1]) - 999, 1000)
    return [float(sum(start <= at < start + 1000 for at in times)) for start in starts]


if __name__ == "__main__":
    main()
