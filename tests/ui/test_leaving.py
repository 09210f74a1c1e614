"""A tab that is closed, or a caller who goes: their job leaves the line for the model, whatever kind it is."""

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from gradio.context import LocalContext

from sav_core.data.pictures.picture import as_picture
from sav_core.errors import CancelledError
from sav_ui.api import endpoints
from sav_ui.pages.classify import run as classify
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.measure import run as measure
from sav_ui.pages.measure.state import MeasureState
from sav_ui.pages.teach import run as teach
from sav_ui.pages.teach import view
from sav_ui.pages.vectors import run as vectors
from sav_ui.serving.callers import Caller, on_behalf
from sav_ui.serving.lanes import Lanes
from sav_ui.session.session import Session
from tests.support.people import context, pool_with, small_project, taught
from tests.support.tiny_models import example_image
from tests.support.vector_page import begun


@pytest.fixture(scope="module")
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


@pytest.fixture(scope="module")
def project():
    return small_project(("cat", "dog"), each=3)


def soon(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@pytest.fixture
def others(models):
    """Somebody who has the model for as long as the test goes on."""
    with models.turns.turn(Caller("somebody else"), lambda: False):
        yield
        assert len(models.turns) == 0


def finding(models, project):
    session = Session()
    session.project = project
    session.ask_for_heads()
    return session, teach.run


def looking(models, project):
    session = taught(models, project)
    session.look_at(head=session.fit.ranking[0])
    return session, teach.run


def classifying(models, project):
    session = taught(models, project)
    session.state(ClassifyState).add([Query("", (as_picture(example_image(77), "q.png"),))])
    return session, classify.run


def measuring(models, project):
    session = taught(models, project)
    state = session.state(MeasureState)
    state.setup = replace(state.setup, source="split", each=1)
    return session, lambda context, data: measure.run(context, {"do": "measure"})


def finding_effects(models, project):
    session = begun(models)
    return session, lambda context, data: vectors.run(context, {"do": "find_effects"})


def seeing_ready_vectors(models, project):
    return begun(models, ready=True), vectors.run


@pytest.mark.parametrize(
    "kind",
    [finding, looking, classifying, measuring, finding_effects, seeing_ready_vectors],
    ids=lambda kind: kind.__name__,
)
def test_a_tab_that_is_closed_leaves_the_line(models, project, kind, request):
    session, run = kind(models, project)
    request.getfixturevalue("others")
    steps = run(context(session, models), {})
    next(steps)
    soon(lambda: len(models.turns) == 1)
    assert session.work.busy
    steps.close()
    soon(lambda: len(models.turns) == 0)
    assert not session.work.busy


def test_a_caller_who_goes_leaves_the_line(models, others):
    event = SimpleNamespace(alive=True, session_hash="name")
    queue = SimpleNamespace(event_ids_to_events={"id": event}, pending_messages_per_session={})
    said = []

    def call():
        LocalContext.blocks.set(SimpleNamespace(_queue=queue))
        LocalContext.event_id.set("id")
        try:
            with endpoints._turn(Lanes(), Lanes()):
                models.run("", lambda backbone: backbone)
        except CancelledError as error:
            said.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    soon(lambda: len(models.turns) == 1)
    event.alive = False
    thread.join(60)
    assert len(said) == 1


def test_where_a_job_stands_is_shown_while_it_waits(models, others, project):
    session = Session()
    session.project = project
    session.ask_for_heads()
    steps = on_behalf(Caller(session.token, told=session.work.stand), teach.run(context(session, models), {}))
    next(steps)
    soon(lambda: session.work.place is not None)
    assert "Others use the model: you are next" in view.findings(session)["html"]
    steps.close()
    soon(lambda: session.work.place is None)
