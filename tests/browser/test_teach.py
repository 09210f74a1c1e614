"""The Teach page in a real browser with the real embedded model."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import archive, picture
from tests.support.clips import clip

DISC = {"red": "#d62828", "green": "#2a9d3a", "blue": "#2850d6"}
_COUNTING = (
    "(dialog) => dialog.addEventListener('close', () => (window.taken = dialog.querySelectorAll('.shots li').length))"
)
_COUNTED = """(dialog) =>
  dialog.querySelector("[role=status]").textContent === `${dialog.querySelectorAll(".shots li").length} pictures taken.`"""


def teach(visitor):
    """Find the heads that tell red, green and blue discs apart."""
    marks = (0, 5, 10, 15)
    visitor.drop("#question", archive({f"{name}/{m}.png": picture(DISC[name], m) for name in DISC for m in marks}))
    for name in DISC:
        expect(visitor.thumbs(name)).to_have_count(len(marks))
    visitor.page.get_by_role("button", name="Find heads").click()
    visitor.found()
    return visitor


@pytest.fixture
def discs(visitor):
    """Somebody who has taught them."""
    return teach(visitor)


@pytest.fixture(scope="module")
def looker(visit_together):
    """Somebody who has taught them and changes nothing of it any more, for all tests that do just that."""
    return teach(visit_together())


@pytest.fixture(scope="module")
def beginner(visit_together):
    """Somebody who brings pictures, under labels of each test's own."""
    return visit_together()


def test_the_api_shows_no_plumbing_of_the_page(served):
    with urllib.request.urlopen(f"{served}gradio_api/info", timeout=60) as answer:
        named = json.load(answer)["named_endpoints"]
    assert {"/fit", "/classify"} <= set(named)
    assert not [name for name in named if name.startswith("/on_")]


def test_the_first_screen_is_there_within_moments(visit):
    visitor = visit()
    seconds = visitor.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
    assert seconds < 60  # a busy machine; on an idle one it is about one
    expect(visitor.page.locator(".tile")).to_have_count(13)
    expect(visitor.page.get_by_role("button", name="Find heads")).to_be_disabled()
    expect(visitor.page.get_by_text("Start from an example above")).to_be_visible()


def test_three_labels_of_ones_own_are_told_apart_and_a_clip_is_learned_and_classified(visitor, tmp_path):
    for name, colour in DISC.items():
        visitor.label(name)
        visitor.give(name, *[picture(colour, mark, name=f"{name} {mark}.png") for mark in (0, 5, 10, 15)])
        expect(visitor.thumbs(name)).to_have_count(4)
    visitor.page.get_by_role("button", name="Find heads").click()
    visitor.found()
    expect(visitor.page.locator(".headline")).to_contain_text("of 12")
    right = int(re.search(r"(\d+) of 12 right", visitor.page.locator(".headline").inner_text())[1])
    assert right >= 8, "discs of three colours are easy"
    name, page = next(iter(DISC)), visitor.page
    file = {"name": "moves.mp4", "mimeType": "video/mp4", "buffer": clip(tmp_path / "moves.mp4").read_bytes()}
    visitor.drop(f"[aria-label='Label {name}']", file)
    expect(visitor.card(name).locator(".frame.reel img")).to_have_count(5)
    expect(page.locator(".headline")).to_contain_text("of 13")
    page.get_by_label("Of each clip").select_option("4")
    expect(page.get_by_text(re.compile(r"Read 1 clip anew in \d+\.\d s\."))).to_be_visible()
    expect(visitor.card(name).locator(".frame.reel img")).to_have_count(4)
    visitor.found()
    visitor.tab("Classify")
    expect(page.locator(".tray")).to_contain_text("4 frames of each are looked at")
    visitor.drop(".tray", {**file, "name": "asked.mp4"})
    expect(page.locator("#detail .guess strong")).to_have_text(re.compile("|".join([*DISC, "None of these"])))
    expect(page.locator("#detail .film ol.reel li")).to_have_count(4)


