"""A visitor's work in a real browser: it survives a reload, goes home as a file, comes back, and is nobody else's."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import archive, picture

TASK, OTHER = "How many stars?", "Is there a key?"


@pytest.fixture(scope="module")
def at_work(visit_together):
    """Somebody who has found the heads of a ready task, for all tests that begin there."""
    visitor = visit_together()
    visitor.start(TASK)
    return visitor


def menu(visitor):
    """Open the project menu and return it."""
    visitor.page.locator("#project-menu summary").click()
    return visitor.page.locator("#project-menu .sheet")


def save(visitor, words, path):
    """Choose a line of the project menu and keep the file it gives."""
    with visitor.page.expect_download() as download:
        menu(visitor).get_by_text(words).click()
    download.value.save_as(path)
    return download.value.suggested_filename


def shown(visitor):
    """What the page says: the headline, the kept heads' ranks and the labels."""
    page = visitor.page
    expect(page.locator('[data-figure="heads"] .annotation-text').first).to_be_visible()
    names = page.locator(".card .name").evaluate_all("fields => fields.map((field) => field.value)")
    return page.locator(".headline .caption").inner_text(), visitor.numbers(), names


def test_a_reload_loses_nothing(at_work):
    before = shown(at_work)
    at_work.open()
    at_work.found()
    assert shown(at_work) == before


def test_a_page_that_lost_what_it_was_sent_has_it_sent_again(at_work):
    """A connection may break between two messages, and the host takes it that both have come."""
    page, before = at_work.page, shown(at_work)
    page.evaluate("SAV.forgetParts()")
    card = at_work.label("one more")
    expect(card.get_by_text("Drop pictures or clips here")).to_be_visible()
    names = page.locator(".card .name").evaluate_all("fields => fields.map((field) => field.value)")
    assert names == [*before[2], "one more"]
    seen = "[...document.querySelectorAll('.thumbs img')].every((image) => image.complete && image.naturalWidth)"
    page.wait_for_function(seen)


def test_a_project_goes_home_and_comes_back(at_work, visit, tmp_path):
    before = shown(at_work)
    assert save(at_work, "Save the project", tmp_path / "p.zip") == "how-many-stars.zip"
    with zipfile.ZipFile(tmp_path / "p.zip") as saved:
        assert {"project.json", "examples.jsonl", "classifier.sav"} <= set(saved.namelist())
    assert save(at_work, "Save the classifier", tmp_path / "c.sav") == "how-many-stars.sav"
    assert (tmp_path / "c.sav").stat().st_size > 1000

    other = visit()
    other.page.locator("#project-menu input[type=file]").set_input_files(tmp_path / "p.zip")
    other.found()
    expect(other.page.get_by_text("Opened “p.zip”.")).to_be_visible()
    assert shown(other) == before


def test_a_bad_project_is_a_sentence_and_the_work_stays(at_work):
    before = shown(at_work)
    for bad, reason in (
        (archive({"cat/1.png": picture("red")}), "holds no project.json"),
        ({"name": "torn.zip", "mimeType": "application/zip", "buffer": b"PK\x03\x04"}, "is not a ZIP archive"),
    ):
        at_work.page.locator("#project-menu input[type=file]").set_input_files(bad)
        expect(at_work.page.locator("#word")).to_contain_text(reason)
        assert shown(at_work) == before


def test_the_code_opens_over_the_page_and_closes_by_keyboard(at_work):
    menu(at_work).get_by_text("Show the code").click()
    dialog = at_work.page.get_by_role("dialog")
    expect(dialog).to_contain_text('read_examples("how-many-stars.zip")')
    expect(dialog).to_contain_text("python -m sav_core fit --train how-many-stars.zip")
    at_work.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_two_visitors_at_once_never_see_each_others_anything(visit, tmp_path):
    one, two = visit(), visit(width=390, dark=True)
    one.page.locator(".tile", has_text=TASK).click()
    two.page.locator(".tile", has_text=OTHER).click()
    one.found()
    two.found()
    one.label("secret")
    one.give("secret", picture("red", 3, name="mine.png"))
    expect(one.page.locator("img[alt='mine.png']")).to_have_count(1)
    two.open()
    two.found()
    assert "secret" not in shown(two)[2]
    expect(two.page.locator("img[alt='mine.png']")).to_have_count(0)
    assert set(shown(one)[2]).isdisjoint(shown(two)[2])
    assert save(one, "Save the project", tmp_path / "one.zip") == "how-many-stars.zip"
    assert save(two, "Save the project", tmp_path / "two.zip") == "is-there-a-key.zip"


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_the_about_page_is_whole_at_any_width(visit, width, dark):
    visitor = visit(width=width, dark=dark)
    visitor.tab("About")
    expect(visitor.page.locator(".steps svg:visible")).to_have_count(4 + 3)  # of heads that vote, of a function vector
    expect(visitor.page.get_by_role("heading", name="Whose work this is built on")).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    visitor.page.get_by_role("button", name="Find some heads").click()
    expect(visitor.page.locator("#bench .bench")).to_be_visible()
