"""The pages' scripts by themselves: each is JavaScript, and together they start without an error."""

import json

import pytest

from sav_core.settings import settings
from sav_ui.panels.packing import packed
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


def test_each_script_is_javascript(blank):
    """One that is not would take all others along, for they are served as one."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in SCRIPTS}
    assert len(texts) > 20
    wrong = blank.evaluate(
        """(texts) => Object.entries(texts).flatMap(([name, text]) => {
          try { new Function(text); return []; } catch (error) { return [`${name}.js: ${error}`]; }
        })""",
        texts,
    )
    assert not wrong


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


def test_packed_lists_are_the_same_lists_on_the_page(blank):
    lists = [
        [round(-1 + number / 1000 * 7, 3) for number in range(287)],
        [number / 10000 for number in range(-20000, 40000, 997)],
        [7, -3] * 9,
        ["", "<br>taken for ü", "", "b"] * 9,
        [4.0] * 17,
    ]
    assert all(packed(each) for each in lists)
    head = look()["head"]
    blank.set_content(f"<html><head>{head}</head><body></body></html>")
    read = blank.evaluate("(text) => JSON.parse(text, SAV.unpacked)", json.dumps([packed(each) for each in lists]))
    assert read == lists


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


def test_what_is_new_comes_into_sight_from_below_and_from_above(blank):
    blank.set_content(
        f"<!doctype html><html><head>{look()['head']}</head><body style='overflow-anchor: none'>"
        "<div id=above style='height: 3000px'></div><div id=panel></div><div style='height: 3000px'></div></body></html>"
    )
    box = "document.querySelector('#new').getBoundingClientRect()"
    seen = f"() => {box}.top >= 0 && {box}.bottom <= innerHeight"
    new = "SAV.merge(document.querySelector('#panel'), document.createRange().createContextualFragment(html), true)"
    blank.evaluate(f"(html) => {new}", "<p id=new data-reveal>Here it is</p>")
    blank.wait_for_function(seen)
    blank.evaluate("document.querySelector('#panel').replaceChildren()")
    blank.evaluate("document.querySelector('#above').style.height = '500px'")  # closed, and the page stands too far down
    blank.evaluate(f"(html) => {new}", "<p id=new data-reveal>Here it is</p>")
    blank.wait_for_function(seen)
    blank.evaluate("document.querySelector('#panel').replaceChildren()")
    on = "() => { dispatchEvent(new WheelEvent('wheel')); scrollTo({ top: 2000, behavior: 'instant' }); }"
    blank.evaluate(on)  # who has scrolled on is reading
    blank.evaluate(f"(html) => {new}", "<p id=new data-reveal>Here it is</p>")
    blank.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not blank.evaluate(seen)
    blank.evaluate("document.body.click()")  # and who does something again wants to see what comes of it
    blank.evaluate(f"(html) => {new}", "<p id=other data-reveal>Here it is</p>")
    blank.wait_for_function(seen.replace("#new", "#other"))


def test_a_column_taller_than_the_window_can_be_seen_to_its_end(blank):
    blank.set_content(
        f"<!doctype html><html><head>{look()['head']}</head><body><div style='display: flex; align-items: start'>"
        "<div id=long style='height: 9000px; width: 50%'></div>"
        "<div id=right style='height: 1500px; position: sticky; top: var(--follow, 16px)'></div></div></body></html>"
    )
    to = "(top) => new Promise((done) => { scrollTo(0, top); requestAnimationFrame(() => requestAnimationFrame(done)); })"
    box = "document.querySelector('#right').getBoundingClientRect()"
    height = blank.evaluate("innerHeight")
    blank.evaluate(to, 5000)
    assert blank.evaluate(f"{box}.bottom") == height - 16  # its end, and no lower
    blank.evaluate(to, 4900)
    assert blank.evaluate(f"{box}.bottom") == height + 84  # it goes back with the page
    blank.evaluate(to, 1000)
    assert blank.evaluate(f"{box}.top") == 16


def test_a_map_holds_the_page_until_something_else_is_done(blank):
    blank.set_content(
        f"<!doctype html><html><head>{look()['head']}</head><body><div class=stage>"
        "<div id=map data-pick=head tabindex=0></div><button data-run=build>Build</button>"
        "<form data-submit=tune><button id=tune>Tune</button></form></div></body></html>"
    )
    blank.evaluate(
        """() => {
          const stage = document.querySelector(".stage"), map = document.querySelector("#map");
          stage.savStage = { root: stage, send() {} };
          map.on = (event, hear) => (map.choose = () => hear({ points: [{ x: 0, y: 0 }] }));
          SAV.listenToMap(map);
        }"""
    )
    for button in ("[data-run]", "#tune"):
        blank.evaluate("document.querySelector('#map').choose()")
        assert blank.evaluate("SAV.leaveInSight(5000)") < 100
        blank.locator(button).click()
        assert blank.evaluate("SAV.leaveInSight(5000)") == 5000


def test_keys_that_are_quicker_than_python_ask_for_where_they_stand_last(blank):
    blank.set_content(
        f"<!doctype html><html><head>{look()['head']}</head><body><div class=stage>"
        "<div id=map data-pick=head tabindex=0></div></div></body></html>"
    )
    asked = blank.evaluate(
        """() => {
          const stage = document.querySelector(".stage"), map = document.querySelector("#map"), asked = [];
          stage.savStage = { root: stage, send: (kind, { x }) => asked.push(x) };
          map.on = (event, hear) => (map.choose = (x) => hear({ points: [{ x, y: 0 }] }));
          SAV.listenToMap(map);
          const drawn = () => stage.dispatchEvent(new CustomEvent("sav:drawn", { bubbles: true, detail: {} }));
          for (const x of [1, 2, 3]) map.choose(x);
          drawn(); // the answer to the first
          map.choose(4);
          drawn();
          drawn();
          map.choose(5);
          return asked;
        }"""
    )
    assert asked == [1, 3, 4, 5]
