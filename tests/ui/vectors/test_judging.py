"""What was judged and tuned stays with the vector it is about, and says when that is no longer the one in use."""

import re
from dataclasses import replace

import numpy as np
import pytest

from sav_core.vectors import Tuned, TuningPoint
from sav_ui.pages.vectors.analogy_view import analogy
from sav_ui.pages.vectors.run import run
from sav_ui.pages.vectors.study import Tuning
from sav_ui.pages.vectors.tuning_view import reached, tuning
from sav_ui.pages.vectors.vector_view import vector
from tests.support.people import context
from tests.support.vector_page import begun, do, go, state_of, study_of

STALE = "Out of date"


def figures_of(session):
    """The accuracies that are shown of the vector in use."""
    _, *shown = vector(session)["html"].split('data-key="judged-')
    own = [part for part in shown if part.startswith(f"{study_of(session).use}-")]
    return [share for part in own for share in re.findall(r'<span class="number">(\d+) %', part)]


@pytest.fixture
def harder(built):
    """A vector that does not answer everything right, so that there is something to learn."""
    study = study_of(built)
    study.vector = replace(study.vector, values=np.roll(study.vector.values, 1))
    return built


def test_judging_shows_every_control_with_its_interval_and_guessing(judged):
    outcomes = study_of(judged).judged["built"].outcomes
    assert set(outcomes) == {
        "zero-shot", "in context", "in words", "injected", "random vector", "random heads", "layer mean",
    }  # fmt: skip
    assert outcomes["injected"].n == 4
    html = vector(judged)["html"]
    assert "95 % interval" in html
    assert "guessing" in html
    assert f"{outcomes['injected'].right} of 4" in html, "the result in words"
    assert STALE not in html


def test_a_judgement_uses_the_scale_of_the_slider_and_says_it(built, models):
    do(built, models, "scale", value=1.25)
    html = vector(built)["html"]
    assert "Not measured" in html, "the map has no such scale"
    assert 'data-at=""' in html
    go(built, models, "judge", where="vector")
    study = study_of(built)
    assert study.judged["built"].site == study.site == (study.site.layer, 1.25)
    html = vector(built)["html"]
    assert f"right with the built vector after layer {study.site.layer} at scale 1.25" in html
    assert "Download at scale 1.25" in html


def test_a_judgement_of_another_scale_is_marked_and_comes_back(judged, models):
    before, at = figures_of(judged), study_of(judged).site
    do(judged, models, "scale", value=at.scale + 0.25)
    html = vector(judged)["html"]
    assert STALE in html
    assert f"at scale {at.scale:g}; now it is used after layer {at.layer} at scale {at.scale + 0.25:g}" in html
    assert figures_of(judged) == before, "marked, and still there"
    do(judged, models, "scale", value=at.scale)
    assert STALE not in vector(judged)["html"]


def test_each_vector_keeps_its_own_judgement_when_one_is_tuned_and_switched_to_and_back(harder, models):
    go(harder, models, "judge", where="vector")
    built_figures, study = figures_of(harder), study_of(harder)
    go(harder, models, "tune", where="tuning", steps="10")
    assert harder.notice is None, harder.notice
    if study.use == "built":
        do(harder, models, "use", use="tuned")
    assert figures_of(harder) == []
    html = vector(harder)["html"]
    assert "The tuned vector is not judged yet; what was judged before stays below" in html
    assert html.count('data-key="judged-built-') == 1, "in sight, though another vector is in use"
    go(harder, models, "judge", where="vector")
    tuned_figures = figures_of(harder)
    assert set(study.judged) == {"built", "tuned"}
    do(harder, models, "use", use="built")
    assert figures_of(harder) == built_figures
    assert STALE not in vector(harder)["html"]
    do(harder, models, "use", use="tuned")
    assert figures_of(harder) == tuned_figures


def test_building_anew_marks_what_is_of_the_vector_before_and_drops_nothing(judged, models):
    go(judged, models, "tune", where="tuning", steps="10")
    do(judged, models, "use", use="built")
    before, lines = figures_of(judged), reached(study_of(judged).tuning)
    assert STALE not in tuning(judged)["html"]
    do(judged, models, "n_heads", value=1)
    go(judged, models, "build", where="vector")
    assert "These figures are of the vector as it was built before" in vector(judged)["html"]
    assert figures_of(judged) == before
    assert "It began with the vector that was built before" in tuning(judged)["html"]
    assert reached(study_of(judged).tuning) == lines
    do(judged, models, "use", use="tuned")
    assert study_of(judged).in_use.origin == "tuned", "what was tuned can still be used"


def test_at_scale_0_nothing_is_judged_tuned_or_saved_and_it_says_so(built, models):
    do(built, models, "scale", value=0)
    assert "nothing is added" in vector(built)["html"]
    for name in ("judge", "tune"):
        go(built, models, name, where="vector", steps="10")
        assert "move the scale up" in built.notice.text
    do(built, models, "save")
    assert "move the scale up" in built.notice.text
    assert not study_of(built).judged


