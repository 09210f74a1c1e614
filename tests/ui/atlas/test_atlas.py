"""The Atlas page: what came with the app, the visitor's own rows among it, and what the model reads for it."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sav_core.atlas import Atlas, atlas_values, row_of, survey
from sav_core.errors import BackboneError
from sav_core.types import Head
from sav_ui.pages.atlas import run as atlas_run
from sav_ui.pages.atlas import shipped, view
from sav_ui.pages.atlas.actions import FILES, act
from sav_ui.pages.atlas.state import FILE, OWN, WHERE, AtlasState
from sav_ui.session.opened_sav import OpenedSav, OpenedSavState
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import task_named
from tests.support.people import context, small_project, taught

TASKS = ("is-there-a-key", "true-or-false")


@pytest.fixture
def session(models):
    """Somebody who has found the heads of two labels."""
    return taught(models, small_project(("a cat", "hund"), each=3))


@pytest.fixture
def comes(session, models, monkeypatch, tmp_path):
    """An atlas that came with the app: of these weights, or of others, as two ready tasks would have it."""

    def make(identity=""):
        fit, backbone = session.current_fit, models.ready("")
        named = {"model": "m", "identity": identity or backbone.identity}
        rows = [row_of(name, fit.rule.fitted, fit.kept, **named) for name in TASKS]
        path = tmp_path / (identity or "atlas.json")
        path.write_text(json.dumps(atlas_values(survey(Atlas.of(rows)))))
        monkeypatch.setattr(shipped, "FILE", path)

    return make


def do(session, models, action, **data):
    act(context(session, models, WHERE), {"do": action, **data})


def run(session, models, **data):
    kinds = [session.work.kind for _ in atlas_run.run(context(session, models, WHERE), data)]
    assert not session.work.busy
    return kinds


def words(session):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", view.show(session)["html"]))


def test_nothing_is_worked_out_before_the_page_is_looked_at(session, models):
    shown = view.show(session)
    assert 'data-refresh="refresh"' in shown["html"]
    assert shown["figures"] == {}
    do(session, models, "refresh")
    assert "atlas" in view.show(session)["figures"]


def test_what_came_with_the_app_is_there_at_once_and_ones_own_task_below_it(session, models, comes):
    comes()
    do(session, models, "refresh")
    session.project = replace(session.project, title="Cats and dogs")
    shown = words(session)
    assert "Is there a key" in shown
    assert "Cats and dogs (yours)" in shown
    assert "Do tasks share heads?" in shown
    assert "Add the ready tasks" not in shown
    figure = json.loads(view.show(session)["figures"]["atlas"])
    assert len(figure["layout"]["yaxis"]["ticktext"]) == 3
    nobody = Session()
    nobody.state(AtlasState).look(nobody, models)
    assert "Is there a key" in words(nobody), "with nothing taught"
    assert "(yours)" not in words(nobody)


def test_an_atlas_of_other_weights_is_left_out_and_says_so(session, models, comes):
    comes("another")
    do(session, models, "refresh")
    shown = words(session)
    assert "made with another version of this model" in shown
    assert "Is there a key" not in shown
    assert "One task alone has nothing to be compared with" in shown


def test_a_cell_shows_the_head_s_map_for_its_task(session, models, comes):
    comes()
    do(session, models, "refresh")
    do(session, models, "cell", x=1, y=2)
    state = session.state(AtlasState)
    assert state.cell == (OWN, Head(0, 1))
    shown = view.show(session)
    assert "L0.H1 on" in words(session)
    assert "atlas-map" in shown["figures"]
    assert shown["next"] is False
    do(session, models, "map", by="distances")
    assert view.show(session)["figures"]["atlas-map"] != shown["figures"]["atlas-map"]
    do(session, models, "cell", x=0, y=0)
    shown = view.show(session)
    assert shown["next"] is True, "the model has still to see that task"
    assert "atlas-map" not in shown["figures"]
    assert Kind.READ_TASKS in run(session, models)
    shown = view.show(session)
    assert "atlas-map" in shown["figures"]
    assert shown["next"] is False
    assert len(state.fits["", TASKS[0]].items) == len(task_named(TASKS[0]).support)
    assert state.held_bytes > 0
    do(session, models, "close_cell")
    assert "atlas-map" not in view.show(session)["figures"]
    for wrong in ({"x": 99, "y": 0}, {"x": 0, "y": -1}, {"task": "nothing", "layer": 0, "index": 0}):
        do(session, models, "cell", **wrong)
        assert state.cell is None


def test_a_task_that_cannot_be_read_closes_its_cell_and_says_why(session, models, comes, monkeypatch):
    comes()
    do(session, models, "refresh")
    do(session, models, "cell", x=0, y=0)

    def broken(*_, **__):
        raise BackboneError("The model is gone.")

    monkeypatch.setattr(type(models), "run", broken)
    run(session, models)
    assert session.notice.text == "The model is gone."
    assert session.state(AtlasState).cell is None
    assert view.show(session)["next"] is False


def test_a_model_without_an_atlas_reads_the_ready_tasks_and_tries_heads_on_ones_own(session, models, comes, monkeypatch):
    comes("another")
    monkeypatch.setattr(atlas_run, "ready_tasks", lambda: tuple(task_named(name) for name in TASKS))
    do(session, models, "refresh")
    run(session, models, do="read_ready")
    shown = words(session)
    assert "Is there a key" in shown
    assert "another version" not in shown
    assert "A task’s own heads" in shown or "A task's own heads" in shown or "A task&#39;s own heads" in shown
    assert Kind.TRY_HEADS in run(session, models, do="try_heads")
    tried = session.state(AtlasState).tried.found
    assert [each.source for each in tried.sources] == list(TASKS)
    assert (tried.target, tried.n, tried.left_out) == (OWN, 6, True)
    assert "Try the others’ heads on yours again" in words(session)
    do(session, models, "order", by="clusters")
    assert session.state(AtlasState).by_cluster


def test_ones_own_file_is_a_row_unless_it_is_of_another_model(session, models):
    heads = session.current_fit.classifier
    session.state(OpenedSavState).open(OpenedSav("pets.sav", "", None, heads))
    do(session, models, "refresh")
    assert [row.name for row in session.state(AtlasState).rows] == [OWN, FILE]
    assert "pets.sav" in words(session)
    do(session, models, "cell", task=FILE, layer=0, index=0)
    assert "holds no examples" in words(session)
    session.state(OpenedSavState).open(OpenedSav("pets.sav", "Qwen/Qwen2-VL-2B-Instruct", None, heads))
    do(session, models, "refresh")
    assert [row.name for row in session.state(AtlasState).rows] == [OWN]
    assert session.state(AtlasState).cell is None
    assert "“pets.sav” is of another model, Qwen2-VL 2B" in words(session)


@pytest.mark.parametrize("kind", FILES)
def test_the_atlas_can_be_taken_home(session, models, comes, kind):
    comes()
    do(session, models, "refresh")
    do(session, models, "save_atlas", format=kind)
    link = view.show(session)["saved"]
    text = Path(link["url"].removeprefix("gradio_api/file=")).read_text(encoding="utf-8")
    assert link["name"] == FILES[kind]
    if kind == "json":
        assert [task["name"] for task in json.loads(text)["tasks"]] == [*TASKS, OWN]
    elif kind == "cells":
        assert {line["task"] for line in csv.DictReader(text.splitlines())} == {*TASKS, OWN}
    else:
        assert "your task" in text or "(yours)" in text
