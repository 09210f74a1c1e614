"""Where things are: what must stick sticks, nothing is covered, nothing is wider than the window, at every width."""

from itertools import combinations, product

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import PAGES, picture

WIDTHS = (320, 390, 820, 1024, 1100, 1280, 1440, 1920)
TIGHTEST = (320, 390, 601, 1001, 1280, 1920)  # the narrowest of each way the pages are laid out, and more
FONTS = {"narrow": "Arial Narrow, Liberation Sans Narrow, Arial, sans-serif", "wide": "Verdana, DejaVu Sans, sans-serif"}

_LONG = "A model whose name has forty letters, 40"

_FLOATING = [".undo-bar button:last-of-type", '.notice[data-key="notice"]', ".chosen-bar", ".go"]

_COVERED = """(root) => {
  const wrong = [], looked = new Set();
  const named = (element) => element.getAttribute("aria-label") || element.textContent || element.name || "";
  const words = (element) => named(element).trim().slice(0, 40) || element.outerHTML.slice(0, 120);
  const controls = ":is(button, summary, select, input, textarea, a[href], label.pick)";
  for (const element of document.querySelectorAll(`${root} ${controls}`)) {
    if (element.matches(":disabled, [type=file]") || element.closest(".visually-hidden, [aria-hidden=true]")) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = element.getClientRects()[0]; // of the first line: a link in a text may run over two
    if (!box || box.width < 2 || box.height < 2) continue;
    looked.add(words(element));
    if (box.left < -1 || box.right > innerWidth + 1) {
      wrong.push(`“${words(element)}” reaches from ${box.left} to ${box.right} of ${innerWidth}`);
      continue;
    }
    const inset = Math.min(4, box.width / 3);
    for (const x of [box.left + inset, box.left + box.width / 2, box.right - inset]) {
      const met = document.elementFromPoint(x, box.top + box.height / 2);
      if (met && (element.contains(met) || met.contains(element) && met.matches("label"))) continue;
      const who = met ? `${met.nodeName.toLowerCase()}.${met.getAttribute("class") || ""} “${words(met)}”` : "nothing";
      wrong.push(`“${words(element)}” is covered by ${who} at ${Math.round(x)}, ${Math.round(box.top + box.height / 2)}`);
      break;
    }
  }
  scrollTo(0, 0);
  return [looked.size, wrong];
}"""


def check(page, where, root="body", least=1):
    """Every control can be clicked, and the page does not scroll sideways."""
    seen, wrong = page.evaluate(_COVERED, root)
    assert seen >= least, f"{where}: only {seen} controls were found"
    assert not wrong, f"{where}:\n" + "\n".join(wrong)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], f"{where} scrolls sideways"


def style(page, selector, name):
    """A computed style of the first element."""
    return page.locator(selector).first.evaluate("(element, name) => getComputedStyle(element)[name]", name)


def test_the_header_can_be_clicked_at_every_width_whatever_the_models_name(visitor):
    page = visitor.page
    name = page.locator("#model-menu summary > span").last
    for font, words in product(FONTS, ("Demo model", _LONG)):
        page.add_style_tag(content=f".gradio-container * {{ font-family: {FONTS[font]} !important }}")
        name.evaluate("(element, words) => (element.textContent = words)", words)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            visitor.at_rest()
            where = f"{width} px, {font}, “{words}”"
            check(page, where, ".gradio-container .column > #top", least=3)
            check(page, where, "#pages .tab-wrapper", least=6)
            tabs, model = page.get_by_role("tablist").bounding_box(), page.locator("#model-menu summary").bounding_box()
            beside = tabs["x"] + tabs["width"] <= model["x"]
            below = tabs["y"] >= model["y"] + model["height"]
            assert beside or below, f"{where}: the tabs lie on the model's menu"
            assert below or width >= 1280, f"{where}: the tabs have a line of their own"


def everywhere(visitor, where, root="body", least=1):
    """The same wherever it is tight, the window being made wider and narrower."""
    page = visitor.page
    for width in TIGHTEST:
        page.set_viewport_size({"width": width, "height": 900})
        visitor.at_rest()
        check(page, f"{where}, {width} px", root, least)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_nothing_is_covered_on_any_page_at_any_width(visitor):
    page = visitor.page
    for name, there in PAGES.items():
        visitor.tab(name)
        expect(page.locator(there).first).to_be_visible()
        everywhere(visitor, f"{name}, empty", least=9)
    visitor.tab("Teach")
    page.locator('[data-key="tile-which-colour"]').click()
    visitor.found()
    expect(visitor.figure("heads")).to_be_visible()
    everywhere(visitor, "Teach, fitted", least=25)
    visitor.click_head(2, 3)
    expect(page.locator(".inspector .overlays img").first).to_be_visible()
    everywhere(visitor, "Teach, the inspector", least=25)
    visitor.tab("Classify")
    page.get_by_role("button", name="Classify all 20").click()
    expect(page.locator(".answers-table td.label")).to_have_count(20)
    expect(page.locator("#detail [data-figure=votes] .plot-container")).to_be_visible()
    everywhere(visitor, "Classify", least=40)
    visitor.tab("Measure")
    expect(page.locator(".measure-setup")).to_be_visible()
    everywhere(visitor, "Measure", least=12)


