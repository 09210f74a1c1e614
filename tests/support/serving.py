"""The app served by a process of its own, as a stranger starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serve(folder, *arguments, **how):
    """Yield the app's address while it runs; all else is as of ``starting``."""
    with starting(folder, *arguments, **how) as ready:
        yield ready()


@contextmanager
def starting(folder, *arguments, program=(sys.executable, "app.py"), cwd=ROOT, port=None, **environment):
    """Start the app, and yield what waits for it and says its address; afterwards its log may hold no traceback.

    Args:
        folder: for its log and what is uploaded.
        arguments: of the program.
        program: what serves the app.
        cwd: where it is started.
        port: where it listens; any that is free by default.
        environment: more variables.
    """
    port, log = port or free_port(), folder / "log"
    settings = {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "GRADIO_ANALYTICS_ENABLED": "0",
    }
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=cwd,
            env=os.environ | settings | environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield partial(_ready, f"http://127.0.0.1:{port}/", process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=120)  # a busy machine is no defect
    assert "Traceback" not in log.read_text(), log.read_text()[-5000:]


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ready(url, process, log, seconds=240):
    """Return the app's address once it answers there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return url
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    return pytest.fail(f"The app did not start:\n{log.read_text()[-3000:]}")
