"""The README's pictures and its short animation, taken of the real app by a real browser, with the model that ships.

Run by `make screenshots`, which writes teach, classify, vectors and tour.webp into assets/screenshots;
`python -m tools.screenshots --help` says what else.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "assets" / "screenshots"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
TASK = "Fruit and vegetables"
SIZE = (1440, 1000)
TOUR_SIZE, TOUR_WIDTH = (1200, 800), 900  # the window, and the width it is shown at
BUDGET = 1_500_000  # bytes of all together: they are fetched whenever somebody opens the README
QUALITY, TOUR_QUALITY = 88, 62
PATIENCE = 600_000  # milliseconds: a busy machine is no reason for an empty picture


@contextmanager
def served() -> Iterator[str]:
    """Start the app as a stranger starts it; yields its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as folder:
        own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": folder, "SAV_CACHE_DIR": folder}
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | own, start_new_session=True)
        try:
            wait_for(address, process)
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = PATIENCE / 1000) -> None:
    """Return when the app answers; ends the program if it does not for so long."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    sys.exit("The app did not start: run `make app` to see why.")


class Tour:
    """The frames of an animation, each with how long it stays."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.stays: list[int] = []

    def show(self, milliseconds: int = 1400) -> None:
        """Add the window as it is now."""
        settle(self.page)
        image = taken(self.page)
        self.frames.append(image.resize((TOUR_WIDTH, TOUR_WIDTH * image.height // image.width), Image.Resampling.LANCZOS))
        self.stays.append(milliseconds)

    def write(self, path: Path) -> None:
        """Write an animated WebP that goes on for ever."""
        first, *others = self.frames
        first.save(path, save_all=True, append_images=others, duration=self.stays, loop=0, quality=TOUR_QUALITY, method=6)


def taken(page: Page) -> Image.Image:
    """What the window shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def settle(page: Page) -> None:
    """Return when what fades or scrolls has come to rest, with the pointer on nothing."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)


def drawn(page: Page, figure: str) -> None:
    """Return when a heatmap is drawn."""
    expect(page.locator(f'[data-figure="{figure}"] .plotly .heatmaplayer image').first).to_be_visible()


def start(page: Page, task: str) -> None:
    """Start from a ready task and wait until its heads are drawn."""
    page.locator(".tile", has_text=task).click()
    expect(page.get_by_text("Up to date")).to_be_visible()
    drawn(page, "heads")


def classify(page: Page) -> None:
    """Classify the ready task's own test pictures and wait for what the model itself says of the first."""
    page.get_by_role("tab", name="Classify").click()
    page.get_by_role("button", name="Classify all").click()
    expect(page.locator("#detail [data-key=zero-shot]")).to_be_visible()
    expect(page.locator(".answers .under-way")).to_have_count(0)
    expect(page.locator(".answers-table .waits")).to_have_count(0)
    drawn(page, "votes")


def analogy(page: Page) -> None:
    """Answer an analogy with the vectors that come with the app."""
    page.get_by_role("tab", name="Function vectors").click()
    page.get_by_role("button", name="Try an analogy").click()
    expect(page.locator(".answer-word")).to_be_visible()


def to(page: Page, selector: str) -> None:
    """Scroll until an element stands near the window's upper edge."""
    page.locator(selector).first.evaluate(
        "(element) => scrollTo({ top: scrollY + element.getBoundingClientRect().top - 24, behavior: 'instant' })"
    )


def pictures(page: Page, folder: Path, task: str) -> None:
    """Take the three pictures."""
    start(page, task)
    picture(page, folder / "teach.webp")
    classify(page)
    to(page, ".answers")
    picture(page, folder / "classify.webp")
    analogy(page)
    to(page, "[data-key=analogy]")
    picture(page, folder / "vectors.webp")


def picture(page: Page, path: Path) -> None:
    """Write what the window shows."""
    settle(page)
    taken(page).save(path, quality=QUALITY, method=6)


def tour(page: Page, path: Path, task: str) -> None:
    """Walk from the first screen to an answer and on to an analogy."""
    frames = Tour(page)
    frames.show()
    start(page, task)
    page.evaluate("scrollTo(0, 0)")
    frames.show(2200)
    for kept in ("3", "8"):
        page.get_by_label("Number of heads that vote").fill(kept)
        expect(page.locator("[data-figure=curve]")).to_have_attribute("aria-label", re.compile(f"with {kept}$"))
        frames.show(900)
    page.locator("[data-figure=heads]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#inspector .overlays img")).to_have_count(2)
    frames.show(2200)
    classify(page)
    to(page, ".answers")
    frames.show(2600)
    analogy(page)
    to(page, "[data-key=analogy]")
    frames.show(2600)
    frames.write(path)


def opened(browser: Browser, address: str, size: tuple[int, int], dark: bool) -> Page:
    """Open the app as somebody new."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    expect(page.locator('#bench .stage:not([data-version="0"])')).to_be_visible()
    return page


def main() -> None:
    """Take them all.

    Raises:
        SystemExit: Chromium is missing, the app did not start, or the files are too large for a README.
    """
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--task", default=TASK, help="the ready task to show, by its title")
    options.add_argument("--out", type=Path, default=PLACE, help="the folder to write into")
    options.add_argument("--dark", action="store_true")
    asked = options.parse_args()
    browser_path = next((path for path in CHROMIUM if Path(path).exists()), None)
    if browser_path is None:
        sys.exit("Chromium is missing: `make test` installs it.")
    expect.set_options(timeout=PATIENCE)
    asked.out.mkdir(parents=True, exist_ok=True)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        pictures(opened(browser, address, SIZE, asked.dark), asked.out, asked.task)
        tour(opened(browser, address, TOUR_SIZE, asked.dark), asked.out / "tour.webp", asked.task)
        browser.close()
    written = [asked.out / f"{name}.webp" for name in ("teach", "classify", "vectors", "tour")]
    size = sum(path.stat().st_size for path in written)
    print("\n".join(f"{path}: {path.stat().st_size:,} bytes" for path in written))
    if size > BUDGET:
        sys.exit(f"Together they have {size:,} bytes, but {BUDGET:,} are the most: lower QUALITY or TOUR_QUALITY.")


if __name__ == "__main__":
    main()
