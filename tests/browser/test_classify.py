"""The Classify page in a real browser with the real embedded model."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import picture


@pytest.fixture
def classifying(visitor):
    """Somebody on the Classify page who has started from a ready task there, without ever opening Teach."""
    visitor.tab("Classify")
    visitor.page.locator(".classify-empty .tile", has_text="Which colour").click()
    expect(visitor.page.locator(".try li")).to_have_count(20)
    return visitor


def detail(visitor):
    return visitor.page.locator("#detail")


def rows(visitor):
    return visitor.page.locator(".answers-table tbody tr")


def answered(visitor, count):
    expect(rows(visitor).locator("td.label")).to_have_count(count)


def download(visitor, name):
    with visitor.page.expect_download() as waited:
        visitor.page.get_by_role("button", name=name, exact=True).click()
    return waited.value.path().read_text(encoding="utf-8")


def test_from_nothing_to_an_answer_with_its_reasons_in_two_clicks(classifying):
    classifying.page.get_by_role("button", name="Classify picture 1", exact=True).click()
    shown = detail(classifying)
    expect(shown.locator(".guess strong")).to_have_text(re.compile("blue|green|red|yellow"))
    expect(shown.locator(".verdict-top .bars li")).to_have_count(4)
    expect(shown.locator(".squares span")).to_have_count(20)
    expect(shown.locator("[data-figure=votes] .plot-container")).to_be_visible()
    expect(shown.locator(".strip li")).to_have_count(6)
    expect(shown.get_by_role("heading", name="without your examples")).to_be_visible()
    expect(shown.locator(".overlays img").first).to_be_visible()
    shown.get_by_role("button", name="Where", exact=True).click()
    expect(shown.locator(".where .overlays figcaption")).to_contain_text("look hardest inside")
    classifying.shot("classify")


def test_many_pictures_make_a_table_that_sorts_and_downloads(classifying):
    page = classifying.page
    page.get_by_role("button", name="Classify all 20").click()
    answered(classifying, 20)
    expect(page.locator(".tally")).to_have_text(re.compile(r"\d+ of 20 right(, \d+ refused)?"))
    page.get_by_role("button", name="Confidence").click()
    values = rows(classifying).locator("td:nth-child(4)").evaluate_all("cells => cells.map(cell => cell.dataset.value)")
    assert values == sorted(values)
    table = list(csv.DictReader(download(classifying, "CSV").splitlines()))
    assert len(table) == 20
    assert {row["label"] for row in table} <= {"blue", "green", "red", "yellow", "none of these"}
    objects = json.loads(download(classifying, "JSON"))
    assert [found["label"] for found in objects] == [row["label"] for row in table]
    page.locator("#threshold").fill("100")
    expect(rows(classifying).locator("td.label", has_text="none of these").first).to_be_visible()


def test_a_sorted_table_stays_sorted_whatever_is_done_next(classifying):
    page = classifying.page
    page.get_by_role("button", name="Classify all 20").click()
    answered(classifying, 20)

    def column(number):
        cells = rows(classifying).locator(f"td:nth-child({number})")
        return cells.evaluate_all("cells => cells.map(cell => cell.dataset.value ?? cell.textContent.trim())")

    def falling(number):  # asked once: the answers may change between two looks
        values = column(number)
        return values == sorted(values, reverse=True)

    page.get_by_role("button", name="Confidence").dblclick()  # the second time: falling
    header = page.locator(".answers-table th[aria-sort]")
    expect(header).to_have_attribute("aria-sort", "descending")
    names = column(2)
    assert falling(4)
    last = rows(classifying).last.locator("button.face")
    last.click()
    expect(rows(classifying).last).to_have_class("current")
    expect(last).to_be_focused()
    assert column(2) == names
    detail(classifying).get_by_role("group", name="Is the answer right?").locator("[data-act=teach]").first.click()
    expect(rows(classifying).locator(".taught")).to_have_count(1)
    answered(classifying, 20)
    assert falling(4)
    expect(header).to_have_count(1)
    expect(header).to_have_text("Confidence")
    expect(header).to_have_attribute("aria-sort", "descending")


def test_a_wrong_guess_is_corrected_and_learned(classifying):
    page = classifying.page
    page.locator(".tray input[type=file]").set_input_files([picture("blue", 1)])
    group = detail(classifying).get_by_role("group", name="Is the answer right?")
    expect(group.get_by_role("button", name="Right", exact=True)).to_be_visible()
    other = group.locator("[data-act=teach]").first
    label = other.text_content()
    other.click()
    expect(group).to_contain_text(f"It is an example of {label} now")
    classifying.tab("Teach")
    expect(classifying.card(label).locator("img[alt='blue 1.png']")).to_be_visible()
    expect(page.get_by_text("Up to date")).to_be_visible()


def test_dropped_and_pasted_pictures_are_classified_and_a_bad_file_is_told(classifying):
    bad = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    classifying.drop(".tray", picture("red", 1), bad)
    expect(classifying.page.locator(".tray .notice.part")).to_contain_text("notes.png")
    expect(detail(classifying).locator(".guess strong")).to_be_visible()
    classifying.paste(".tray", picture("green", 2))
    answered(classifying, 2)


def test_where_examples_are_groups_a_group_is_one_query(visitor):
    for name, (one, other) in {"same": ("red", "red"), "other": ("red", "blue")}.items():
        visitor.label(name)
        for mark in (1, 2, 3):
            pair = picture(one, mark, name=f"a{mark}.png"), picture(other, mark + 5, name=f"b{mark}.png")
            visitor.give(name, *pair, together=True)
            expect(visitor.thumbs(name)).to_have_count(mark)
    visitor.page.get_by_role("button", name="Find heads").click()
    visitor.found()
    visitor.tab("Classify")
    visitor.page.get_by_label("Choose several pictures to classify as one").set_input_files(
        [picture("red", 8), picture("blue", 9)]
    )
    expect(detail(visitor).locator(".guess strong")).to_have_text(re.compile("same|other"))
    expect(detail(visitor).locator(".asked img")).to_have_count(2)
    visitor.drop(".tray [data-together]", picture("green", 8), picture("green", 9))
    answered(visitor, 2)
    expect(rows(visitor).locator(".faces img")).to_have_count(4)
    visitor.shot("classify-group")


def test_the_webcam_is_answered_frame_by_frame(classifying):
    page = classifying.page
    page.get_by_role("button", name="Webcam, live").click()
    live = page.get_by_role("region", name="Webcam, live")
    # What Chromium shows as a webcam is a test picture, which may well be none of the labels.
    expect(live.locator(".guess strong")).to_have_text(re.compile("^(blue|green|red|yellow|None of these)$"))
    expect(live.locator(".bars li")).to_have_count(4)
    for _ in range(2):
        answered_one = live.get_attribute("data-serial")
        expect(live).not_to_have_attribute("data-serial", answered_one)
    expect(live.locator("[data-rate]")).to_have_text(re.compile(r"\d+\.\d frames a second"))
    page.get_by_role("button", name="Look into this frame").click()
    expect(detail(classifying).locator(".guess strong")).to_be_visible()
    classifying.shot("webcam")
    page.get_by_role("button", name="Stop the webcam").click()
    expect(live).to_be_hidden()


def test_a_phone_in_the_dark_scrolls_only_downwards(visit):
    visitor = visit(width=390, height=844, dark=True)
    visitor.tab("Classify")
    visitor.page.locator(".classify-empty .tile", has_text="Which colour").click()
    visitor.page.get_by_role("button", name="Classify all 20").click()
    answered(visitor, 20)
    expect(detail(visitor).locator("[data-figure=votes] .plot-container")).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    visitor.shot("classify-phone")
