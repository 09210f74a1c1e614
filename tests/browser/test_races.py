"""What comes late, in a real browser: an older answer or drawing neither moves nor overwrites what a newer one shows."""

import re
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser.visitor import archive, picture

DISC = {"red": "#d62828", "blue": "#2850d6"}


@contextmanager
def held(page, address, words=""):
    """Hold what is sent there with these words in it, while the block runs; yields what is held."""
    waiting = []

    def hold(route):
        if words in (route.request.post_data or ""):
            waiting.append(route)
        else:
            route.continue_()

    page.route(address, hold)
    yield waiting
    assert waiting, f"nothing with {words!r} was sent to {address}"
    for route in waiting:
        route.continue_()
    page.unroute(address, hold)


def seek(visitor):
    """Have the heads found that tell red and blue discs apart."""
    members = {f"{name}/{mark}.png": picture(colour, mark) for name, colour in DISC.items() for mark in (0, 5, 10, 15)}
    visitor.drop("#question", archive(members))
    expect(visitor.thumbs("red")).to_have_count(4)
    visitor.page.get_by_role("button", name="Find heads").click()
    visitor.found()


def test_a_click_is_shown_though_a_slider_is_answered_before_it(visit):
    someone = visit(width=390, height=844)
    page = someone.page
    seek(someone)
    someone.tab("Classify")
    someone.drop("body", *[picture(DISC[name], mark, name=f"{name} {mark}.png") for name in DISC for mark in (1, 2, 3)])
    rows, detail = page.locator(".answers-table tbody tr"), page.locator("#detail")
    expect(rows.locator("td.label")).to_have_count(6)
    expect(detail.locator("[data-key=zero-shot]")).to_be_visible()
    with held(page, "**/queue/join*", '"pick"'):
        rows.last.locator("td.label").click()
        version = page.locator("#answers .stage").get_attribute("data-version")
        page.locator("#threshold").evaluate(
            "(slider) => { slider.value = 1; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
        )
        expect(page.locator("#answers .stage")).not_to_have_attribute("data-version", version)
        page.wait_for_timeout(300)
        expect(detail.locator(".guess")).not_to_be_in_viewport()  # it is still another's
    expect(detail).to_have_attribute("aria-label", "The answer for blue 3.png")
    page.wait_for_function(
        """() => {
          const { top, bottom } = document.querySelector("#detail .guess").getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        }"""
    )


def test_the_map_and_the_curve_stand_where_the_slider_does_however_late_they_are_drawn(visitor):
    page, slider = visitor.page, visitor.page.get_by_label("Number of heads that vote")
    curve = page.locator("[data-figure=curve]")
    with held(page, "**/plotly.min.js*"):
        seek(visitor)
        slider.fill("3")
        expect(curve).to_have_attribute("aria-label", re.compile("with 3$"))
    visitor.wait_for_numbers(3)

    sent = []
    page.on("request", lambda asked: sent.extend(re.findall(r'"keep","value":(\d+)', asked.post_data or "")))
    with held(page, "**/queue/join*", '"keep"'):
        for kept in (5, 8, 12):  # it moves on before the first place is answered
            slider.fill(str(kept))
            page.wait_for_timeout(100)
    expect(curve).to_have_attribute("aria-label", re.compile("with 12$"))
    visitor.wait_for_numbers(12)
    expect(slider).to_have_value("12")
    assert sent == ["5", "12"]