def test_what_a_menu_holds_can_be_reached(visitor):
    page = visitor.page
    for width, menu in product((320, 390, 1280), ("#model-menu", "#project-menu")):
        page.set_viewport_size({"width": width, "height": 900})
        visitor.at_rest()
        page.locator(f"{menu} summary").click()
        check(page, f"{menu}, {width} px", f"{menu} .sheet", least=1)
        page.keyboard.press("Escape")
        expect(page.locator(f"{menu}[open]")).to_have_count(0)
        page.locator(f"{menu} summary").press("Enter")
        expect(page.locator(f"{menu}[open]")).to_have_count(1)
        page.keyboard.press("Shift+Tab")
        expect(page.locator(f"{menu}[open]")).to_have_count(0)  # it would cover what has the keyboard now


@pytest.mark.parametrize("width", [390, 1440])
def test_what_just_happened_stays_in_the_window(visit, width):
    visitor = visit(width=width, height=844)
    page = visitor.page
    for name in ("red", "blue", "green", "a fourth", "a fifth"):
        visitor.label(name)
    for name in ("red", "blue", "green"):
        visitor.give(name, *(picture(name, mark) for mark in range(3)))
        expect(visitor.thumbs(name)).to_have_count(3)
    page.get_by_role("button", name="Delete the label red").click()
    expect(page.locator("#bench .notice")).to_be_visible()
    assert style(page, "#bench .go", "position") == "sticky"
    page.evaluate("scrollTo(0, 0)")
    visitor.stands()
    undo = page.get_by_role("group", name="Undo and redo").get_by_role("button", name="Undo").bounding_box()
    assert 0 < undo["y"] < 844 - undo["height"]
    visitor.give("blue", picture("blue", 3))
    expect(visitor.thumbs("blue")).to_have_count(4)
    expect(page.locator("#bench .go .primary")).to_be_visible()
    visitor.thumbs("blue").first.get_by_role("checkbox").check()
    expect(page.get_by_role("group", name="Chosen pictures")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    visitor.stands()
    boxes = {name: page.locator(f"{name}:visible").bounding_box() for name in _FLOATING}
    for (one, low), (other, high) in combinations(boxes.items(), 2):
        above = max(low["y"] - high["y"] - high["height"], high["y"] - low["y"] - low["height"])
        beside = max(low["x"] - high["x"] - high["width"], high["x"] - low["x"] - low["width"])
        assert max(above, beside) >= 0, f"{one} and {other} lie on each other"
    visitor.shot(f"storeys-{width}", full=False)
    page.locator("#bench .notice").get_by_role("button", name="Close").click()
    expect(page.locator("#bench .notice")).to_have_count(0)
    if width == 390:  # a finger can take a picture away
        for control in visitor.card("green").locator("button, label.pick").all():
            box = control.bounding_box()
            assert min(box["width"], box["height"]) >= 40, control.get_attribute("aria-label")
        check(page, "cards at 390 px", ".card", least=5)


def test_the_bar_at_the_bottom_lets_go_and_looking_into_a_head_keeps_the_map_where_it_is(visitor):
    page = visitor.page
    assert style(page, "#bench .go", "position") == "static", "heads cannot be sought yet"
    page.locator('[data-key="tile-which-colour"]').click()
    visitor.found()
    expect(page.locator('[data-key="tile-which-colour"]')).to_be_focused()  # the tiles were written anew, and smaller
    expect(page.locator("#bench .go .notice, #bench .go .progress")).to_have_count(0)
    assert style(page, "#bench .go", "position") == "static", "there is nothing to do any more"
    visitor.click_head(1, 1)
    expect(page.locator(".inspector")).to_be_visible()
    visitor.stands()
    for head in ((2, 3), (0, 5)):
        before = page.locator("[data-figure=heads]").bounding_box()
        visitor.click_head(*head)
        expect(page.locator(".inspector")).to_contain_text(f"L{head[0]}.H{head[1]}")
        visitor.stands()
        after = page.locator("[data-figure=heads]").bounding_box()
        assert abs(after["x"] - before["x"]) < 4
        assert after["y"] >= -2  # of a pixel or two a scroll may differ
        assert after["y"] + after["height"] <= 902
    inspector = page.locator(".inspector").bounding_box()
    assert inspector["x"] + inspector["width"] <= after["x"], "beside the map, not below it"
