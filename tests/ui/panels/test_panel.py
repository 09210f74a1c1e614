import json

import pytest
from jinja2 import UndefinedError

from sav_ui.panels.panel import content, fill, panel
from sav_ui.panels.theme import look


def test_a_template_refuses_to_be_filled_by_halves():
    with pytest.raises(UndefinedError):
        fill("teach/bench.html")


def test_content_is_plain_json():
    assert json.loads(json.dumps(content("<p>", {"a": "{}"}, next_run=True)))["next"] is True


def test_a_panel_announces_the_events_that_its_script_may_send():
    component = panel({**content(""), "version": 0}, "here", ("frame",))
    for event in ("act", "load", "run", "slide", "frame"):
        assert callable(getattr(component, event))
    with pytest.raises(AttributeError):
        component.unheard_of  # noqa: B018


def test_the_look_needs_no_network_and_loads_every_file_of_the_theme():
    given = look()
    assert "http" not in given["head"].replace("http-equiv", "").replace("http://www.w3.org", "")
    assert [path.stem for path in given["css_paths"]][:3] == ["sav", "teach", "inspector"]
    assert len(given["css_paths"]) == len(set(given["css_paths"])) >= 5
