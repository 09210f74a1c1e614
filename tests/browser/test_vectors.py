"""The page Function vectors in a real browser with the real embedded model, on few prompts."""

import re

import pytest
from playwright.sync_api import expect

_WIDTHS_OF = """((kind) => {
  const spans = [...document.querySelectorAll(`#vector .rail.${kind} span`)];
  return spans.map((span) => span.style.width).join();
})"""


def on_page(visitor, relation="above", prompts=3):
    """Somebody who has chosen a relation."""
    page = visitor.page
    visitor.tab("Function vectors")
    page.locator(".relation-tiles button", has_text=re.compile(f"^\\s*{relation}\\s*$")).click()
    expect(page.locator(".demonstrations li")).to_have_count(5)
    field = page.get_by_label("Prompts", exact=True)
    field.fill(str(prompts))
    field.press("Enter")
    expect(page.get_by_text(f"Prompt 1 of {prompts}")).to_be_visible()
    return visitor


def finding(visitor):
    """Find heads and wait."""
    page = visitor.page
    page.locator("[data-run=find_effects]").click()
    expect(page.get_by_role("button", name="Build the vector")).to_be_enabled()
    expect(visitor.figure("effects")).to_be_visible()


def building(visitor):
    """Build the vector and wait for the first answer."""
    visitor.page.get_by_role("button", name="Build the vector").click()
    expect(visitor.page.get_by_role("button", name="Build it again")).to_be_enabled()
    expect(visitor.figure("places")).to_be_visible()
    expect(visitor.page.locator("#vector .answers-both li").first).to_be_visible()


def click_cell(visitor, figure, row, column):
    """Click a cell of a heatmap with the mouse."""
    visitor.click_cell(figure, row, column, f"layer {row}")


@pytest.fixture(scope="module")
def found(visit_together):
    """Somebody who has found the heads of above, for all tests that begin there."""
    visitor = on_page(visit_together())
    visitor.page.get_by_role("button", name="Mixed up").click()
    expect(visitor.page.locator(".demonstrations li.mixed").first).to_be_visible()
    finding(visitor)
    return visitor


@pytest.fixture(scope="module")
def built(found):
    """Somebody who has built the vector of above, for all tests that begin there."""
    building(found)
    return found


def test_from_a_relation_to_the_head_behind_it_by_a_click_in_the_heatmap(found):
    page = found.page
    expect(page.locator("#effects .lead-figure", has_text="3 of 3 prompts")).to_be_visible()
    click_cell(found, "effects", 1, 0)
    head = page.get_by_role("region", name="The head's effect")
    expect(head.get_by_role("heading", name="Head L1.H0 and “above”")).to_be_visible()
    expect(head).to_contain_text(re.compile(r"Effect [+-]0\.\d{4}, 95\s% interval"))
    expect(head.locator(".overlays img")).to_have_count(5)
    page.locator("[data-figure=effects]").focus()
    page.keyboard.press("ArrowRight")
    expect(head.get_by_role("heading", name="Head L1.H1 and “above”")).to_be_visible()
    found.shot("vectors-effects")


def test_the_scale_slider_changes_the_answer_and_the_map_moves_the_vector(built):
    page = built.page
    numbers = page.locator("#vector .answers-both .number b")
    scale = page.locator("#scale")
    scale.fill("0")
    expect(page.locator("output[for=scale]")).to_have_text("0")
    page.wait_for_function(f"() => {_WIDTHS_OF}('before') === {_WIDTHS_OF}('after')")
    bare = numbers.all_text_contents()
    scale.fill("4")
    page.wait_for_function(f"() => {_WIDTHS_OF}('before') !== {_WIDTHS_OF}('after')")
    assert numbers.all_text_contents() != bare
    click_cell(built, "places", 2, 1)
    expect(page.locator("#vector .scale")).to_contain_text("after layer 2")
    expect(page.locator("output[for=scale]")).to_have_text("1")
    with page.expect_download() as waited:
        page.get_by_role("button", name="Download at scale 1 (.fv)").click()
    assert waited.value.suggested_filename == "above.fv"
    expect(page.locator("#relations .notice")).to_contain_text("after layer 2, at scale 1")
    words = page.locator("#relations .notice > span").bounding_box()
    middle = [words["x"] + words["width"] / 2, words["y"] + words["height"] / 2]
    on_top = "([x, y]) => Boolean(document.elementFromPoint(x, y).closest('#relations .notice'))"
    assert page.evaluate(on_top, middle), "what is said lies on all else, whatever column it stands in"


