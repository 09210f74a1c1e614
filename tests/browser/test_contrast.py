"""Every word on every page can be read: WCAG AA, in light and dark, at a desk and on a phone."""

from playwright.sync_api import expect

from tests.browser.contrast import too_faint
from tests.browser.visitor import PAGES, picture

LOOKS = ((1440, "light"), (1440, "dark"), (390, "dark"), (390, "light"))


def check(visitor, state, *there):
    """Every text is legible in each of four ways to look at the page, what is ``there`` too; it ends as it began."""
    page = visitor.page
    page.mouse.move(0, 0)
    for width, scheme in (*LOOKS[1:], LOOKS[0]):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        dark = scheme == "dark"
        page.wait_for_function("(dark) => document.body.classList.contains('dark') === dark", arg=dark)
        for each in there:
            expect(each).to_be_visible()
        visitor.at_rest()
        faint = too_faint(page)
        assert not faint, f"{state}, {width} px, {scheme}:\n" + "\n".join(faint)


def test_a_word_too_faint_is_found(visitor):
    assert too_faint(visitor.page) == []
    visitor.page.locator(".hero p").evaluate("(line) => (line.style.color = '#8f8f8f')")
    (line,) = too_faint(visitor.page)
    assert line.endswith("> p")
    assert " < 4.5: " in line
    visitor.page.locator(".hero p").evaluate("(line) => (line.style.fontSize = '24px')")
    visitor.page.locator(".hero p").evaluate("(line) => (line.style.opacity = '0.6')")
    assert " < 3: " in too_faint(visitor.page)[0]


def test_what_a_newcomer_sees_is_legible(visitor):
    page = visitor.page
    check(visitor, "Teach, empty")
    for menu in ("#masthead", "#project-menu"):
        page.locator(f"{menu} summary").first.click()
        check(visitor, f"the menu {menu}", page.locator(f"{menu} .sheet").first)
        page.keyboard.press("Escape")
    for name, there in list(PAGES.items())[1:]:
        visitor.tab(name)
        check(visitor, f"{name}, empty", page.locator(there).first)
    visitor.tab("Teach")
    bad = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    visitor.label("one")
    visitor.give("one", picture("red", 1), picture("red", 1, name="twin.png"), bad)
    expect(page.locator("#bench .notice.part")).to_contain_text("notes.png")
    expect(page.locator(".warnings li")).to_have_count(1)
    check(visitor, "a bad file and a duplicate", page.locator("#bench .notice.part"))


def test_what_a_ready_task_shows_is_legible(visitor):
    page = visitor.page
    visitor.start("Which colour")
    expect(visitor.figure("heads")).to_be_visible()
    check(visitor, "Teach, fitted", visitor.figure("heads"))
    visitor.click_head(2, 3)
    expect(page.locator(".inspector .overlays img").first).to_be_visible()
    check(visitor, "the head inspector", page.locator(".inspector .overlays img").first)
    page.locator("#project-menu summary").click()
    page.locator("#project-menu .sheet").get_by_text("Show the code").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(visitor, "the code", page.get_by_role("dialog"))
    page.keyboard.press("Escape")
    visitor.tab("Classify")
    page.get_by_role("button", name="Classify all 20").click()
    expect(page.locator(".answers-table td.label")).to_have_count(20)
    expect(page.locator("#detail .overlays img").first).to_be_visible()
    check(visitor, "Classify, many pictures", page.locator("#detail .overlays img").first)
    page.locator("#threshold").fill("100")
    expect(page.locator(".answers-table td.label", has_text="none of these").first).to_be_visible()
    check(visitor, "Classify, none of these")
    page.get_by_role("button", name="Webcam, live").click()
    rate = page.locator(".live [data-rate]:visible")  # Teach has one too
    expect(rate).to_contain_text("frames a second")
    check(visitor, "the webcam", rate)
