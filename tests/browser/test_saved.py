"""Nothing is lost: work is kept in the browser, and is here again after a reload, a closed tab and another server."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import forget, window
from tests.browser.visitor import PATIENCE, Visitor, archive, picture
from tests.support.serving import starting
from tests.support.switchboard import Switchboard

TASK = "How many stars?"
RED, BLUE = [picture("red", n) for n in range(3)], [picture("blue", n) for n in range(3)]


@pytest.fixture
def people(chromium, served, left):
    """``people(address, script)`` opens the app in a browser of its own; whoever comes next has another."""
    look, mine = (1440, 900, False), []

    def enter(address, script="", context=None):
        page = (context or (left[look].pop() if left[look] else window(chromium, served, *look))).new_page()
        if context is None:
            mine.append(page.context)
            forget(page, served)
        if script:
            page.add_init_script(script)
        visitor = Visitor(page, address)
        visitor.open()
        return visitor

    yield enter
    for context in mine:
        for page in context.pages[1:]:
            page.close()
        left[look].append(context)


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
    asked = f"async () => {{ const [work] = await SAV.kept().works(), told = work && work.told; return told && {what}; }}"
    for _ in range(PATIENCE // 200):  # wait_for_function takes a promise for an answer
        if visitor.page.evaluate(asked):
            return
        visitor.page.wait_for_timeout(200)
    pytest.fail(f"It was not kept: {what}")


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


def test_a_server_that_was_started_anew_gets_the_work_from_the_browser(served, people, tmp_path):
    with Switchboard(served) as board, starting(tmp_path) as anew:
        visitor = people(board.address)
        teach_two(visitor)
        kept(visitor)
        board.lead_to(anew())
        with visitor.leaving():
            visitor.page.goto("about:blank")
            visitor.page.goto(f"{board.address}#classify?picture=q7")
        expect(offer(visitor)).to_contain_text("“red ones, blue ones”: 2 labels, 6 pictures")
        assert visitor.page.evaluate("location.hash") == "#classify?picture=q7"  # which waits for the answer
        expect(visitor.page.get_by_role("alert")).to_have_count(0)
        offer(visitor).get_by_role("button", name="Restore").click()
        expect(visitor.page.get_by_text("Your work is here again.")).to_be_visible()
        assert hold(visitor) == HERE
        kept(visitor)
        visitor.open()
        expect(visitor.thumbs("red ones")).to_have_count(3)
        expect(offer(visitor)).to_have_count(0)
        visitor.page.close()


def test_only_what_is_new_is_asked_for(served, people):
    visitor = people(served)
    teach_two(visitor)
    kept_with(visitor, "told.pictures === 6")
    kept(visitor)
    visitor.page.evaluate(
        """() => {
          const { add } = SAV.kept();
          window.added = [];
          SAV.kept().add = (found) => (window.added.push(...found.map(([, bytes]) => bytes.length)), add(found));
        }"""
    )
    visitor.card("red ones").get_by_label("Name of the label red ones").fill("scarlet")
    visitor.page.keyboard.press("Enter")
    kept_with(visitor, "told.labels.includes('scarlet')")
    added = visitor.page.evaluate("window.added")
    assert 1 <= len(added) <= 4, "a renamed label is a few lines of text, and no picture"
    assert sum(added) < 4000


def test_leaving_is_questioned_only_while_something_is_not_kept(served, people):
    visitor = people(served)
    dialogs = []
    visitor.page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    visitor.label("a")
    kept(visitor)
    visitor.open()
    assert dialogs == []
    visitor.page.evaluate("() => { SAV.kept().keep = () => new Promise(() => {}); }")  # or a busy machine is too late
    visitor.label("b")
    visitor.open()
    assert dialogs == ["beforeunload"]
    kept(visitor)


def test_a_browser_that_keeps_nothing_says_so_and_the_page_works(served, people):
    refused = "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('No', 'SecurityError'); } })"
    visitor = people(served, refused)
    visitor.label("a")
    said = visitor.page.locator("#kept .notice")
    expect(said).to_contain_text("This browser does not let the page keep your work, as in a private window")
    visitor.give("a", *RED)
    expect(visitor.thumbs("a")).to_have_count(3)
    with visitor.page.expect_download() as download:
        said.get_by_role("button", name="Save as a file").click()
    assert download.value.suggested_filename == "a.zip"
    expect(menu(visitor)).to_contain_text("does not let the page keep your work")


def test_a_full_browser_says_so(served, people):
    full = """
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...all) {
        if (this.name === "pieces") throw new DOMException("No room", "QuotaExceededError");
        return put.apply(this, all);
      };
    """
    visitor = people(served, full)
    visitor.label("a")
    expect(visitor.page.locator("#kept .notice")).to_contain_text("This browser has no room left to keep your work")


def test_of_two_tabs_the_later_one_keeps_the_work_and_the_other_is_told(served, people):
    one = people(served)
    teach_two(one)
    kept(one)
    with one.page.expect_popup() as opened:
        one.page.evaluate("window.open(location.href)")
    twin = Visitor(opened.value, served)
    for visitor in (one, twin):
        expect(visitor.page.get_by_text("This work is open in another tab too")).to_be_visible()
    twin.label("in both")
    expect(one.card("in both")).to_be_visible()
    twin.page.close()
    expect(one.page.locator("#kept .notice")).to_have_count(0)
    two = people(served, context=one.page.context)
    two.page.wait_for_timeout(1000)
    expect(offer(two)).to_have_count(0)
    row = menu(two).locator(".work", has_text="red ones, blue ones")
    expect(row).to_contain_text("open in another tab")
    row.click()
    expect(two.page.get_by_text("Your work is here again.")).to_be_visible()
    expect(one.page.locator("#kept .notice")).to_contain_text(
        "This work was opened in another tab, which keeps it from now on"
    )
    one.label("only here")
    one.page.wait_for_timeout(2500)
    expect(one.page.locator("#kept .notice")).to_be_visible()
    one.page.locator("#kept .notice").get_by_role("button", name="Go on with a copy").click()
    expect(one.page.locator("#kept .notice")).to_have_count(0)
    kept(one)
    kept(two)
    assert pieces(one)[1] == 2


def test_named_projects_are_listed_opened_renamed_deleted_and_forgotten(served, people):
    visitor = people(served)
    for name in ("first", "second"):
        visitor.label(f"a {name}")
        name_it(visitor, name)
        visitor.page.keyboard.press("Escape")
        if name == "first":
            visitor.page.locator("summary", has_text="Import").click()
            visitor.page.get_by_role("button", name="Start over").click()
            expect(visitor.card("a first")).to_have_count(0)
    listed = menu(visitor).locator(".kept-list li")
    expect(listed).to_have_count(2)
    expect(listed.nth(0)).to_contain_text("open here")
    visitor.shot("project-menu-1440", full=False)
    listed.nth(1).get_by_role("button", name="Rename").click()
    visitor.page.keyboard.type("the first one")
    visitor.page.keyboard.press("Enter")
    listed.nth(1).locator(".work", has_text="the first one").click()
    expect(visitor.card("a first")).to_be_visible()
    expect(menu(visitor).get_by_label("Name of this project")).to_have_value("the first one")
    kept_with(visitor, "told.name === 'the first one'")
    second = menu(visitor).locator(".kept-list li", has_text="second")
    second.get_by_role("button", name="Delete").click()
    expect(second).to_contain_text("is deleted")
    second.get_by_role("button", name="Undo").click()
    expect(second.locator(".work")).to_be_visible()

    menu(visitor).get_by_role("button", name="Forget my work").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    assert pieces(visitor)[1] == 2
    menu(visitor).get_by_role("button", name="Forget my work").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_contain_text("This deletes 2 kept works from this browser")
    dialog.get_by_role("button", name="Delete it all").click()
    expect(visitor.page.locator("#word")).to_contain_text(
        "All your work is deleted, from this browser and from the server's memory."
    )
    expect(visitor.card("a first")).to_have_count(0)
    visitor.page.wait_for_timeout(1000)
    assert pieces(visitor) == [0, 0]
    visitor.open()
    visitor.page.wait_for_timeout(1000)
    expect(offer(visitor)).to_have_count(0)


def test_what_is_damaged_in_the_browser_is_refused_and_stays(served, people):
    visitor = people(served)
    teach_two(visitor)
    kept(visitor)
    visitor.page.evaluate(
        """async () => {
          const [work] = await SAV.kept().works();
          const digest = work.parts.find(([name]) => name === "project.json")[1];
          await SAV.kept().add([[digest, new TextEncoder().encode("{")]]);
        }"""
    )
    again = people(served, context=visitor.page.context)
    visitor.page.close()
    again.open()
    offer(again).get_by_role("button", name="Restore").click()
    expect(again.page.locator("#word")).to_contain_text("project.json cannot be used because it is not JSON")
    expect(offer(again).get_by_role("button", name="Restore")).to_be_visible()
    assert pieces(again)[1] == 1


def test_the_page_and_what_is_chosen_are_in_the_address(served, people):
    visitor = people(served)
    visitor.start(TASK)
    page = visitor.page
    visitor.click_head(2, 3)
    expect(page).to_have_url(re.compile(r"#teach\?head=L2\.H3$"))
    visitor.tab("Classify")
    expect(page).to_have_url(re.compile("#classify$"))
    page.get_by_role("button", name="Classify all").click()
    expect(page).to_have_url(re.compile(r"#classify\?picture=q1$"))
    page.go_back()
    page.go_back()
    expect(page.locator(".inspector")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#teach\?head=L2\.H3$"))
    page.go_back()
    expect(page.locator(".inspector")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".inspector h2")).to_contain_text("L2.H3")
    visitor.tab("Function vectors")
    page.locator("[data-act=relation]").first.click()
    expect(page).to_have_url(re.compile(r"#function-vectors\?relation=\w+"))
    chosen = page.url
    with visitor.leaving():
        page.reload()
    page.wait_for_function("() => window.SAV && SAV.keeping().told")
    expect(page.get_by_role("tab", name="Function vectors")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(chosen)
    other = people(served)
    with other.leaving():
        other.page.goto("about:blank")
        other.page.goto(chosen)
    expect(other.page.get_by_role("tab", name="Function vectors")).to_have_attribute("aria-selected", "true")
    for asked, why in (
        ("classify?picture=q1", "That picture is no longer here"),
        ("teach?head=L2.H3", "That head is not here"),
    ):
        other.page.evaluate("(asked) => { location.hash = asked; }", asked)
        expect(other.page.get_by_text(why)).to_be_visible()
    page.locator("a.brand").click()
    expect(page.get_by_role("tab", name="Teach")).to_have_attribute("aria-selected", "true")


def test_a_project_opens_wherever_it_is_dropped(served, people, tmp_path):
    visitor = people(served)
    teach_two(visitor)
    with visitor.page.expect_download() as download:
        menu(visitor).get_by_text("Save the project").click()
    download.value.save_as(tmp_path / "p.zip")
    saved = {"name": "p.zip", "mimeType": "application/zip", "buffer": (tmp_path / "p.zip").read_bytes()}
    other = people(served)
    for name in ("Teach", "Classify", "Measure", "Atlas", "Function vectors", "About"):
        other.tab(name)
        other.drop("#top", saved)
        opened = other.page.locator(".notice:visible", has_text="Opened “p.zip”.")
        expect(opened).to_be_visible()
        opened.get_by_role("button", name="Close this message").click()
        expect(opened).to_have_count(0)
    pictures = archive({"cat/1.png": RED[0], "dog/1.png": BLUE[0]})
    visitor.drop(".bench", pictures)
    expect(visitor.card("cat")).to_be_visible()
    expect(visitor.card("red ones")).to_be_visible()


def test_escape_gives_a_label_its_name_back(served, people):
    visitor = people(served)
    visitor.label("cat")
    field = visitor.card("cat").get_by_label("Name of the label cat")
    field.fill("dog")
    field.press("Escape")
    expect(field).to_have_value("cat")
    visitor.open()
    expect(visitor.card("cat")).to_be_visible()


def test_a_classifier_opens_wherever_it_is_dropped_and_says_what_it_cannot(served, people, tmp_path):
    visitor = people(served)
    visitor.start(TASK)
    with visitor.page.expect_download() as download:
        menu(visitor).get_by_text("Save the classifier").click()
    download.value.save_as(tmp_path / "c.sav")
    other = people(served)
    saved = {"name": "stars.sav", "mimeType": "", "buffer": (tmp_path / "c.sav").read_bytes()}
    other.tab("About")
    other.drop("#top", saved)
    opened = other.page.get_by_role("region", name="The classifier stars.sav")
    expect(opened).to_contain_text("A classifier holds no examples: it classifies pictures, and that is all.")
    other.drop(".opened", picture("red", 1))
    expect(opened.locator(".bars")).to_be_visible()
    other.shot("opened-sav", full=False)
    other.drop("#top", {"name": "bad.sav", "mimeType": "", "buffer": b"nothing of the kind"})
    expect(other.page.locator("#word")).to_contain_text("bad.sav is not a whole .sav file")
    expect(opened).to_be_visible()