def test_a_tuning_that_cannot_get_better_stops_at_once_and_says_so(built, models):
    study = study_of(built)
    right = Tuned(study.in_use, (TuningPoint(0, float("nan"), 1.0, 0.9),), 0, "goal")
    built_there = Tuning(study.in_use, {"tuned": np.array([[0, 1.0, 0.9]])}, {}, 150, 30, {"tuned": right})
    assert reached(built_there) == [
        "tuned: 100 % → 100 % of 30 at step 0. All 30 validation questions are right without a step, so there is nothing "
        "to learn"
    ]
    slow = replace(right, curve=(*right.curve, TuningPoint(60, 0.1, 0.9, 0.9)), end="patience")
    assert reached(replace(built_there, reached={"tuned": slow}))[0].endswith("It stopped at step 60, for it got no better")
    go(built, models, "tune", where="tuning", steps="1000")
    ends = {name: (tuned.end, tuned.curve[-1].step) for name, tuned in study.tuning.reached.items()}
    if study.sites.accuracy[study.sites.cell(study.site)] == 1:
        assert ends["tuned"] == ("goal", 0)
        assert study.use == "built", "what learnt nothing is not put in its place"
    assert all(end != "goal" or study.tuning.curves[name][-1, 1] == 1 for name, (end, _) in ends.items())
    assert all(end in ("goal", "patience") for end, _ in ends.values()), "none of them needed a thousand steps"


def test_the_step_told_is_that_of_the_vector_that_is_kept(built):
    curve = np.array([[0, 1.0, 0.6], [1, 1.0, 0.8], [2, 1.0, 0.9], [3, 0.5, 0.95]])
    growing = Tuning(study_of(built).in_use, {"tuned": curve}, {}, 3, 30)
    assert reached(growing) == ["tuned: 100 % → 100 % of 30 at step 2"]
    points = tuple(TuningPoint(int(step), 0.0, accuracy, probability) for step, accuracy, probability in curve)
    kept = Tuned(study_of(built).in_use, points, 1, "steps")
    (line,) = reached(replace(growing, reached={"tuned": kept}))
    assert line == "tuned: 100 % → 100 % of 30 at step 1. All 3 steps are done"


def test_tuning_draws_its_curve_as_it_grows_and_then_answers(harder, models):
    seen = []
    for _ in run(context(harder, models), {"do": "tune", "steps": "10"}):
        study = study_of(harder)
        seen.append(0 if study.tuning is None else sum(len(points) for points in study.tuning.curves.values()))
    study = study_of(harder)
    assert harder.notice is None, harder.notice
    assert seen == sorted(seen)
    assert set(study.tuning.curves) == set(study.tuning.reached) == {"tuned", "tuned random start", "tuned on five"}
    assert study.use == ("tuned" if study.tuning.reached["tuned"].best_step else "built")
    do(harder, models, "use", use="tuned")
    go(harder, models)
    assert study.in_use.origin == "tuned"
    assert any(key[1] == "tuned" for key in study.words)
    assert set(study.tuning.levels) == {"in context", "zero-shot"}
    assert study.tuning.reached["tuned on five"].vector.notes["prompts"] == 5
    for name, tuned in study.tuning.reached.items():
        assert re.search(rf"<li>{name}: .* of 4 at step {tuned.best_step}\.", tuning(harder)["html"])
    assert 'value="10"' in tuning(harder)["html"], "the form keeps the steps that were asked for"
    assert '"dash":"dash"' in tuning(harder)["figures"]["tuning"].replace(" ", "")
    do(harder, models, "use", use="built")
    assert study.in_use.origin == "heads"
    do(harder, models, "use", use="nothing of that name")
    assert study.use == "built"


def test_a_tuning_stopped_before_it_began_leaves_the_one_before(harder, models):
    go(harder, models, "tune", where="tuning", steps="10")
    study = study_of(harder)
    before = (study.tuning, study.use)
    steps = run(context(harder, models), {"do": "tune", "steps": "1000"})
    next(steps)
    do(harder, models, "cancel")
    list(steps)
    if study.tuning is before[0]:
        assert study.use == before[1]
    else:  # the model was faster: then what it reached by then is there
        assert set(study.tuning.reached) == {"tuned"}


def test_a_judged_sum_is_marked_when_its_weights_move_and_comes_back_with_its_relation(models, few):
    session = begun(models, ready=True)
    go(session, models)
    state = state_of(session)
    go(session, models, "judge_board", where="analogy")
    assert STALE not in analogy(session)["html"]
    judged = state.analogy("").judged
    do(session, models, "board_weight", relation="left", value="0.5")
    html = analogy(session)["html"]
    assert STALE in html
    assert "These figures are of other weights" in html
    assert state.analogy("").judged is judged
    do(session, models, "board_auto")
    go(session, models)
    assert STALE not in analogy(session)["html"], "the pair sets the same weights again"
    relation = state.analogy("").relation
    do(session, models, "board_relation", value="above right")
    assert state.analogy("").judged is None
    do(session, models, "board_relation", value=relation)
    assert state.analogy("").judged is judged
