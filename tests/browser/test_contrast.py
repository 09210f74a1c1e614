"""Every word on every page can be read: WCAG AA, in light and dark, at a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.contrast import too_faint
from tests.browser.visitor import picture

LOOKS = [(1440, False), (1440, True), (390, False), (390, True)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{'dark' if look[1] else 'light'}")
def reader(visit, request):
    """Somebody who reads the pages in one of four ways."""
    width, dark = request.param
    return visit(width=width, height=900, dark=dark)


def check(visitor, state):
    """Every text of what is shown now is legible."""
    visitor.page.mouse.move(0, 0)
    visitor.page.wait_for_timeout(400)  # what fades has come to rest
    faint = too_faint(visitor.page)
    assert not faint, f"{state}:\n" + "\n".join(faint)


def test_a_word_too_faint_is_found(visitor):
    assert too_faint(visitor.page) == []
    visitor.page.locator(".hero p").evaluate("(line) => (line.style.color = '#8f8f8f')")
    (line,) = too_faint(visitor.page)
    assert line.endswith("> p")
    assert " < 4.5: " in line
    visitor.page.locator(".hero p").evaluate("(line) => (line.style.fontSize = '24px')")
    visitor.page.locator(".hero p").evaluate("(line) => (line.style.opacity = '0.6')")
    assert " < 3: " in too_faint(visitor.page)[0]


def test_what_a_newcomer_sees_is_legible(reader):
    check(reader, "Teach, empty")
    reader.page.locator("#masthead summary").first.click()
    check(reader, "the model menu")
    reader.page.keyboard.press("Escape")
    reader.page.locator("#project-menu summary").click()
    check(reader, "the project menu")
    reader.page.keyboard.press("Escape")
    for name in ("Classify", "Measure", "Function vectors", "About"):
        tab = reader.page.get_by_role("tab", name=name)
        if tab.count():
            tab.first.click()
            reader.page.wait_for_timeout(600)
            check(reader, f"{name}, empty")


def test_what_a_ready_task_shows_is_legible(reader):
    page = reader.page
    reader.start("Which colour")
    expect(reader.figure("heads")).to_be_visible()
    check(reader, "Teach, fitted")
    reader.click_head(2, 3)
    expect(page.locator(".inspector .overlays img").first).to_be_visible()
    check(reader, "the head inspector")
    page.locator("#project-menu summary").click()
    page.locator("#project-menu .sheet").get_by_text("Show the code").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(reader, "the code")
    page.keyboard.press("Escape")
    reader.tab("Classify")
    page.get_by_role("button", name="Classify all 20").click()
    expect(page.locator(".answers-table td.label")).to_have_count(20)
    expect(page.locator("#detail .overlays img").first).to_be_visible()
    check(reader, "Classify, many pictures")
    page.locator("#threshold").fill("100")
    expect(page.locator(".answers-table td.label", has_text="none of these").first).to_be_visible()
    check(reader, "Classify, none of these")
    page.get_by_role("button", name="Webcam, live").click()
    expect(page.locator(".live [data-rate]")).to_contain_text("frames a second")
    check(reader, "the webcam")


def test_what_goes_wrong_is_said_legibly(reader):
    page = reader.page
    bad = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    reader.label("one")
    reader.give("one", picture("red", 1), picture("red", 1, name="twin.png"), bad)
    expect(page.locator("#bench .notice.part")).to_contain_text("notes.png")
    expect(page.locator(".warnings li")).to_have_count(1)
    check(reader, "a bad file and a duplicate")
