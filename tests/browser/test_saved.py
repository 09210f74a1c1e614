"""Nothing is lost: work is kept in the browser, and is here again after a reload, a closed tab and another server."""

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor, picture

TASK = "How many stars?"
RED, BLUE = [picture("red", n) for n in range(3)], [picture("blue", n) for n in range(3)]


@pytest.fixture
def people(chromium):
    """``people(address, script)`` opens the app in a browser of its own; whoever comes next has another."""
    visitors = []

    def enter(address, script="", width=1440, height=900, dark=False, context=None):
        own = context or chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True
        )
        if script:
            own.add_init_script(script)
        visitor = Visitor(own.new_page(), address)
        visitors.append(visitor)
        visitor.open()
        return visitor

    yield enter
    for context in {visitor.page.context for visitor in visitors}:
        context.close()


def teach_two(visitor):
    """Two labels of a visitor's own, with three pictures each."""
    visitor.label("red ones")
    visitor.give("red ones", *RED)
    expect(visitor.thumbs("red ones")).to_have_count(3)
    visitor.label("blue ones")
    visitor.give("blue ones", *BLUE)
    expect(visitor.thumbs("blue ones")).to_have_count(3)


def menu(visitor):
    """Open the project menu and return it."""
    if not visitor.page.locator("#project-menu[open]").count():
        visitor.page.locator("#project-menu summary").click()
    return visitor.page.locator("#project-menu .sheet")


def kept(visitor):
    """Wait until the work is kept in this browser."""
    visitor.page.wait_for_function("() => SAV.keeping().state === 'saved'")


def name_it(visitor, name):
    """Give the project a name, and wait until it is kept under it."""
    menu(visitor).get_by_label("Name of this project").fill(name)
    visitor.page.keyboard.press("Enter")
    kept_with(visitor, f"told.name === {name!r}")
    kept(visitor)


def kept_with(visitor, what):
    """Wait until that is true of what is told of the latest work in this browser."""
    visitor.page.wait_for_function(
        f"async () => {{ const [work] = await SAV.kept().works(), {{ told }} = work; return {what}; }}"
    )


def pieces(visitor):
    """How many pieces and works the browser holds."""
    return visitor.page.evaluate(
        """async () => {
          const answer = (request) => new Promise((ok) => (request.onsuccess = () => ok(request.result)));
          const database = await answer(indexedDB.open("sav-explorer"));
          const stores = database.transaction(["pieces", "works"]);
          const counts = await Promise.all(["pieces", "works"].map((name) => answer(stores.objectStore(name).count())));
          database.close();
          return counts;
        }"""
    )


def offer(visitor):
    """The offer to restore the last work."""
    return visitor.page.get_by_role("region", name="Your last work")


def hold(visitor):
    """What the page holds: names of labels with the names of their pictures."""
    return visitor.page.locator(".card:not(.new)").evaluate_all(
        """(cards) => cards.map((card) => [card.querySelector(".name").value,
             [...card.querySelectorAll(".thumbs img")].map((image) => image.alt).sort()])"""
    )


HERE = [[name, sorted(each["name"] for each in some)] for name, some in (("red ones", RED), ("blue ones", BLUE))]


def test_work_comes_back_after_a_closed_tab_with_its_marks_and_name(served, people):
    visitor = people(served)
    teach_two(visitor)
    visitor.page.get_by_role("button", name="Find heads").click()
    visitor.found()
    visitor.tab("Classify")
    visitor.drop("[data-drop=query]", picture("red", 7), picture("blue", 7))
    visitor.page.locator("[data-act=right]").first.click()
    expect(visitor.page.locator(".tally")).to_be_visible()
    tally = visitor.page.locator(".tally").inner_text()
    name_it(visitor, "Discs")
    assert pieces(visitor)[1] == 1
    visitor.page.close(run_before_unload=True)

    again = people(served, context=visitor.page.context)
    expect(offer(again)).to_contain_text("“Discs”: 2 labels, 8 pictures, kept in this browser today at")
    again.shot("offer-1440", full=False)
    offer(again).get_by_role("button", name="Restore").click()
    expect(again.page.get_by_text("Your work is here again.")).to_be_visible()
    expect(offer(again)).to_have_count(0)
    assert hold(again) == HERE
    again.found()
    again.tab("Classify")
    expect(again.page.locator(".tally")).to_have_text(tally)
    expect(menu(again).get_by_label("Name of this project")).to_have_value("Discs")
    kept(again)
    assert pieces(again)[1] == 1, "it goes on as the same work"
