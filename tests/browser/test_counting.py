"""How votes are counted, in a real browser with the real embedded model: chosen on Teach, followed on the other pages."""

import re

from playwright.sync_api import expect


def test_another_rule_changes_the_headline_the_heads_and_the_answers(visit):
    visitor = visit(width=390, dark=True)
    page = visitor.page
    visitor.start("How many stars?")
    headline, counting = page.locator(".headline .caption"), page.locator("#counting")
    expect(counting).to_have_value("majority")
    by_majority, heads = headline.inner_text(), page.locator(".dial p").first
    expect(visitor.figure("heads")).to_be_visible()
    kept = page.locator("[data-figure=heads]").evaluate("place => JSON.stringify(place.layout.shapes)")

    counting.select_option("gaussian")
    expect(page.locator("#counting-line")).to_contain_text("probability")
    expect(headline).not_to_have_text(by_majority)
    page.wait_for_function(
        "before => JSON.stringify(document.querySelector('[data-figure=heads]').layout.shapes) !== before", arg=kept
    )
    expect(page.get_by_text("Up to date")).to_be_visible()
    visitor.shot("counting-390")

    page.get_by_role("button", name="Would the first layers do?").click()
    expect(visitor.figure("depths")).to_be_visible()
    depth = page.get_by_label("Number of layers that heads come from")
    for key, layers in (("ArrowLeft", 7), ("End", 8)):
        depth.press(key)
        expect(page.locator("output[for=depth]")).to_have_text(str(layers))
        expect(heads).to_contain_text(f"of {8 * layers} heads")
    visitor.shot("depth-390")

    visitor.tab("Classify")
    page.get_by_role("button", name="Classify picture 1", exact=True).click()
    expect(page.locator("#detail")).to_contain_text("goes by the rule “gaussian”")
    expect(page.locator("#detail .squares span")).to_have_count(20)
    share = page.locator("#detail .guess").inner_text()

    visitor.tab("Teach")
    counting.select_option("reliability")
    expect(heads).to_contain_text(re.compile(r"20 of 64 heads vote for each label, \d+ in all"))
    in_all = int(re.search(r"(\d+) in all", heads.inner_text())[1])
    visitor.tab("Classify")
    expect(page.locator("#detail")).to_contain_text("goes by the rule “reliability”")
    expect(page.locator("#detail .squares span")).to_have_count(in_all)
    expect(page.locator("#detail .guess")).not_to_have_text(share)
    visitor.tab("Measure")
    expect(page.locator("#rule")).to_have_value("reliability")
    box = page.get_by_label("Also ask the model itself")
    box.check()
    expect(box).to_be_checked()
    expect(box).to_have_css("appearance", "auto")  # Gradio's has no tick that is seen