def test_tuning_draws_a_live_curve_that_can_be_stopped(built):
    page = built.page
    click_cell(built, "places", 7, 0)  # hardly of use there, so that there is something to learn
    expect(page.locator("#tuning .hint").first).to_contain_text("after layer 7")
    page.get_by_label("Steps").fill("20")
    page.get_by_role("button", name="Tune", exact=True).click()
    expect(built.figure("tuning")).to_be_visible()
    expect(page.get_by_role("button", name="Tune again")).to_be_enabled()
    lines = page.locator("[data-figure=tuning]").evaluate(
        "(place) => place.data.map((line) => line.x.length ?? line.x._inputArray.length)"
    )
    assert lines == [*3 * [lines[0]], 2, 2]  # the curves, and the two levels beside them
    assert lines[0] > 2
    expect(page.get_by_label("Steps")).to_have_value("20")
    which = page.get_by_role("group", name="Which vector answers")
    which.get_by_role("button", name="tuned", exact=True).click()
    expect(which.get_by_role("button", name="tuned", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Steps").fill("1000")
    page.get_by_role("button", name="Tune again").click()
    expect(page.get_by_role("button", name="Tune again")).to_be_disabled()
    cancel = page.locator("#tuning").get_by_role("button", name="Cancel")
    again = page.locator("#tuning button:enabled", has_text="Tune again")
    expect(cancel.or_(again).first).to_be_visible()  # it may have stopped by itself
    if cancel.is_visible():
        cancel.click()
    expect(page.get_by_role("button", name="Tune again")).to_be_enabled()


def test_finding_is_cancelled_and_goes_on_where_it_stopped(visitor):
    page = on_page(visitor, prompts=20).page
    page.locator("[data-run=find_effects]").click()
    expect(page.locator("#effects .progress")).to_contain_text("of 20 prompts")
    page.locator("#effects").get_by_role("button", name="Cancel").click()
    told = page.locator("#relations .notice")
    expect(told).to_contain_text("Stopped")
    expect(page.locator("[data-run=find_effects]")).to_be_enabled()


def in_sight(page, selector):
    """Wait until something is inside the window, at least as much of it as a hand is high, as after a scroll."""
    page.wait_for_function(
        """(selector) => {
          const box = document.querySelector(selector)?.getBoundingClientRect();
          if (!box || !box.height) return false;
          return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0) >= Math.min(box.height, 100);
        }""",
        arg=selector,
    )


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_after_every_button_of_the_way_its_result_is_in_the_window(visit, width, height):
    visitor = visit(width=width, height=height)
    page = on_page(visitor, prompts=2).page
    in_sight(page, ".vectors-task .chips")
    page.get_by_role("button", name="Mixed up").click()
    in_sight(page, ".demonstrations li.mixed")
    finding(visitor)
    in_sight(page, "#effects .lead-figure")
    in_sight(page, "[data-figure=effects]")
    visitor.shot(f"vectors-{width}-1-found", full=False)
    page.get_by_text("heads as a table").click()
    page.locator("#effects .head-list tbody button").nth(4).click()
    in_sight(page, "#effect-head h2")
    page.get_by_role("button", name="Close").click()
    building(visitor)
    in_sight(page, "#vector .lead-figure")
    visitor.shot(f"vectors-{width}-2-built", full=False)
    page.locator("#vector .queries button").nth(3).click()
    in_sight(page, "#vector .answers-both")
    page.get_by_role("button", name="Judge it").click()
    in_sight(page, "#vector .progress")
    expect(page.locator("#vector .outcomes")).to_be_visible()
    in_sight(page, "#vector .judging .lead-figure")
    visitor.shot(f"vectors-{width}-3-judged", full=False)
    page.get_by_label("Steps").fill("30")
    page.get_by_role("button", name="Tune", exact=True).click()
    in_sight(page, "#tuning .progress")
    expect(page.get_by_role("button", name="Tune again")).to_be_enabled()
    in_sight(page, "#tuning .fine")
    visitor.shot(f"vectors-{width}-4-tuned", full=False)
    expect(page.locator("#vector .outcomes")).to_be_visible()
    board = page.get_by_role("region", name="Analogy")
    board.get_by_role("button", name="Another target").click()
    in_sight(page, "#analogy .answer-word")
    board.get_by_role("button", name="Judge them").click()
    expect(board.locator(".outcomes")).to_be_visible()
    in_sight(page, "#analogy [data-key^=judged-sum]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    visitor.shot(f"vectors-{width}-5-all")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_an_analogy_is_one_click_and_its_answer_is_in_the_window(visit, width, height):
    visitor = visit(width=width, height=height)
    page = visitor.page
    visitor.tab("Function vectors")
    expect(page.locator(".steps.down svg")).to_have_count(3)
    visitor.shot(f"vectors-{width}-0-start")
    page.get_by_role("button", name="Try an analogy").click()
    expect(page.locator("#analogy .answer-word strong")).not_to_be_empty()
    in_sight(page, "#analogy .answer-word")
    visitor.shot(f"vectors-{width}-6-analogy", full=False)
    if width > 390:  # and it follows the weights
        board = page.get_by_role("region", name="Analogy")
        expect(board.locator(".weights li")).to_have_count(4)
        expect(board.locator(".answers-both li").first).to_be_visible()
        board.get_by_label("left", exact=True).fill("1.5")
        expect(board.get_by_text("as you set it")).to_be_visible()
        expect(board.locator(".answers-both li").first).to_be_visible()
        board.get_by_role("button", name="Another target").click()
        expect(board.locator(".answer-word")).to_be_visible()


def test_the_heads_of_a_taught_task_are_ringed_and_inspected_on_the_same_heatmap(found):
    page = found.page
    found.tab("Teach")
    found.start("Which colour")
    found.tab("Function vectors")
    expect(page.locator(".overlap")).to_contain_text(
        re.compile(r"\d+ of the 10 leading heads are among its 20 voting ones")
    )
    expect(page.get_by_role("checkbox", name="Ring the heads")).to_be_checked()
    rings = "(place) => place.layout.shapes.filter((shape) => shape.type === 'circle').length"
    assert page.locator("[data-figure=effects]").evaluate(rings) == 20
    click_cell(found, "effects", 1, 0)
    expect(page.locator("#effect-inspector h2")).to_have_text("Inside head L1.H0")
    found.shot("vectors-overlap")


def test_figures_turn_dark_with_the_system_and_a_phone_scrolls_only_downwards(built):
    page = built.page
    scale = "document.querySelector('[data-figure=effects]').data[0].colorscale[3][1]"
    assert page.evaluate(scale) == "#f4f1ea"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{scale} === '#232833'")  # no effect is dark on a dark page
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    click_cell(built, "effects", 1, 0)
    views = page.locator("#effect-head .overlays img")
    expect(views).to_have_count(5)
    first, second = (views.nth(place).bounding_box() for place in range(2))
    assert first["y"] == second["y"], "two pictures a row"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    built.shot("vectors-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"{scale} === '#f4f1ea'")
