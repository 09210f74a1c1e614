"""Whether heads point: said at once of the model that ships, found out on request of any other, drawn on Classify."""

from dataclasses import replace

import numpy as np
import pytest

from sav_core.pointing import read_pointing
from sav_core.settings import settings
from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify.run import run as classify_run
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.shared import points
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.inside import own_heads
from sav_ui.pages.shared.points import PointsState, points_of
from sav_ui.pages.teach.run import run as teach_run
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models, monkeypatch):
    monkeypatch.setattr(points, "_CHOSEN", 4)
    monkeypatch.setattr(points, "_JUDGED", 4)
    return taught(models, small_project(("a cat", "hund"), each=2))


def find(session, models, run=teach_run, where="teach"):
    return [session.work.kind for _ in run(context(session, models, where), {"do": points.FIND})]


def test_of_the_model_that_ships_it_is_known_at_once():
    stored = read_pointing(settings().embedded_model).heads
    first, last = (points_of(Session(), stored.ranking[place], (8, 8)) for place in (0, -1))
    assert first["words"].startswith("This head points: ")
    assert "on another thing of the same picture" in first["words"]
    assert last["words"].startswith("This head does not point: ")
    assert (first["points"], last["points"]) == (True, False)


def test_of_another_it_is_found_out_on_request(session, models):
    head = session.fit.ranking[0]
    session.look_at(head=head)
    shown = inspector(session, own_heads(session))
    assert shown["heads"][0]["points"]["words"] == ""
    assert (shown["pointing"]["scenes"], shown["pointing"]["progress"]) == (8, None)
    assert Kind.POINT in find(session, models)
    found = session.state(PointsState).found[""]
    assert (found.n, found.inside.shape) == (4, session.fit.scores.correct.shape)
    told = inspector(session, own_heads(session))["heads"][0]["points"]["words"]
    assert f"{100 * found.inside[head.layer, head.index]:.0f} %" in told


def test_what_cannot_be_found_is_refused_with_the_reason(session, models, monkeypatch):
    monkeypatch.setattr(points, "_CHOSEN", 0)
    find(session, models)
    assert "one scene or more" in inspector(session, own_heads(session))["pointing"]["refused"]


def test_on_classify_a_switch_draws_the_box(session, models):
    state = session.state(ClassifyState)
    state.add([Query("", session.project.items[0].pictures)])
    for do in ({}, {"do": "insight"}):
        list(classify_run(context(session, models, "classify"), do))
    assert "Where the heads that point look" not in classify_view.answers(session)["html"]
    classify.act(context(session, models, "classify"), {"do": "where"})
    assert f'data-run="{points.FIND}"' in classify_view.answers(session)["html"]
    find(session, models, classify_run, "classify")
    html = classify_view.answers(session)["html"]
    assert "look hardest inside" in html
    assert "Take it as rough" not in html  # which is said of the model that ships alone
    (learned,) = state.model_answers.values()
    best = session.state(PointsState).found[""].best(3)
    before = learned.looks.held_bytes
    assert learned.looks.boxes_of(best) is learned.looks.boxes_of(best)
    assert learned.looks.held_bytes == before
    assert learned.looks.boxes_of(best)[0]["picture"] != learned.looks.of_mean(best)[0]["picture"]


def test_heads_of_a_model_of_another_shape_say_nothing(session):
    session.state(PointsState).found[""] = replace(
        read_pointing(settings().embedded_model).heads, inside=np.zeros((2, 2)), elsewhere=np.zeros((2, 2))
    )
    assert points_of(session, session.fit.ranking[0], session.fit.scores.correct.shape)["words"] == ""
