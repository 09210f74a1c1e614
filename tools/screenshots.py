"""The README's picture: the Teach page with a ready task fitted, taken of the real app by a real browser.

Run by `make screenshots`, which writes assets/screenshots/teach.png; `python -m tools.screenshots --help` says what else.
"""

from __future__ import annotations

import argparse
import os
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

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "assets" / "screenshots"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SIZE = {"width": 1440, "height": 1000}
PATIENCE = 180_000  # milliseconds: a busy machine is no reason for an empty picture


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


def teach(page: Page, address: str, task: str) -> None:
    """Open the Teach page, start from a ready task and wait until its heads are drawn."""
    page.goto(address)
    page.locator(".tile", has_text=task).click()
    expect(page.get_by_text("Up to date")).to_be_visible()
    expect(page.locator('[data-figure="heads"] .plotly .heatmaplayer image').first).to_be_visible()
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # what fades or scrolls has come to rest


def main() -> None:
    """Take the picture."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--task", default="Things it was never taught", help="the ready task to show, by its title")
    options.add_argument("--out", type=Path, default=PLACE / "teach.png")
    options.add_argument("--dark", action="store_true")
    asked = options.parse_args()
    browser_path = next((path for path in CHROMIUM if Path(path).exists()), None)
    if browser_path is None:
        sys.exit("Chromium is missing: `make test` installs it.")
    expect.set_options(timeout=PATIENCE)
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE, color_scheme="dark" if asked.dark else "light")
        page.set_default_timeout(PATIENCE)
        teach(page, address, asked.task)
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=asked.out)
        browser.close()
    print(f"Wrote {asked.out}")


if __name__ == "__main__":
    main()