def test_pictures_come_by_drop_paste_and_webcam_too(beginner):
    beginner.label("one")
    card = "[aria-label='Label one']"
    beginner.drop(card, picture("red", 1), picture("red", 2))
    expect(beginner.thumbs("one")).to_have_count(2)
    beginner.paste(card, picture("red", 3, name="pasted.png"))
    expect(beginner.thumbs("one")).to_have_count(3)
    beginner.page.get_by_role("button", name="Take pictures for one with the webcam").click()
    dialog = beginner.page.get_by_role("dialog", name="Webcam")
    expect(dialog.locator("video")).to_have_js_property("readyState", 4)
    dialog.get_by_role("button", name="Take a picture").hover()
    taken = dialog.locator(".shots li")
    hold(beginner, taken.nth(2))
    dialog.get_by_role("button", name="Take picture 2 out").click()
    expect(dialog.get_by_alt_text("picture 2", exact=True)).to_have_count(0)
    assert dialog.evaluate(_COUNTED)
    beginner.shot("burst", full=False)
    dialog.evaluate(_COUNTING)
    dialog.get_by_role("button", name="Done").click()  # once those that are on their way have come
    count = beginner.page.wait_for_function("() => window.taken").json_value()
    assert count >= 2
    expect(beginner.thumbs("one")).to_have_count(3 + count)

    beginner.page.get_by_role("button", name="Teach with the webcam").click()
    live = beginner.page.get_by_role("region", name="Webcam, live")
    expect(live.locator("video")).to_have_js_property("readyState", 4)
    live.get_by_role("button", name="Hold to take pictures of one").hover()
    hold(beginner, live.get_by_text("2 taken"))
    expect(beginner.thumbs("one").nth(3 + count + 1)).to_be_visible()
    beginner.page.keyboard.press("ControlOrMeta+z")
    expect(beginner.thumbs("one")).to_have_count(3 + count)
    live.get_by_role("button", name="Stop the webcam").click()
    expect(live).to_be_hidden()


def hold(visitor, until):
    """Hold what the mouse is over until something shows."""
    visitor.page.mouse.down()
    expect(until).to_be_visible()
    visitor.page.mouse.up()


def test_several_pictures_together_are_one_example(beginner):
    beginner.label("pairs")
    beginner.give("pairs", picture("red", 1), picture("blue", 2), together=True)
    expect(beginner.thumbs("pairs")).to_have_count(1)
    expect(beginner.thumbs("pairs").locator("img")).to_have_count(2)
    beginner.drop("[aria-label='Label pairs'] [data-together]", picture("red", 3), picture("blue", 4))
    expect(beginner.thumbs("pairs")).to_have_count(2)


def test_a_zip_of_label_folders(beginner):
    members = {f"{colour}/{mark}.png": picture(colour, mark) for colour in ("red", "blue") for mark in range(3)}
    beginner.page.get_by_text("Import", exact=True).click()
    beginner.page.get_by_label("Import a ZIP, or JSONL with its pictures").set_input_files(archive(members))
    for colour in ("red", "blue"):
        expect(beginner.thumbs(colour)).to_have_count(3)
    expect(beginner.page.get_by_text("Added 6 pictures under 2 labels.")).to_be_visible()


def test_a_zip_dropped_beside_the_cards_is_taken_too(beginner):
    members = {f"{colour}/{mark}.png": picture(colour, mark) for colour in ("green", "yellow") for mark in range(2)}
    beginner.drop("#question", archive(members))
    expect(beginner.thumbs("green")).to_have_count(2)


def test_rename_remove_and_add_after_fitting(discs):
    page, before = discs.page, discs.numbers()
    name = discs.card("red").get_by_label("Name of the label red")
    name.fill("crimson")
    name.press("Enter")
    expect(discs.card("crimson")).to_be_visible()
    discs.found()
    assert discs.numbers() == before, "renaming changes no head"

    discs.thumbs("crimson").first.hover()
    discs.thumbs("crimson").first.get_by_role("button", name=re.compile("^Remove")).click()
    expect(discs.thumbs("crimson")).to_have_count(3)
    expect(page.locator(".headline")).to_contain_text("of 11")

    page.locator("#bench .notice").get_by_role("button", name="Undo").click()
    expect(page.locator(".headline")).to_contain_text("of 12")

    page.get_by_role("button", name="Teach with the webcam").click()
    live = page.get_by_role("region", name="Webcam, live")
    expect(live.locator(".guess strong")).to_have_text(re.compile("^(crimson|green|blue|None of these)$"))
    expect(live.locator(".takes .number", has_text="%")).to_have_count(3)
    discs.shot("preview")
    live.get_by_role("button", name="Stop the webcam").click()

    discs.give("blue", picture(DISC["blue"], 7, name="another.png"))
    expect(page.locator(".headline")).to_contain_text("of 13")
    discs.found()

    page.get_by_role("button", name="Delete the label green").click()
    expect(discs.card("green")).to_have_count(0)
    expect(page.locator(".headline")).to_contain_text("of 9")


