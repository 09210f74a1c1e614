"""One app and one Chromium for all browser tests; every test is a new visitor, and any console error fails it."""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.visitor import PATIENCE, Visitor
from tests.support.serving import serve

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    """Mark what needs Chromium."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The address of the app, which is as a stranger starts it but for how much a function vector is judged on."""
    with serve(tmp_path_factory.mktemp("served"), program=(sys.executable, "-m", "tests.support.quick_app")) as address:
        yield address


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
    with visits(served, chromium) as enter:
        yield enter


@pytest.fixture(scope="module")
def visit_together(served, chromium):
    """The same, for somebody whom several tests of a file watch; none may count on what another left."""
    with visits(served, chromium) as enter:
        yield enter


@contextmanager
def visits(served, chromium):
    """Let people in, and out again; any error in their consoles is one of the tests that they were in."""
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
