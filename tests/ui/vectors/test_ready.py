"""The vectors that come with the app: they fit the model that comes with it, and answer an analogy at one click."""

import shutil
from dataclasses import replace

import pytest

from sav_core.settings import settings
from sav_core.vectors import SPATIAL, FunctionVector
from sav_ui.pages.vectors.analogy_view import analogy
from sav_ui.pages.vectors.ready import read_ready
from sav_ui.pages.vectors.relation_view import relations
from sav_ui.pages.vectors.vector_view import vector
from sav_ui.session.session import Session
from tests.support.vector_page import begun, do, go, state_of, study_of

FOLDER = settings().assets / "vectors"


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """A copy of the ready vectors that may be spoilt."""
    shutil.copytree(FOLDER, tmp_path / "vectors")
    monkeypatch.setattr("sav_ui.pages.vectors.ready.settings", lambda: replace(settings(), assets=tmp_path))
    return tmp_path / "vectors"


def test_the_shipped_vectors_fit_the_shipped_model(models):
    """Made with another model than the one that ships? Then ``make vectors``."""
    backbone = models.get("")
    ready = read_ready(backbone)
    assert ready.refused == "", ready.refused
    assert set(ready.vectors) == set(SPATIAL)
    for relation, (found, sites) in ready.vectors.items():
        assert found.identity == backbone.identity, "run make vectors"
        assert FunctionVector.load(FOLDER / f"{relation}.fv", backbone).relation == relation
        assert sites.accuracy.shape == (backbone.geometry.layers, len(sites.scales))
        assert found.layer in sites.layers
        assert found.scale in sites.scales
    assert len({(each.vector.layer, each.vector.scale) for each in ready.vectors.values()}) == 1, (
        "so that they can be summed"
    )
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 100_000


def test_one_click_leads_to_an_answered_analogy(models):
    session = Session()
    assert 'data-act="board_start"' in relations(session)["html"]
    do(session, models, "board_start")
    assert vector(session)["next"], "the page asks by itself for what is ready"
    go(session, models)
    html = analogy(session)["html"]
    assert session.notice is None, session.notice
    assert "Make the missing" not in html
    answer = state_of(session).analogy("").words
    said = answer.words[answer.shares[1].argmax()]
    assert f"<strong>{said}</strong>" in html
    assert not analogy(session)["next"]


def test_a_ready_vector_answers_is_judged_and_gives_way_to_a_built_one(models, few):
    session = begun(models, ready=True)
    go(session, models)
    study = study_of(session)
    assert study.ready
    html = vector(session)["html"]
    assert "came with the app" in html
    assert "Find heads above to build your own" in html
    assert study.words, "its answers are there without another click"
    go(session, models, "judge", where="vector")
    assert "random heads" not in study.judged["built"].outcomes
    assert "“Random heads” is not among them" in vector(session)["html"]
    go(session, models, "find_effects")
    go(session, models, "build", where="vector")
    assert not study.ready
    assert "as it was built before" in vector(session)["html"]


def test_only_prompts_as_the_vectors_had_and_the_model_they_are_of_get_them(models):
    session = begun(models, ready=True)
    go(session, models)
    assert study_of(session).vector is not None
    do(session, models, "told_by", value="words")
    assert study_of(session).vector is None
    do(session, models, "told_by", value="demonstrations")
    do(session, models, "prompts", value="5")
    assert study_of(session).ready, "on how many prompts heads are judged is nothing to them"
    session.project = replace(session.project, model="another")
    assert study_of(session).vector is None
    assert not vector(session)["next"]


def test_vectors_of_another_version_of_the_model_are_refused_and_it_is_said(models, elsewhere, few):
    other = FunctionVector.load(elsewhere / "left.fv")
    replace(other, identity="of another version").save(elsewhere / "left.fv")
    session = begun(models, ready=True, prompts=2)
    go(session, models)
    assert study_of(session).vector is None
    go(session, models, "find_effects")
    go(session, models, "build", where="vector")
    html = analogy(session)["html"]
    assert "Make the missing vectors" in html
    assert "another version of this model" in html


def test_a_damaged_ready_vector_keeps_nobody_from_making_one(models, elsewhere):
    (elsewhere / "left.fv").write_bytes(b"nothing")
    assert "cannot be used" in read_ready(models.get("")).refused
    shutil.rmtree(elsewhere)
    assert read_ready(models.get("")) == replace(read_ready(models.get("")), vectors={}, refused="")
