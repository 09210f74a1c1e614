"""One app and one Chromium for all browser tests; every test is a new visitor, and any console error fails it."""

import sys
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import visitor as visitor_module
from tests.browser.visitor import HASTE, PATIENCE, Visitor
from tests.support.serving import serve

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
# One process for all pages of a window knows the app's scripts from the page before; opening takes half as long.
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--process-per-site"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    """Mark what needs Chromium."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Once something has failed, which may have been waited for in vain, nothing is waited for as long again."""
    report = yield
    if report.failed:
        visitor_module.PATIENCE = HASTE
        expect.set_options(timeout=HASTE)
    return report


@pytest.fixture(scope="package")
def served(tmp_path_factory):
    """The address of the app, which is as a stranger starts it but for how much a function vector is judged on."""
    with serve(tmp_path_factory.mktemp("served"), program=(sys.executable, "-m", "tests.support.quick_app")) as address:
        yield address


@pytest.fixture(scope="package")
def chromium():
    """A Chromium whose webcam is a moving test picture."""
    path = next((path for path in CHROMIUM if Path(path).exists()), None)
    assert path, "Chromium is missing: `make test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def left():
    """Windows that nobody is in any more, by their size and colours."""
    return defaultdict(list)


@pytest.fixture
def visit(served, chromium, left):
    """``visit(width=390, dark=True)`` opens the app as somebody new and returns a ``Visitor``."""
    with visits(served, chromium, left) as enter:
        yield enter


@pytest.fixture(scope="module")
def visit_together(served, chromium, left):
    """The same, for somebody whom several tests of a file watch; none may count on what another left."""
    with visits(served, chromium, left) as enter:
        yield enter


@contextmanager
def visits(served, chromium, left):
    """Let people in, and out again; any error in their consoles is one of the tests that they were in."""
    visitors = []

    def enter(width=1440, height=900, dark=False):
        look = (width, height, dark)
        page = (left[look].pop() if left[look] else window(chromium, served, *look)).new_page()
        forget(page, served)
        visitor = Visitor(page, served)
        visitors.append((visitor, look))
        visitor.open()
        return visitor

    yield enter
    errors = [error for visitor, _ in visitors for error in visitor.errors]
    for visitor, look in visitors:
        context = visitor.page.context
        for page in context.pages[1:]:
            page.close()
        left[look].append(context)
    assert not errors, errors


def window(chromium, address, width, height, dark):
    """A browser of one's own; its first page, of a few words, keeps its process from ending with a visit."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        permissions=["camera"],
        accept_downloads=True,
    )
    context.new_page().goto(f"{address}robots.txt")
    return context


def forget(page, address):
    """Let the browser forget who was here, but not the scripts of the page, which are half of what opening it takes."""
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"})
    session.detach()


@pytest.fixture
def visitor(visit):
    """Somebody new at a desk."""
    return visit()
