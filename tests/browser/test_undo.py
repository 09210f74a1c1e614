"""What is done is seen and can be taken back, in a real browser: at a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import archive, picture

DISC = {"red": "#d62828", "blue": "#2850d6"}
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture(params=SIZES)
def someone(request, visit):
    """Somebody who has taught red and blue discs, at a desk and on a phone."""
    width, height = SIZES[request.param]
    return discs(visit(width=width, height=height))


@pytest.fixture(scope="module", params=SIZES)
def place(request, visit_together):
    """Where several tests begin and end with what ``someone`` has: ``place()`` is whoever is there, if all is as it was."""
    (width, height), here = SIZES[request.param], []

    def enter():
        if not here or names(here[-1][0]) != here[-1][1]:
            visitor = discs(visit_together(width=width, height=height))
            here.append((visitor, names(visitor)))
        return here[-1][0]

    return enter


@pytest.fixture
def teaching(place):
    """``someone`` who takes back at the end what they do."""
    return place()


def discs(visitor):
    members = {f"{name}/{mark}.png": picture(colour, mark) for name, colour in DISC.items() for mark in (0, 5, 10, 15)}
    visitor.drop("#question", archive(members))
    expect(visitor.thumbs("red")).to_have_count(4)
    visitor.page.get_by_role("button", name="Find heads").click()
    visitor.found()
    return visitor


def told(visitor, words):
    """The sentence that was just said, which is inside of the window whatever was scrolled to."""
    notice = visitor.page.locator(".notice:visible", has_text=words)
    expect(notice).to_have_count(1)
    in_window(visitor, notice)
    return notice


def in_window(visitor, element):
    """Wait until all of an element's box is in the window."""
    expect(element).to_be_visible()
    visitor.page.wait_for_function(
        """(element) => {
          const { top, left, bottom, right } = element.getBoundingClientRect();
          return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
        }""",
        arg=element.element_handle(),
    )


def shot(visitor, name):
    """Leave a screenshot of the window, where screenshots are asked for."""
    visitor.shot(f"{name}-{visitor.page.viewport_size['width']}", full=False)


def act(visitor, name):
    """What is done on the label cards by a button of that name."""
    visitor.page.locator("#bench").get_by_role("button", name=name, exact=True).click()


def undo(visitor, words):
    """Press Ctrl+Z, and read what was undone."""
    visitor.page.keyboard.press("ControlOrMeta+z")
    return told(visitor, f"Undone: {words}")


def names(visitor):
    return [visitor.thumbs(name).locator("img").evaluate_all("all => all.map(each => each.alt)") for name in DISC]


def test_every_act_on_the_cards_is_seen_and_taken_back(teaching):
    page, before = teaching.page, names(teaching)

    page.locator(".tile", has_text="How many stars?").click()
    told(teaching, "Started “How many stars?” in place of what was here.")
    undo(teaching, "started “How many stars?”")
    expect(teaching.thumbs("red")).to_have_count(4)

    act(teaching, "Delete the label blue")
    told(teaching, "Deleted the label “blue” with 4 pictures.")
    first = teaching.thumbs("red").first
    first.hover()
    first.get_by_role("button", name=re.compile("^Remove")).click()
    told(teaching, "Removed “red/0.png”.")
    shot(teaching, "undo")
    undo(teaching, "removed “red/0.png”")
    undo(teaching, "deleted the label “blue”")
    expect(teaching.thumbs("blue")).to_have_count(4)

    teaching.give("red", picture("green", 3, name="astray.png"))
    told(teaching, "Added 1 picture to “red”.")
    name = teaching.card("red").get_by_label("Name of the label red")
    name.fill("crimson")
    name.press("Enter")
    expect(teaching.card("crimson")).to_be_visible()
    undo(teaching, "renamed “red” to “crimson”")
    undo(teaching, "added 1 picture")

    page.get_by_text("Import", exact=True).click()
    act(teaching, "Start over")
    told(teaching, "Cleared everything on this page.")
    undo(teaching, "cleared everything")
    teaching.found()
    assert names(teaching) == before


