"""The pages' scripts by themselves: each is JavaScript, and together they start without an error."""

import pytest

from sav_core.settings import settings
from sav_ui.panels.theme import look

SCRIPTS = sorted((settings().assets / "theme" / "scripts").glob("*.js"))


@pytest.fixture
def blank(chromium):
    page = chromium.new_page()
    page.errors = []
    page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    page.close()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_javascript(blank, path):
    """One that is not would take all others along, for they are served as one."""
    blank.evaluate("(text) => { new Function(text) }", path.read_text(encoding="utf-8"))


def test_together_they_start_without_an_error_and_run_once(blank):
    head = look()["head"]
    blank.set_content(f"<html><head>{head}</head><body></body></html>")
    given = blank.evaluate("Object.entries(SAV).map(([name, value]) => [name, typeof value])")
    assert {kind for _, kind in given} == {"function"}, given
    assert {"mount", "session", "stageOf", "merge"} <= {name for name, _ in given}
    blank.evaluate("window.first = SAV")
    blank.evaluate("(html) => document.head.append(document.createRange().createContextualFragment(html))", head)
    assert blank.evaluate("window.first === SAV")
    assert not blank.errors


def test_what_moves_while_the_page_scrolls_to_it_is_reached(blank):
    blank.set_content(
        f"<!doctype html><html><head>{look()['head']}</head><body style='overflow-anchor: none'>"
        "<div id=above style='height: 3000px'></div><p id=wanted>here</p><div style='height: 3000px'></div></body></html>"
    )
    blank.evaluate(
        """() => {
          addEventListener("scroll", () => (document.querySelector("#above").style.height = "4200px"), { once: true });
          SAV.scrollUntil(() => document.querySelector("#wanted").getBoundingClientRect().top - 50);
        }"""
    )
    blank.wait_for_function("() => Math.abs(document.querySelector('#wanted').getBoundingClientRect().top - 50) < 1")
    blank.mouse.wheel(0, 900)  # whoever scrolls on is not brought back
    blank.wait_for_function("() => document.querySelector('#wanted').getBoundingClientRect().top < -500")
