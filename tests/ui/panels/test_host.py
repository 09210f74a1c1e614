"""The frame's net: whatever a handler raises, the visitor sees every stage, one sentence, and no endless retry."""

from types import SimpleNamespace

import pytest

from sav_ui.pages.classify.state import desk_of
from sav_ui.pages.classify.webcam import look
from sav_ui.panels.errors import MISHAP
from sav_ui.panels.host import Frame
from sav_ui.panels.panel import scene
from sav_ui.session.session import Visit
from sav_ui.session.store import Visits
from tests.support.people import shelf_with, small_project, taught
from tests.ui.classify.test_actions import frame as webcam_frame

EVENT = SimpleNamespace(_data={})


def show(visit):
    return scene("<p></p>", visit.version(), next_run=True)


def break_down(*_, **__):
    raise ZeroDivisionError("nobody planned for this")


def break_down_later(*_):
    yield
    break_down()


@pytest.fixture
def frame():
    frame = Frame(shelf_with(None), Visits())
    frame.stage("one", show, act=break_down, run=break_down_later, slides=("one",), lively=True, where="place")
    frame.stage("two", show)
    return frame


def told(frame, visit, outputs):
    """Whether the visitor is told, and no stage comes again by itself."""
    scenes = [scene for part, scene in outputs.items() if part is not frame.session]
    return visit.notice_at("place").text == MISHAP and visit.held and not any(scene["next"] for scene in scenes)


def test_an_act_that_breaks_down_shows_every_stage_and_a_sentence(frame, caplog):
    visit = Visit()
    outputs = frame._acted(visit, frame._parts["one"][1], {})
    assert set(outputs) == set(frame.outputs)
    assert told(frame, visit, outputs)
    assert "ZeroDivisionError: nobody planned for this" in caplog.text


def test_a_run_that_breaks_down_ends_with_every_stage_and_a_sentence(frame):
    visit, heard = Visit(), []
    frame._connect_steps(lambda handler, *_, **__: heard.append(handler), break_down_later, "place")
    *_, outputs = heard[0](visit, EVENT)
    assert set(outputs) == set(frame.outputs)
    assert told(frame, visit, outputs)


def test_a_frame_of_the_webcam_that_breaks_down_is_answered(shelf, monkeypatch):
    visit = taught(shelf, small_project())
    monkeypatch.setattr(shelf, "run", break_down)
    look(visit, shelf, {"serial": 3, "image": webcam_frame()})
    assert desk_of(visit).glimpse.refused == MISHAP
