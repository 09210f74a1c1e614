"""One app and one Chromium for all browser tests; every test is a new visitor, and any console error fails it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.visitor import PATIENCE, Visitor

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

expect.set_options(timeout=PATIENCE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process, log, seconds=240):
    """Return when the app answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    pytest.fail(f"The app did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The address of the app, started as a stranger starts it."""
    folder = tmp_path_factory.mktemp("served")
    port, log = free_port(), folder / "log"
    settings = {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "GRADIO_ANALYTICS_ENABLED": "0",
    }
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
    assert "Traceback" not in log.read_text(), log.read_text()[-5000:]


@pytest.fixture(scope="session")
def chromium():
    """A Chromium whose webcam is a moving test picture."""
    path = next((path for path in CHROMIUM if Path(path).exists()), None)
    assert path, "Chromium is missing: `make test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture
def visit(served, chromium):
    """``visit(width=390, dark=True)`` opens the app as somebody new and returns a ``Visitor``."""
    visitors = []

    def enter(width=1440, height=900, dark=False):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            permissions=["camera"],
            accept_downloads=True,
        )
        visitor = Visitor(context.new_page(), served)
        visitors.append(visitor)
        visitor.open()
        return visitor

    yield enter
    errors = [error for visitor in visitors for error in visitor.errors]
    for visitor in visitors:
        visitor.page.context.close()
    assert not errors, errors


@pytest.fixture
def visitor(visit):
    """Somebody new at a desk."""
    return visit()
