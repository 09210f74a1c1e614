import json
import re

import pytest
from jinja2 import UndefinedError

from sav_core.settings import settings
from sav_ui.panels.panel import content, fill, panel
from sav_ui.panels.theme import look


def test_a_template_refuses_to_be_filled_by_halves():
    with pytest.raises(UndefinedError):
        fill("teach/bench.html")


def test_content_is_plain_json():
    assert json.loads(json.dumps(content("<p>", {"a": "{}"}, next_run=True)))["next"] is True


def test_half_a_character_of_a_strangers_name_does_not_keep_a_page_from_being_sent():
    shown = content("<b>a\ud83d.png, \U0001f600, ü</b>", {"votes": '{"x": "\udc00"}'})
    assert (shown["html"], shown["figures"]) == ("<b>a\ufffd.png, \U0001f600, ü</b>", {"votes": '{"x": "\ufffd"}'})
    json.dumps(shown, ensure_ascii=False).encode()


def test_a_quoted_name_that_runs_from_right_to_left_leaves_the_rest_of_the_sentence_where_it_is():
    shown = content("<p>“תפוח 1.jpg” is under “تفاحة”, but 5 of 20 take it for “apple”, “苹果”.</p>")["html"]
    isolated = "<p>“\u2068תפוח 1.jpg\u2069” is under “\u2068تفاحة\u2069”, but 5 of 20 take it for “apple”, “苹果”.</p>"
    assert shown == isolated


def test_a_panel_announces_the_events_that_its_script_may_send():
    component = panel({**content(""), "version": 0}, "here", ("frame",))
    for event in ("act", "load", "run", "slide", "frame"):
        assert callable(getattr(component, event))
    with pytest.raises(AttributeError):
        component.unheard_of  # noqa: B018


def test_the_look_needs_no_network_and_loads_every_file_of_the_theme():
    head = look()["head"]
    names = (
        "http-equiv",
        "http://www.w3.org",
        "https://huggingface.co",
    )  # a namespace, and what is typed: nothing is fetched
    assert not re.search("http", re.sub("|".join(map(re.escape, names)), "", head))
    theme = settings().assets / "theme"
    sheets = sorted(theme.rglob("*.css"))
    assert len(sheets) > 10
    for path in sheets:
        assert head.count(path.read_text(encoding="utf-8")) == 1, f"{path} reaches the browser as it is written, once"
    order = [head.index(f'data-sheet="{name}"') for name in ("tokens", "base", "gradio", "buttons", "teach")]
    assert order == sorted(order), "the cascade: what is general first"
