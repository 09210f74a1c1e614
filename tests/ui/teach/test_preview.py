"""The webcam beside the label cards: a button for each label from the first, and what each frame is taken for."""

import re
from dataclasses import replace

import pytest

from sav_ui.pages.classify.run import run
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.shared import webcam
from sav_ui.pages.shared.answers import answers
from sav_ui.pages.teach.actions import act
from sav_ui.pages.teach.preview import show
from sav_ui.session.session import Session
from tests.support.people import context, small_project, taught
from tests.ui.classify.test_actions import frame


def html(session):
    return show(session)["html"]


def test_every_label_has_its_button_before_anything_is_taught_and_no_frame_is_asked_about(models):
    session = Session()
    assert "Add a label" in html(session)
    session.project = small_project(each=1).with_label("new")
    assert [label.id in html(session) for label in session.project.labels] == [True] * 4
    assert "data-idle" in html(session)
    webcam.look(context(session, models), {"image": frame(), "serial": 1})
    assert 'role="alert"' not in html(session), "that there are no heads yet is no fault"


@pytest.fixture
def session(models):
    return taught(models, small_project())


def test_a_frame_is_taken_for_a_label_and_each_has_its_share(session, models):
    assert "data-idle" not in html(session)
    webcam.look(context(session, models), {"image": frame(), "serial": 7})
    now = webcam.seen(session, "bench")
    assert 'data-serial="7"' in html(session)
    assert re.findall(r'class="number">(\d+) %', html(session)) == [f"{100 * share:.0f}" for share in now.shares.values()]
    assert html(session).count('class="won"') == (not now.none)
    act(context(session, models), {"do": "add_label", "value": "new"})
    assert html(session).count("data-hold") == 4
    assert len(re.findall(r'class="number">\d', html(session))) == 3, "what is not taught yet has no share"


def test_a_frame_is_shown_with_the_certainty_that_it_has_when_it_is_looked_into(session, models):
    around = context(session, models)
    webcam.look(around, {"image": frame(), "serial": 1})
    state = session.state(webcam.WebcamState)
    looked, now = state.at("bench"), webcam.seen(session, "bench")
    query = Query("", looked.pictures)
    asked = session.state(ClassifyState)
    asked.add([query])
    for _ in run(around, {}):
        pass
    vector = asked.vector(asked.queries[-1], session.project)
    found = answers(session.current_fit, vector[None], session.project.threshold)[0]
    assert (now.label, now.acceptance, now.none) == (found.prediction.label, found.acceptance, found.none)

    # A frame taken for another label counts with how near it is to this one, not to the other.
    other = next(label for label in now.shares if label != now.label)
    strays = replace(looked.answers[0].prediction, label=other, closeness=0.9)
    state.put("bench", replace(looked, answers=(*looked.answers, replace(looked.answers[0], prediction=strays))))
    both = webcam.seen(session, "bench")
    assert both.label == now.label
    assert both.acceptance == pytest.approx(now.acceptance)


def test_each_webcam_has_its_own_frame(session, models):
    webcam.look(context(session, models), {"image": frame(), "serial": 7})
    assert webcam.seen(session, "classify") is None
    assert session.state(webcam.WebcamState).at("bench").serial == 7