def test_errors_and_what_was_left_out_are_in_the_window_with_every_reason(teaching):
    bad = [{"name": f"bad {number}.png", "mimeType": "image/png", "buffer": b"no picture"} for number in range(3)]
    teaching.give("red", picture("green", 3), *bad)
    notice = told(teaching, "3 pictures were left out.")
    notice.get_by_text("What was left out, and why").click()
    expect(notice.locator("li")).to_have_count(1)
    expect(notice.locator("li")).to_contain_text(re.compile(r"3 files.*bad 0\.png, bad 1\.png, bad 2\.png"))
    in_window(teaching, notice)
    shot(teaching, "left-out")
    notice.get_by_role("button", name="Close this message").click()
    expect(teaching.page.locator(".notice:visible")).to_have_count(0)
    teaching.drop("[aria-label='Label red']", bad[0])
    told(teaching, "bad 0.png")
    teaching.label("empty")
    expect(teaching.page.locator(".notice:visible")).to_have_count(0)
    expect(teaching.page.get_by_text("“empty” has no picture yet and is left out.")).to_be_visible()
    teaching.page.evaluate("document.activeElement.blur()")  # in a field Ctrl+Z is the browser's
    undo(teaching, "added the label “empty”")
    undo(teaching, "added 1 picture")


def test_answers_and_marks_are_taken_back_and_a_row_shows_its_answer(someone):
    page = someone.page
    someone.tab("Classify")
    someone.drop(
        "body", *[picture(colour, mark, name=f"{colour} {mark}.png") for colour in ("red", "blue") for mark in (1, 2, 3)]
    )
    told(someone, "Added 6 pictures.")
    rows = page.locator(".answers-table tbody tr")
    expect(rows.locator("td.label")).to_have_count(6)
    page.locator("#threshold").fill("0")  # so that every answer is a label
    rows.last.locator("td.label").click()
    expect(rows.last).to_have_class("current")
    in_window(someone, page.locator("#detail .guess"))
    shot(someone, "row")
    group = page.locator("#detail").get_by_role("group", name="Is the answer right?")
    group.get_by_role("button", name="none of these").click()
    expect(group).to_contain_text("Wrong: it is none of these.")
    group.get_by_role("button", name="It is right").click()
    expect(page.locator(".tally")).to_have_text("1 of 1 right")

    page.locator(".answers").get_by_role("button", name="Clear", exact=True).click()
    told(someone, "Cleared 6 pictures with their answers and marks.")
    expect(rows).to_have_count(0)
    undo(someone, "cleared 6 pictures")
    expect(rows.locator("td.label")).to_have_count(6)
    expect(page.locator(".tally")).to_have_text("1 of 1 right")
    undo(someone, "marked")
    undo(someone, "marked “blue 3.png” as none of these")
    expect(page.locator(".tally")).to_have_count(0)
    page.keyboard.press("ControlOrMeta+Shift+z")
    told(someone, "Done again: marked “blue 3.png” as none of these.")

    group.locator("[data-act=teach]").first.click()
    told(someone, "is now an example of")
    undo(someone, "“blue 3.png” is now an example of")
    rows.first.get_by_role("button", name=re.compile("^Remove")).click()
    told(someone, "Removed “red 1.png”.")
    page.get_by_role("group", name="Undo and redo").get_by_role("button", name=re.compile("^Undo")).click()
    told(someone, "Undone: removed “red 1.png”.")
    expect(rows).to_have_count(6)


def test_the_test_set_is_counted_once_said_and_taken_back(someone):
    page, own = someone.page, someone.page.locator("[data-key=source-own]")
    someone.tab("Measure")
    tests = archive({f"{name}/t{mark}.png": picture(colour, mark) for name, colour in DISC.items() for mark in (1, 2, 15)})
    someone.drop("body", tests)
    told(someone, "Added 6 pictures to your test set.")
    expect(own.locator(".in-use")).to_have_text("In use")
    expect(page.get_by_text("2 of these test pictures are also among the examples")).to_be_visible()
    page.get_by_role("button", name="Leave them out").click()
    told(someone, "Left 2 pictures out of your test set")
    someone.drop(".measure-setup", tests)
    told(someone, "4 pictures are there already and left out.")
    shot(someone, "tests")
    own.get_by_role("button", name="Clear", exact=True).click()
    told(someone, "Cleared your test set of")
    undo(someone, "cleared your test set")
    expect(own.locator(".in-use")).to_be_visible()
    someone.tab("Teach")
    page.locator(".tile", has_text="How many stars?").click()
    someone.found()
    someone.tab("Measure")
    expect(page.locator("[data-key=source-task] .in-use")).to_be_visible()


def test_looking_for_heads_can_be_called_off_in_sight(teaching):
    page = teaching.page
    page.evaluate(
        """() => {
          window.seen = { inside: 0, outside: 0 };
          setInterval(() => {
            for (const button of document.querySelectorAll("#bench [data-act=cancel]")) {
              const { top, bottom } = button.getBoundingClientRect();
              window.seen[top >= 0 && bottom <= innerHeight ? "inside" : "outside"] += 1;
            }
          }, 20);
        }"""
    )
    page.locator(".tile", has_text="Which colour").click()
    expect(teaching.card("yellow")).to_be_visible()
    teaching.found()
    seen = page.evaluate("window.seen")
    assert seen["inside"]
    assert not seen["outside"]
    undo(teaching, "started “Which colour")
    teaching.found()


