"""The choice of picture detail: what it costs is known before, it is one step, and every page follows it."""

import json
import zipfile
from dataclasses import replace

import pytest

from sav_core.data.pictures.picture import as_picture
from sav_core.errors import InputError, SettingError
from sav_core.sav import SavClassifier
from sav_ui.api import calls
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.header import project_menu, show_code
from sav_ui.pages.measure import state as measure_state
from sav_ui.pages.shared.live_window import asked_of
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.pages.teach.detail_choice import detail_choice, waits_for_costs
from sav_ui.pages.teach.run import run as teach_run
from sav_ui.session.find_heads import find_heads
from sav_ui.session.pieces import cut_up
from sav_ui.session.project_file import read_project
from sav_ui.session.session import Session
from sav_ui.session.switch_model import switch_model
from tests.support.people import context, pool_with, put, sent, small_project, taught
from tests.support.tiny_models import example_image

PLAIN = "org/plain"


@pytest.fixture(scope="module")
def models(tiny_backbone):
    """A model that cuts pictures into tiles, and another one that does not."""
    pool = pool_with(tiny_backbone("smolvlm"))
    put(pool, PLAIN, tiny_backbone("llava"))
    return pool


def choose(session, models, detail):
    teach.act(context(session, models), {"do": "picture_detail", "value": detail})


@pytest.fixture
def session(models):
    """Pictures under labels, before heads were sought; the model has been here at an action."""
    session = Session()
    session.project = small_project()
    teach.act(context(session, models), {"do": "add_label", "value": "none yet"})
    return session


def test_what_a_picture_costs_is_known_before_heads_are_sought(session, models):
    assert detail_choice(session) is None
    assert teach_view.bench(session)["next"]
    for _ in teach_run(context(session, models), {}):
        pass
    assert not waits_for_costs(session)
    assert session.fit is None
    shown = detail_choice(session)
    assert [each["words"] for each in shown["options"]] == ["full · 20 tokens", "normal · 4 tokens", "fast · 4 tokens"]
    assert [each["value"] for each in shown["options"] if each["chosen"]] == ["full"]
    assert shown["line"].startswith("About ")
    assert "for 9 examples" in shown["line"]
    assert "picture-detail" in teach_view.bench(session)["html"]


def test_what_cannot_be_measured_is_tried_once(session, models, monkeypatch):
    monkeypatch.setattr(
        "sav_core.activations.reading_cost.check_reading", lambda _: (_ for _ in ()).throw(InputError("no"))
    )
    for _ in teach_run(context(session, models), {}):
        pass
    assert not waits_for_costs(session)
    assert detail_choice(session) is None


def test_a_model_with_one_detail_shows_no_choice_and_says_why(models, tiny_backbone):
    session = Session()
    session.project = small_project(model=PLAIN)
    teach.act(context(session, models), {"do": "add_label", "value": "none yet"})
    assert detail_choice(session) is None
    assert not waits_for_costs(session)
    assert "has no more sizes" in teach_view.bench(session)["html"]


def test_another_detail_is_a_step_after_which_heads_are_found_again(models):
    session = taught(models, small_project())
    before = session.fit.vectors.values
    choose(session, models, "fast")
    assert session.waits_for_heads
    for _ in find_heads(session, models, "bench"):
        pass
    assert session.fit is not None
    assert session.fit.vectors.values.shape == before.shape
    assert abs(session.fit.vectors.values - before).max() > 0
    session.undo()
    assert session.project.detail == "full"
    choose(session, models, "coarse")
    assert session.project.detail == "full"


def test_every_page_shows_the_model_pictures_as_they_were_taught(models, tmp_path):
    session = taught(models, small_project(detail="fast"))
    project, fit, picture = session.project, session.fit, as_picture(example_image(3), "q.png")
    query, state = Query("", (picture,)), session.state(ClassifyState)
    state.add([query])
    (query,) = state.queries
    assert query.asked(project).detail == "fast"
    state.keep(query, project, fit.vectors.values[0])
    assert state.vector(query, replace(project, detail="full")) is None
    assert asked_of([picture], 0.0, project).detail == asked_of([picture, picture], 1.0, project).detail == "fast"
    measured = session.state(measure_state.MeasureState)
    measured.add([project.examples()[0].with_label("a cat").with_detail("full")], project.question)
    assert {
        each.detail for part in (measure_state.test_plan(measured, project, fit),) for each in (*part.support, *part.test)
    } == {"fast"}
    assert "detail=" in show_code.python_code(project, fit)
    assert "--detail fast" in show_code.commands(project, fit)[0]
    assert "detail" not in show_code.python_code(replace(project, detail="full"), fit)


def test_it_is_kept_in_the_project_and_in_the_classifier(models, tmp_path):
    session = taught(models, small_project(detail="fast"))
    texts = cut_up(session.project, {}).texts.values()
    assert any(json.loads(text)["settings"]["detail"] == "fast" for text in texts if text.startswith(b"{\n"))
    project_menu.act(context(session, models, "project"), {"do": "save"})
    saved = session.download.path
    assert read_project(saved, session.project)[0].detail == "fast"
    with zipfile.ZipFile(saved) as archive:
        archive.extract("classifier.sav", tmp_path)
    assert SavClassifier.load(tmp_path / "classifier.sav", models.get("")).detail_ == "fast"


def test_a_project_of_a_detail_that_the_model_here_has_not_opens_in_full(models):
    session = taught(models, small_project(detail="fast"))
    project_menu.act(context(session, models, "project"), {"do": "save"})
    other = Session()
    other.project = small_project(model=PLAIN)
    plain = pool_with(models.get(PLAIN))
    file = sent(session.download.path)
    project_menu.act(context(other, plain, "project"), {"do": "open", "files": [file]})
    assert other.project.detail == "full"
    assert "which the model here has not" in other.notice.text


def test_another_model_that_has_it_not_looks_in_full_and_says_so(models):
    session = taught(models, small_project(detail="fast"))
    for _ in switch_model(session, models, PLAIN):
        pass
    assert (session.project.model, session.project.detail) == (PLAIN, "full")
    assert "in full again" in session.notice.text


def test_a_choice_made_while_heads_are_sought_stops_what_would_be_read_in_vain(models, monkeypatch):
    session, asked = Session(), []
    session.project = small_project()
    run = models.run

    def slow(model, task, examples, *, progress, cancel):
        asked.append(examples[0].detail)
        if examples[0].detail == "full":
            session.edit(lambda project: replace(project, detail="fast"))
        return run(model, task, examples, progress=progress, cancel=cancel)

    monkeypatch.setattr(models, "run", slow)
    for _ in find_heads(session, models, "bench"):
        pass
    assert asked == ["full", "fast"]
    assert session.notice is None
    assert session.fit is not None


def test_the_api_fits_in_a_detail_that_classify_keeps_to(models, tmp_path):
    paths = []
    for seed in range(4):
        example_image(seed).save(tmp_path / f"{seed}.png")
        paths.append(str(tmp_path / f"{seed}.png"))
    labels = ["a", "a", "b", "b"]
    found = {detail: calls.fit_images(models, paths, labels, "what?", 3, detail=detail) for detail in ("full", "fast")}
    assert found["full"].head_scores != found["fast"].head_scores or found["full"].kept_heads != found["fast"].kept_heads
    assert SavClassifier.load(found["fast"].classifier, models.get("")).detail_ == "fast"
    assert len(calls.classify_images(models, paths[:1], found["fast"].classifier)) == 1
    with pytest.raises(SettingError, match="full, normal or fast"):
        calls.fit_images(models, paths, labels, detail="coarse")