def test_a_click_in_the_heatmap_opens_that_head(looker):
    page = looker.page
    for layer, head in ((5, 3), (0, 7)):
        looker.click_head(layer, head)
        expect(page.locator("#inspector h2")).to_have_text(f"Inside head L{layer}.H{head}")
        if layer:  # the points of the first map glide to where they are on the next, beside the pictures
            expect(looker.figure("map-1")).to_be_visible()
            figure = "document.querySelector('[data-figure=map-1]')"
            page.evaluate(f"{figure}.on('plotly_animated', () => (window.glided = true))")
    page.wait_for_function("window.glided")
    expect(page.locator("#inspector .overlays img")).to_have_count(2)
    looker.shot("inspector")


def test_heads_are_reached_by_keyboard_and_from_the_table(looker):
    page = looker.page
    looker.click_head(2, 2)
    expect(page.locator("#inspector h2")).to_have_text("Inside head L2.H2")
    page.locator("[data-figure=heads]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#inspector h2")).to_have_text("Inside head L2.H3")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#inspector h2")).to_have_text("Inside head L3.H3")

    page.get_by_text("heads as a table").click()
    rows = page.locator("table.sortable tbody tr")
    expect(rows).to_have_count(64)
    page.get_by_role("button", name="Head", exact=True).click()
    expect(rows.first.get_by_role("button")).to_have_text("L0.H0")
    rows.first.get_by_role("button").press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("Inside head L0.H0")
    expect(rows.first.get_by_role("button")).to_have_text("L0.H0")
    page.locator("[data-figure=heads]").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#inspector h2")).to_have_text("Inside head L1.H0")


def test_a_confusion_cell_shows_its_pictures_and_one_of_them_is_looked_at(looker):
    page = looker.page
    looker.click_head(0, 0)
    cell = page.locator(".confusion button:not([disabled])").first
    count = int(cell.inner_text())
    cell.click()
    pictures = page.locator(".cell-items li")
    expect(pictures).to_have_count(count)
    chosen = pictures.last.locator("img").get_attribute("alt")
    pictures.last.get_by_role("button").click()
    expect(page.get_by_text(f"What it looks at in “{chosen}”")).to_be_visible()
    expect(page.locator("#inspector .overlays img")).to_have_count(2)


def test_two_heads_side_by_side(looker):
    looker.click_head(1, 1)
    looker.page.get_by_label("Compare with another head").select_option("L0.H0")
    expect(looker.page.locator("#inspector h2")).to_have_text("Two heads side by side")
    expect(looker.page.locator("#inspector article h3")).to_have_text([re.compile("L1.H1"), re.compile("L0.H0")])
    expect(looker.page.locator("#inspector .overlays img")).to_have_count(4)


def test_the_slider_is_how_many_heads_vote(discs):
    page = discs.page
    slider = page.get_by_label("Number of heads that vote")
    discs.wait_for_numbers(20)
    for kept in (3, 12):
        slider.fill(str(kept))
        expect(page.locator("output[for=keep]")).to_have_text(str(kept))
        expect(page.locator("[data-figure=curve]")).to_have_attribute("aria-label", re.compile(f"with {kept}$"))
        discs.wait_for_numbers(kept)


