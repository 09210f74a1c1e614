"""The Teach page in a real browser with the real embedded model."""

from playwright.sync_api import expect

from tests.browser.visitor import archive, picture


def test_a_ready_task_shows_its_heads_in_one_click(visitor):
    visitor.start("Where is the umbrella?")
    expect(visitor.page.locator(".headline")).to_contain_text("leave-one-out")
    expect(visitor.page.locator("[data-figure=heads] .plot-container")).to_be_visible()
    visitor.shot("teach")


def test_three_labels_of_ones_own(visitor):
    page = visitor.page
    expect(page.get_by_role("button", name="Find heads")).to_be_disabled()
    for colour in ("red", "green", "blue"):
        visitor.label(colour)
        visitor.give(colour, *[picture(colour, mark) for mark in range(3)])
        expect(visitor.card(colour).locator(".thumbs li")).to_have_count(3)
    page.get_by_role("button", name="Find heads").click()
    visitor.found()
    expect(page.locator(".headline")).to_contain_text("of 9")


def test_a_zip_of_label_folders(visitor):
    members = {f"{colour}/{mark}.png": picture(colour, mark) for colour in ("red", "blue") for mark in range(3)}
    visitor.page.get_by_text("Import", exact=True).click()
    visitor.page.locator("input[type=file][accept='.zip']").set_input_files(archive(members))
    expect(visitor.card("red").locator(".thumbs li")).to_have_count(3)
    expect(visitor.card("blue").locator(".thumbs li")).to_have_count(3)
    expect(visitor.page.get_by_text("Added 6 pictures under 2 labels.")).to_be_visible()
