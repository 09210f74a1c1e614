"""Whatever something is said of, the page says it, whatever else is on it: a part that may be empty says nothing itself."""

from types import SimpleNamespace
from unittest import mock

import pytest

from sav_ui.app import lay_out
from sav_ui.session.session import Session
from tests.support.people import pool_with, small_project, taught


@pytest.fixture(scope="module")
def panels():
    """Every panel, by its name, as the layout adds it to a host."""
    added = {}

    def panel(name, show, *, act=None, run=None, fetch=None, lively=False, where="", **_):
        added[name] = SimpleNamespace(show=show, speaks=bool(act or run or fetch), lively=lively, where=where or name)
        return mock.MagicMock()

    layout = {name: mock.MagicMock() for name in ("Row", "Column", "Tabs", "Tab")}
    with mock.patch.multiple("gradio", **layout):
        lay_out(mock.Mock(panel=panel, keepers={}))
    return added


@pytest.fixture(scope="module")
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


@pytest.fixture(params=["blank", "begun", "taught"])
def session(request, models):
    session = Session()
    if request.param == "begun":
        session.project = small_project()
    return taught(models, small_project()) if request.param == "taught" else session


def test_a_sentence_is_shown_once_wherever_it_comes_from(session, panels):
    for where in {panel.where for panel in panels.values() if panel.speaks}:
        session.say("That cannot be done.", where=where)
        shown = [name for name, panel in panels.items() if "That cannot be done." in panel.show(session)["html"]]
        assert len(shown) == 1, f"what is said of {where!r} is shown in {shown}"
        assert panels[shown[0]].lively, f"{shown[0]} is not shown again before the end of a run"