def test_ctrl_z_in_a_text_field_is_the_fields_own(visitor):
    someone = discs(visitor)
    page = someone.page
    someone.thumbs("red").first.hover()
    someone.thumbs("red").first.get_by_role("button", name=re.compile("^Remove")).click()
    told(someone, "Removed")
    page.locator("#new-label").fill("abc")
    page.keyboard.press("ControlOrMeta+z")
    expect(page.locator("#new-label")).to_have_value("")
    someone.label("abc")  # which would be answered after what had been undone
    expect(someone.thumbs("red")).to_have_count(3)


def test_pictures_are_opened_chosen_moved_and_removed_together(teaching):
    page, red, blue = teaching.page, teaching.thumbs("red"), teaching.thumbs("blue")
    before = names(teaching)
    red.nth(1).get_by_role("button", name=re.compile("^Open")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".whole img")).to_have_js_property("complete", True)
    assert dialog.locator(".whole img").evaluate("(image) => image.naturalWidth") >= 96
    expect(dialog).to_contain_text("2 of 4 under “red”")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("3 of 4 under “red”")
    page.keyboard.press("ArrowLeft")
    expect(dialog).to_contain_text("2 of 4 under “red”")
    shot(teaching, "large")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    for place in (0, 2):
        red.nth(place).get_by_role("checkbox").check()
    if page.viewport_size["width"] < 600:
        for part in (".choose-area", ".remove"):  # each with room for a finger, and neither on the picture
            box, frame = red.first.locator(part).bounding_box(), red.first.locator(".frame").bounding_box()
            assert min(box["width"], box["height"]) >= 40, part
            assert box["y"] >= frame["y"] + frame["height"], part
    bar = page.get_by_role("group", name="Chosen pictures")
    in_window(teaching, bar)
    expect(bar).to_contain_text("2 chosen")
    shot(teaching, "chosen")
    bar.get_by_label("Move the chosen pictures to another label").select_option(label="blue")
    told(teaching, "Moved 2 pictures to “blue”.")
    expect(bar).to_be_hidden()
    expect(blue).to_have_count(6)
    undo(teaching, "moved 2 pictures")
    for place in (0, 1):
        red.nth(place).get_by_role("checkbox").check()
    drag(teaching, red.first, blue.last)
    told(teaching, "Moved 2 pictures to “blue”.")
    expect(blue).to_have_count(6)
    undo(teaching, "moved 2 pictures to “blue”")
    red.nth(1).get_by_role("checkbox").focus()
    page.keyboard.press("ControlOrMeta+a")
    expect(bar).to_contain_text("4 chosen")
    bar.get_by_role("button", name="Remove", exact=True).click()
    told(teaching, "Removed 4 pictures.")
    expect(red).to_have_count(0)
    undo(teaching, "removed 4 pictures")
    assert names(teaching) == before

    red.first.get_by_role("button", name=re.compile("^Open")).focus()
    page.keyboard.press("Delete")
    told(teaching, "Removed “red/0.png”.")
    undo(teaching, "removed")


def drag(visitor, example, onto):
    """Drag an example onto another: with the mouse at a desk; on a phone a finger rests on it, and takes it along."""
    page = visitor.page
    if page.viewport_size["width"] > 600:
        return example.drag_to(onto)
    example.evaluate("(item) => item.scrollIntoView({ block: 'center', behavior: 'instant' })")
    finger = page.context.new_cdp_session(page)
    boxes = [each.locator(".frame").bounding_box() for each in (example, onto)]
    points = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2} for box in boxes]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    expect(page.locator(".sav-lifted")).to_be_visible()
    finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points[1:]})
    expect(onto).to_have_attribute("data-gap", re.compile("before|behind"))
    shot(visitor, "lifted")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    return finger.detach()


def test_pictures_stand_in_the_order_in_which_they_were_dropped(visitor):
    visitor.label("one")
    visitor.drop("[aria-label='Label one']", *[picture("red", mark, name=f"{mark}.png") for mark in range(4)])
    expect(visitor.thumbs("one")).to_have_count(4)
    alts = visitor.thumbs("one").locator("img").evaluate_all("all => all.map(each => each.alt)")
    assert alts == ["0.png", "1.png", "2.png", "3.png"]
