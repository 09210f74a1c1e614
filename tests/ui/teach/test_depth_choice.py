"""How many layers heads come from: judged when asked, chosen without the model, and then every page's model stops there."""

import base64
from dataclasses import replace

import numpy as np
import pytest

from sav_core.data.pictures.picture import as_picture
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.heads.classifier import HeadClassifier
from sav_core.sav import SavClassifier
from sav_core.types import Head
from sav_ui.api import calls
from sav_ui.pages.classify.run import run as classify_run
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.header import project_menu, show_code
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import MeasureState
from sav_ui.pages.shared.webcam import WebcamState, look
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.pages.teach.depth_choice import depth_choice, waits_for_depths
from sav_ui.pages.teach.run import run as teach_run
from sav_ui.session.project_file import read_project
from tests.support.people import context, pool_with, put, small_project, taught
from tests.support.pictures import encoded, noise
from tests.support.tiny_models import example_image

MODEL = "org/tiny"
"""Not the embedded one, which is asked for its own answer too."""


@pytest.fixture(scope="module")
def models(tiny_backbone):
    pool = pool_with(tiny_backbone("llava"))
    put(pool, MODEL, tiny_backbone("llava"))
    return pool


@pytest.fixture
def session(models):
    return taught(models, small_project(each=4, model=MODEL))


@pytest.fixture
def ran(models):
    """Which layers' heads ran since it was last cleared."""
    seen, handles = [], []
    for layer, module in enumerate(models.get("").decoder.projections):
        handles.append(module.register_forward_hook(lambda *_, layer=layer: seen.append(layer)))
    yield seen
    for handle in handles:
        handle.remove()


def choose(session, models, layers):
    teach.act(context(session, models), {"do": "depth", "value": str(layers)})


def show(session, models):
    teach.act(context(session, models), {"do": "by_depth"})
    for _ in teach_run(context(session, models), {}):
        pass


def test_accuracy_by_depth_is_judged_when_it_is_asked_for(session, models):
    assert not depth_choice(session, session.fit)["open"]
    assert not waits_for_depths(session)
    show(session, models)
    shown = depth_choice(session, session.fit)["curve"]
    fit = session.fit
    expected = [
        judge_left_out(HeadClassifier(fit.n_kept, scoring=fit.scoring), fit.read.up_to(layer)).right for layer in range(3)
    ]
    assert [row["right"] for row in shown["rows"]] == expected
    assert shown["rows"][-1]["time"] == "100 %"
    found = teach_view.findings(session)
    assert "depths" in found["figures"]
    assert not found["next"]
    session.set(n_kept=1)
    assert depth_choice(session, session.fit)["curve"] is not None
    session.set(voting="gaussian")
    assert waits_for_depths(session)


def test_heads_of_the_first_layers_are_what_the_library_keeps(session, models, tmp_path):
    choose(session, models, 2)
    fit = session.fit
    assert (session.project.max_layer, fit.max_layer, fit.depth) == (1, 1, 2)
    expected = HeadClassifier(fit.n_kept, scoring="leave_one_out")
    expected.fit_within(fit.read, 1)
    assert fit.kept == expected.kept_heads_
    assert max(head.layer for head in fit.ranking) == 1
    assert "max_layer=1" in show_code.python_code(session.project, fit)
    assert "--max-layer 1" in show_code.commands(session.project, fit)[0]
    project_menu.act(context(session, models, "project"), {"do": "save"})
    assert read_project(session.download.path, session.project)[0].max_layer == 1
    project_menu.act(context(session, models, "project"), {"do": "save_classifier"})
    assert SavClassifier.load(session.download.path, models.get("")).max_layer == 1
    choose(session, models, 3)
    assert session.project.max_layer is None
    assert session.fit.depth == 3


def test_what_was_looked_at_beyond_is_no_longer(session, models):
    session.switch((Head(2, 0), Head(0, 0)))
    session.look_at(head=Head(2, 1), versus=Head(0, 1))
    choose(session, models, 1)
    assert (session.focus.head, session.focus.versus, session.focus.off) == (None, None, (Head(0, 0),))
    assert session.fit.off == (Head(0, 0),)
    teach_view.findings(session)


def test_a_refit_keeps_the_depth(session, models):
    choose(session, models, 2)
    item = session.project.items[0].id
    teach.act(context(session, models), {"do": "remove", "item": item})
    assert session.current_fit.max_layer == 1
    session.undo()
    assert session.project.max_layer == 1


def test_classify_and_the_webcam_run_the_first_layers_alone(session, models, ran):
    choose(session, models, 2)
    state = session.state(ClassifyState)
    state.add([Query("", (as_picture(example_image(901), "q.png"),))])
    answered(session, models)
    assert set(ran) == {0}  # the forward ends at the second layer's heads, before its o_proj
    (query,) = state.queries
    assert len(state.vector(query, session.project)) == 2
    ran.clear()
    look(context(session, models, "classify"), {"serial": 1, "image": frame()})
    assert session.state(WebcamState).at("classify").answers
    assert set(ran) == {0}
    choose(session, models, 1)
    assert len(state.vector(query, session.project)) == 1  # of what is there
    assert state.vector(query, session.project) is state.vector(query, session.project)
    assert state.answers(session.project, session.fit)
    choose(session, models, 3)
    assert state.vector(query, session.project) is None
    answered(session, models)
    assert len(state.vector(query, session.project)) == 3


def test_measure_judges_heads_of_the_first_layers(session, models):
    choose(session, models, 2)
    measure.act(context(session, models, "measure"), {"do": "each", "value": 1})
    for _ in measure_run(context(session, models, "measure"), {"do": "measure"}):
        pass
    found = session.state(MeasureState).measured.measurement
    assert max(head.layer for head in found.heads) <= 1


def test_the_api_stops_where_the_file_does(session, models, ran, tmp_path):
    choose(session, models, 1)
    project_menu.act(context(session, models, "project"), {"do": "save_classifier"})
    example_image(902).save(tmp_path / "q.png")
    assert len(calls.classify_images(models, [str(tmp_path / "q.png")], str(session.download.path))) == 1
    assert not ran


def test_another_model_has_other_layers(session):
    session.set(max_layer=1)
    session.change_model("org/another")
    assert session.project.max_layer is None


def test_a_fit_lets_go_of_what_it_knew_of_other_depths(session):
    fit = session.fit
    for layer in (0, 1):
        session.set(max_layer=layer)
        assert session.fit.left_out is not None
    assert {key[2] for key in session.fit.known} == {None, 1}
    assert np.shares_memory(session.fit.vectors.values, fit.read.values)
    assert replace(session.fit, n_kept=1).vectors is session.fit.vectors


def answered(session, models):
    for _ in classify_run(context(session, models, "classify"), {}):
        pass


def frame():
    return "data:image/jpeg;base64," + base64.b64encode(encoded(noise(64, 48), "JPEG")).decode()
