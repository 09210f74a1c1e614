"""The Measure page in a real browser with the real embedded model."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import archive, picture


@pytest.fixture
def measuring(visitor):
    """Somebody on the Measure page who has started from a ready task there, without ever opening Teach."""
    return start(visitor)


@pytest.fixture(scope="module")
def measured(visit_together):
    """Somebody who has measured that task, for all tests that look at the report."""
    visitor = start(visit_together())
    measure(visitor)
    return visitor


def start(visitor):
    visitor.tab("Measure")
    visitor.page.locator("#gauge .tile", has_text="Which colour").click()
    expect(button(visitor, "Measure")).to_be_enabled()
    return visitor


def button(visitor, name):
    return visitor.page.locator("#gauge").get_by_role("button", name=name, exact=True)


def measure(visitor, name="Measure"):
    button(visitor, name).click()
    expect(button(visitor, "Measure again")).to_be_visible()
    expect(visitor.page.locator("#report .headline")).to_be_visible()


def headline(visitor):
    return visitor.page.locator("#report .headline")


def download(visitor, name):
    with visitor.page.expect_download() as waited:
        visitor.page.locator("#report").get_by_role("button", name=name, exact=True).click()
    return waited.value.path()


def pictures_of(*labels, each=2):
    return {f"{label}/{number}.png": picture(label, number) for label in labels for number in range(each)}


def test_a_ready_task_is_measured_and_taken_home(measured, tmp_path):
    page = measured.page
    expect(headline(measured)).to_contain_text("of 20 test pictures right")
    expect(headline(measured)).to_contain_text(re.compile(r"95\s% interval: \d+ to \d+\s%"))
    for figure in ("baselines", "by_heads", "by_shots", "calibration", "selective", "rules"):
        expect(measured.figure(figure)).to_be_visible()
    ways = page.locator("[data-figure=baselines]").evaluate("(place) => place.data[0].y")
    assert {"kept heads", "all heads", "random heads", "best head", "hidden mean", "hidden logistic", "pixels"} <= set(ways)
    listed = page.locator("[data-table-of=by_heads]")
    listed.locator("summary").click()
    points = page.locator("[data-figure=by_heads]").evaluate("(place) => place._fullData[0].x.length")
    expect(listed.locator("tr")).to_have_count(points)
    hovered = re.compile(r"heads that vote: 1\d+\.\d\s%95\s% interval: \d+\.\d to \d+\.\d\s%")
    expect(listed.locator("tr").first).to_have_text(hovered)
    measured.shot("measure")
    right = int(re.search(r"right \((\d+)\)", headline(measured).inner_text())[1])
    report = json.loads(download(measured, "JSON").read_text(encoding="utf-8"))
    assert sum(line["right"] for line in report["examples"]) == right
    answers = list(csv.DictReader(download(measured, "CSV of answers").read_text(encoding="utf-8").splitlines()))
    assert [line["label"] for line in answers] == [line["label"] for line in report["examples"]]
    table = list(csv.DictReader(download(measured, "CSV of figures").read_text(encoding="utf-8").splitlines()))
    assert float(table[0]["value"]) == pytest.approx(right / 20)
    home = tmp_path / "report.html"
    home.write_bytes(download(measured, "HTML report").read_bytes())
    opened = page.context.new_page()
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(home.as_uri())
    expect(opened.locator(".plot-container")).to_have_count(6 + 1)  # the report also holds the map of the heads
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_click_in_the_confusion_shows_its_pictures(measured):
    cell = measured.page.locator("#report .confusion button:not([disabled])").first
    count = int(cell.inner_text())
    cell.click()
    pictures = measured.page.locator("#report .cell-pictures img")
    expect(pictures).to_have_count(count)
    assert pictures.first.evaluate("(image) => image.naturalWidth") > 0
    cell.click()
    expect(pictures).to_have_count(0)


def test_a_zip_of_ones_own_and_a_bad_file(measuring):
    page = measuring.page
    bring = page.get_by_label("Bring a ZIP or JSONL as test set")
    bring.set_input_files([{"name": "notes.zip", "mimeType": "application/zip", "buffer": b"no archive"}])
    expect(page.locator("#gauge .notice.error")).to_contain_text("notes.zip")
    measuring.drop(".measure-setup", archive(pictures_of("red", "blue", "purple")))
    expect(page.locator("[data-key=source-own]")).to_contain_text("4 pictures of your labels. 2 of “purple”, not taught")
    expect(page.locator("#gauge .notice.error")).to_have_count(0)
    measure(measuring)
    expect(headline(measuring)).to_contain_text("of 4 test pictures right")
    expect(measuring.figure("unknown")).to_be_visible()


def test_a_jsonl_and_its_pictures_by_drop_picker_and_folder(measuring, tmp_path):
    page, own = measuring.page, measuring.page.locator("[data-key=source-own]")
    rows = [{"image": f"{label}.png", "label": label} for label in ("red", "blue")]
    lines = {"name": "t.jsonl", "mimeType": "", "buffer": "\n".join(map(json.dumps, rows)).encode()}
    pictures = [picture(label, name=f"{label}.png") for label in ("red", "blue")]
    measuring.drop(".measure-setup", lines)
    expect(page.locator("#gauge .notice.error")).to_contain_text("None of the pictures that 't.jsonl' names came with it")
    measuring.drop(".measure-setup", lines, *pictures)
    expect(own).to_contain_text("2 pictures of your labels")
    expect(page.locator("#gauge .notice.error")).to_have_count(0)
    others = [picture(label, 7, name=f"{label}.png") for label in ("red", "blue")]
    page.get_by_label("Bring a ZIP or JSONL as test set").set_input_files([*others, lines])
    expect(own).to_contain_text("4 pictures of your labels")
    for folder, label in (("first", "red"), ("second", "blue")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / folder / "1.png").write_bytes(picture(label, 14)["buffer"])
    rows = [{"image": "first/1.png", "label": "red"}, {"image": "second/1.png", "label": "blue"}]
    (tmp_path / "set" / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    page.get_by_label("Bring a folder as test set").set_input_files(tmp_path / "set")
    expect(own).to_contain_text("6 pictures of your labels")
    expect(page.locator("#gauge .notice.error")).to_have_count(0)


def test_fewer_heads_on_teach_mark_the_report(measuring):
    page = measuring.page
    page.locator("#each").fill("3")
    page.locator("#each").press("Enter")
    expect(page.locator("[data-key=source-split]")).to_have_class(re.compile(r"\bon\b"))
    measure(measuring)
    expect(headline(measuring)).to_contain_text("of 12 test pictures right")
    measuring.tab("Teach")
    page.locator("#keep").fill("3")
    measuring.wait_for_numbers(3)
    measuring.tab("Measure")
    expect(page.locator(".stale-note")).to_contain_text("What is taught has changed")
    page.locator("#rule").select_option("gaussian")
    measure(measuring, "Measure again")
    expect(page.locator(".stale-note")).to_have_count(0)
    expect(page.locator("#report .about")).to_contain_text("3 heads vote by the rule “gaussian”")


def test_a_reload_brings_the_report_back(measured):
    words = headline(measured).inner_text()
    measured.open()
    measured.tab("Measure")
    expect(headline(measured)).to_be_visible()
    assert headline(measured).inner_text() == words
    expect(measured.figure("baselines")).to_be_visible()


def test_a_phone_in_the_dark_scrolls_only_downwards(measured):
    visitor = measured
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.page.emulate_media(color_scheme="dark")
    visitor.open()
    visitor.tab("Measure")
    for name in ("Teach", "Classify", "Measure", "Atlas", "Function vectors", "About"):
        tab = visitor.page.get_by_role("tab", name=name)
        expect(tab).to_be_visible()
        assert tab.evaluate("(tab) => tab.scrollWidth <= tab.clientWidth + 1"), name  # none is cut off
    expect(visitor.figure("calibration")).to_be_visible()
    visitor.page.locator("#report .confusion button:not([disabled])").last.click()
    expect(visitor.page.locator("#report .cell-pictures img").first).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visitor.brightness("[data-key=panel-baselines]") < 60
    assert visitor.brightness(".measure-setup") < 60
    visitor.shot("measure-phone")
