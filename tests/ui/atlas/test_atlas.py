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
from sav_ui.pages.atlas.pairs import TRAVEL, pair_places
from sav_ui.pages.atlas.state import FILE, OWN, WHERE, AtlasState, shown_atlas
from sav_ui.session.opened_sav import OpenedSav, OpenedSavState
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import task_named
from tests.support.people import context, html_of, small_project, taught

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
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html_of(view.show(session))))


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


def test_a_cell_shows_of_a_head_on_its_task_all_that_teach_shows(session, models, comes):
    comes()
    do(session, models, "refresh")
    do(session, models, "head", x=1, y=2)
    state = session.state(AtlasState)
    assert state.cell == (OWN, Head(0, 1))
    shown = view.show(session)
    assert "Inside head L0.H1 on “Your task (yours)”" in words(session)
    assert "atlas-map-1" in shown["figures"]
    assert shown["next"] is True, "what it looks at is still to be seen"
    assert Kind.LOOK in run(session, models)
    assert view.show(session)["next"] is False
    do(session, models, "map", by="distances")
    assert view.show(session)["figures"]["atlas-map-1"] != shown["figures"]["atlas-map-1"]
    assert session.focus.projection == "pca", "Teach's own map stays as it is"
    do(session, models, "head", x=0, y=0)
    shown = view.show(session)
    assert shown["next"] is True, "the model has still to see that task"
    assert "atlas-map-1" not in shown["figures"]
    assert Kind.READ_TASKS in run(session, models)
    assert Kind.LOOK in run(session, models)
    shown = view.show(session)
    assert "atlas-map-1" in shown["figures"]
    assert shown["next"] is False
    _, fit = state.fits["", TASKS[0]]
    assert len(fit.items) == len(task_named(TASKS[0]).support)
    assert state.held_bytes > 0
    html = shown["html"]
    assert "Inside head L0.H0 on “Is there a key?”" in words(session)
    assert html.count('class="confusion') == 1
    assert html.count("<figcaption>") >= 2, "its look, and the mean of those that vote"
    assert "Where it puts the task’s examples" in words(session)
    assert 'data-act="switch"' not in html, "the task's heads vote as they were found"
    do(session, models, "look", item=fit.items[3].id)
    assert f"What it looks at in “{fit.items[3].name}”" in words(session)
    do(session, models, "versus", value="L1.H2")
    assert {"atlas-map-1", "atlas-map-2"} <= set(view.show(session)["figures"])
    do(session, models, "head", layer=1, index=1)
    assert state.cell == (TASKS[0], Head(1, 1)), "a head of the list is looked at on the same task"
    assert state.focus.item == fit.items[3].id
    assert session.focus.head is None, "Teach's inspector stays closed"
    do(session, models, "close_head")
    assert "atlas-map-1" not in view.show(session)["figures"]
    for wrong in ({"x": 99, "y": 0}, {"x": 0, "y": -1}, {"task": "nothing", "layer": 0, "index": 0}):
        do(session, models, "head", **wrong)
        assert state.cell is None


def framed(session):
    """The frames around cells of the atlas, as columns and rows."""
    shapes = json.loads(view.show(session)["figures"]["atlas"])["layout"]["shapes"]
    return sorted({(round((s["x0"] + s["x1"]) / 2), round((s["y0"] + s["y1"]) / 2)) for s in shapes if s["type"] == "rect"})


def test_a_pair_of_tasks_says_which_heads_both_keep_and_frames_them(session, models, comes):
    comes()
    do(session, models, "refresh")
    assert framed(session) == []
    do(session, models, "shared", x=2, y=0)
    kept = session.current_fit.kept
    width = session.current_fit.scores.correct.shape[1]
    columns = sorted(head.layer * width + head.index for head in kept)
    assert framed(session) == sorted((column, row) for column in columns for row in (0, 2))
    shown = words(session)
    assert f"share {len(kept)} heads of the {len(kept)} and {len(kept)} that they keep" in shown
    assert f"Framed: the {len(kept)} heads that “Is there a key?” and “Your task (yours)” both keep." in shown
    do(session, models, "shared", x=1, y=1)
    assert "a task shares all of its own" in words(session)
    do(session, models, "shared", x=9, y=1)
    assert "a task shares all of its own" in words(session), "there is no such cell"
    do(session, models, "travel", x=0, y=0)
    assert "a task shares all of its own" in words(session), "nothing was tried"
    do(session, models, "close_pair")
    assert framed(session) == []


def test_a_task_that_cannot_be_read_closes_its_cell_and_says_why(session, models, comes, monkeypatch):
    comes()
    do(session, models, "refresh")
    do(session, models, "head", x=0, y=0)

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
    report = shown_atlas(session)
    rows, columns = pair_places(report, TRAVEL)
    do(session, models, "travel", x=columns.index(TASKS[1]), y=rows.index(OWN))
    source = tried.sources[1]
    assert f"Of the 6 examples of “Your task (yours)”, each left out, the {source.heads} heads of “" in words(session)
    assert f"get {round(6 * source.accuracy)} right, " in words(session)
    assert len({column for column, _ in framed(session)}) == source.heads
    do(session, models, "order", by="clusters")
    assert session.state(AtlasState).by_cluster


def test_ones_own_file_is_a_row_unless_it_is_of_another_model(session, models):
    heads = session.current_fit.classifier
    session.state(OpenedSavState).open(OpenedSav("pets.sav", "", None, heads))
    do(session, models, "refresh")
    assert [row.name for row in session.state(AtlasState).rows] == [OWN, FILE]
    assert "pets.sav" in words(session)
    do(session, models, "head", task=FILE, layer=0, index=0)
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