def test_training_accuracy_and_leave_one_out(looker):
    page = looker.page
    expect(page.get_by_role("button", name="Leave-one-out", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Training", exact=True).click()
    expect(page.get_by_role("button", name="Training", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Leave-one-out", exact=True)).to_have_attribute("aria-pressed", "false")


def test_copies_and_mislabels_are_warned_of_and_one_click_mends_them(discs):
    discs.give("red", picture(DISC["blue"], 0, name="blue again.png"))
    copy = discs.page.locator(".warnings li", has_text="are the same picture")
    expect(copy).to_contain_text("under 2 labels: blue, red")
    copy.get_by_role("button", name="Keep in “blue”").click()
    expect(copy).to_have_count(0)
    expect(discs.thumbs("red")).to_have_count(4)

    discs.give("red", picture(DISC["blue"], 7, name="astray.png"))
    doubt = discs.page.locator(".warnings li", has_text="take “astray.png” for “blue”")
    expect(doubt).to_contain_text("for its label “red”")
    doubt.get_by_role("button", name="Move it to “blue”").click()
    expect(doubt).to_have_count(0)
    expect(discs.thumbs("blue")).to_have_count(5)


BAD = {
    "text.png": b"this is no picture",
    "cut.png": picture("red", 1)["buffer"][:200],
    "empty.jpg": b"",
    "page.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "broken.zip": b"PK\x03\x04 and no more",
}


def test_bad_files_get_a_sentence_in_sight_and_cost_no_work(looker):
    page = looker.page
    for name, content in BAD.items():
        looker.drop("[aria-label='Label red']", {"name": name, "mimeType": "", "buffer": content})
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(name)
        expect(alert).to_be_in_viewport()
        assert "Traceback" not in alert.inner_text()
        expect(looker.thumbs("red")).to_have_count(4)
        alert.get_by_role("button", name="Close this message").click()
        expect(alert).to_have_count(0)
    expect(page.locator(".headline")).to_contain_text("of 12")


def test_a_model_that_cannot_be_fetched_is_one_sentence_and_the_old_one_stays(looker):
    page = looker.page
    page.locator("#model-menu summary").click()
    page.get_by_label("Any model on the hub").fill("nobody/has-this-model")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator("#word").get_by_role("alert")).to_contain_text("nobody/has-this-model")
    expect(page.locator("#model-menu summary")).to_contain_text("Demo model")
    expect(page.locator(".headline")).to_contain_text("of 12")


def test_texts_of_examples_are_shown_and_can_be_edited(visitor):
    visitor.start("True or false?")
    texts = visitor.card("true").locator("textarea")
    expect(texts).to_have_count(8)
    texts.first.fill("Is this a drawing?")
    texts.first.blur()
    visitor.found()
    visitor.page.get_by_role("button", name="Hide the examples’ own questions").click()
    expect(visitor.page.locator(".bench textarea")).to_have_count(0)
    visitor.page.get_by_role("button", name="A question for each example").click()
    expect(visitor.card("true").locator("textarea").first).to_have_value("Is this a drawing?")


def test_dark_mode_follows_the_system_is_switched_by_hand_and_stays(visit):
    visitor = visit(dark=True)
    page = visitor.page
    dark = visitor.brightness("body")
    assert dark < 60
    visitor.start("How many stars?")
    assert visitor.cell_brightness(lowest=True) < visitor.cell_brightness(lowest=False), "on dark, little is dark"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert visitor.brightness("body") > 200
    visitor.open()
    assert visitor.brightness("body") > 200


def test_a_phone_scrolls_only_up_and_down(visit):
    visitor = visit(width=390, height=844)
    page = visitor.page

    def fits():
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    fits()
    visitor.start("Where is the umbrella?")
    expect(page.locator(".headline")).to_be_in_viewport()
    fits()
    visitor.click_head(3, 3)
    expect(page.locator("#inspector .overlays img")).to_have_count(2)
    page.get_by_label("Compare with another head").select_option("L0.H0")
    expect(page.locator("#inspector article")).to_have_count(2)
    fits()
    page.get_by_text("heads as a table").click()
    page.locator("#model-menu summary").click()
    fits()
    visitor.shot("phone")


def test_a_reload_brings_everything_back(looker):
    looker.reload()
    for name in DISC:
        expect(looker.thumbs(name)).to_have_count(4)
    expect(looker.page.locator(".headline")).to_contain_text("of 12")


def test_a_ready_task_shows_its_heads_and_everything_can_be_done_by_keyboard(visitor):
    page = visitor.page
    page.locator(".tile", has_text="Things it was never taught").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tile.current", has_text="Things it was never taught")).to_be_visible()
    visitor.found()
    expect(page.locator(".headline")).to_contain_text(re.compile(r"Left out one by one: \d+ of 36 right"))
    expect(visitor.figure("curve")).to_be_visible()
    assert visitor.numbers() == [str(rank) for rank in range(1, 21)]
    page.locator("#model-menu summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#model-menu .sheet")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#model-menu .sheet")).to_be_hidden()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(".stage button, .stage input, .stage select, .stage textarea, .stage img")]
          .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim() || each.hasAttribute("alt")
                              || (each.labels && each.labels.length) || each.closest("label")))
          .map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
