"""The rule by which votes are counted: chosen on Teach, followed everywhere, at the cost of no forward."""

import json
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from sav_core.errors import DatasetError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_core.sav import SavClassifier
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.header import project_menu
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import WHERE, MeasureState
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.session.project import Project
from sav_ui.session.project_file import read_project, write_project
from tests.support.people import context, small_project, taught
from tests.support.pictures import encoded, noise

OTHERS = VOTING_RULES[1:]


@pytest.fixture
def session(models):
    return taught(models, small_project(each=4))


@pytest.fixture
def no_model(models, monkeypatch):
    """From here on a forward fails the test."""
    monkeypatch.setattr(models, "run", lambda *arguments, **named: pytest.fail("the model ran"))


def do(session, models, action, **data):
    teach.act(context(session, models), {"do": action, **data})


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_a_rule_counts_as_the_library_counts(session, models, voting, no_model):
    do(session, models, "voting", value=voting)
    reference = HeadClassifier(5, voting, "leave_one_out").fit(session.fit.vectors)
    assert session.fit.kept == reference.kept_heads_
    ours = [(each.shares, each.closeness) for each in session.fit.classifier.predict(session.fit.vectors)]
    assert ours == [(each.shares, each.closeness) for each in reference.predict(session.fit.vectors)]
    assert session.fit.sweep[session.fit.dial - 1] == session.fit.left_out.right
    html = teach_view.findings(session)["html"]
    assert f'<option value="{voting}" selected' in html
    assert f"{session.fit.left_out.right} of {session.fit.left_out.n} right" in html


def test_each_rule_has_one_line_and_reliability_tells_how_many_heads_there_are_in_all(session, models):
    lines = set()
    for voting in VOTING_RULES:
        do(session, models, "voting", value=voting)
        html = teach_view.findings(session)["html"]
        lines.add(html.partition('<small id="counting-line">')[2].partition("<")[0])
        assert (f"for each label, {len(session.fit.kept)} in all" in html) is (voting == "reliability")
    assert len(lines) == 3


def test_another_rule_and_then_another_number_of_heads_fit_no_rule_twice(session, models, monkeypatch):
    for voting in VOTING_RULES:
        do(session, models, "voting", value=voting)
        assert session.fit.left_out.n
    monkeypatch.setattr("sav_ui.session.fit.fit_support", lambda *arguments, **named: pytest.fail("it was fitted before"))
    for voting in VOTING_RULES:
        do(session, models, "voting", value=voting)
        do(session, models, "keep", value=3)
        assert session.fit.dial == 3
        assert session.fit.left_out.n


def test_changing_the_rule_answers_at_once(session, models):
    for voting in OTHERS:
        start = time.thread_time()
        do(session, models, "voting", value=voting)
        assert session.fit.left_out.n
        assert time.thread_time() - start < 2  # of computing; 0.15 s at most


def test_reliability_waits_for_a_second_example_and_the_rule_before_stays(models):
    session = taught(models, small_project(each=1))
    do(session, models, "voting", value="gaussian")
    assert session.fit.rule.voting == "gaussian"
    html = teach_view.findings(session)["html"]
    assert '<option value="reliability"  disabled>' in html
    assert "some label needs two of them" in html
    do(session, models, "voting", value="reliability")
    assert session.notice.text.endswith("Votes are counted by gaussian, as before.")
    assert (session.project.voting, session.fit.rule.voting) == ("gaussian", "gaussian")
    do(session, models, "voting", value="dice")
    assert session.project.voting == "gaussian"


def test_where_examples_go_until_a_rule_cannot_be_fitted_the_majority_counts(session, models):
    do(session, models, "voting", value="reliability")
    kept = {item.label: item.id for item in session.project.items}
    gone = ",".join(item.id for item in session.project.items if item.id not in kept.values())
    do(session, models, "remove", item=gone)
    assert session.fit.rule.voting == "majority"
    assert "some label needs two of them" in teach_view.findings(session)["html"]
    do(session, models, "undo")
    assert session.fit.rule.voting == "reliability"


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_answers_and_their_threshold_follow_the_rule(session, models, voting, no_model):
    state = session.state(ClassifyState)
    state.add([Query("", session.project.items[0].pictures)])
    query, vector = state.queries[0], session.fit.vectors.values[0] * np.float32(1.5) + 0.1
    state.keep(query, session.project, vector)
    do(session, models, "voting", value=voting)
    answer = state.answers(session.project, session.fit)[query.id]
    assert len(answer.prediction.votes) == len(session.fit.kept)
    assert (answer.prediction.opinions is None) is (voting == "majority")
    assert answer.probability is not None
    assert answer.closeness == answer.prediction.closeness
    session.set(threshold=answer.prediction.acceptance)
    assert not state.answers(session.project, session.fit)[query.id].none
    session.set(threshold=answer.prediction.acceptance + 1e-6)
    assert state.answers(session.project, session.fit)[query.id].none


def test_measure_begins_with_the_rule_of_teach_until_another_is_chosen_there(session, models):
    def chosen():
        html = measure_view.setup(session)["html"]
        return next(rule for rule in VOTING_RULES if f'<option value="{rule}" selected' in html)

    do(session, models, "voting", value="gaussian")
    assert chosen() == "gaussian"
    measure.act(context(session, models), {"do": "voting", "value": "majority"})
    do(session, models, "voting", value="reliability")
    assert chosen() == "majority"
    measure.act(context(session, models), {"do": "voting", "value": "reliability"})
    do(session, models, "voting", value="gaussian")
    assert chosen() == "gaussian"
    measure.act(context(session, models), {"do": "source", "source": "split"})
    for _ in measure_run(context(session, models, WHERE), {"do": "measure"}):
        pass
    assert session.state(MeasureState).measured.measurement.about.voting == "gaussian"
    do(session, models, "voting", value="majority")
    assert "measure again" in measure_view.report(session)["html"].lower()


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_the_saved_project_and_the_classifier_keep_it(session, models, tmp_path, voting):
    do(session, models, "voting", value=voting)
    project_menu.act(context(session, models), {"do": "save"})
    address = project_menu.show(session)["saved"]["url"].removeprefix("gradio_api/file=")
    with zipfile.ZipFile(address) as archive:
        assert json.loads(archive.read("project.json"))["settings"]["voting"] == voting
        (tmp_path / "c.sav").write_bytes(archive.read("classifier.sav"))
    classifier = SavClassifier.load(tmp_path / "c.sav", models.get(""))
    assert (classifier.voting, classifier.kept_heads_) == (voting, session.fit.kept)
    again, page = (each.predict(session.fit.vectors) for each in (classifier.head_classifier_, session.fit.classifier))
    assert [(one.shares, one.acceptance) for one in again] == [(other.shares, other.acceptance) for other in page]

    other = taught(models, small_project())
    project_menu.act(context(other, models), {"do": "open", "files": [{"path": address, "name": "p.zip"}]})
    assert other.project.voting == voting


def test_a_project_from_before_there_was_a_choice_is_of_majority(tmp_path):
    write_project(tmp_path / "new.zip", replace(small_project(("a", "b")), voting="gaussian"))
    assert read_project(tmp_path / "new.zip", Project())[0].voting == "gaussian"
    for settings, expected in (({}, "majority"), ({"voting": "dice"}, None)):
        with zipfile.ZipFile(tmp_path / "old.zip", "w") as old:
            manifest = {
                "format": "sav-explorer-project/1",
                "title": "",
                "question": "q",
                "labels": [{"name": "a", "examples": 1}],
                "settings": {"heads": 5, "scoring": "leave_one_out", "none_below": 0, **settings},
                "model": {"id": "", "title": "Demo model"},
            }
            old.writestr("project.json", json.dumps(manifest))
            old.writestr("examples.jsonl", '{"image": "1.png", "label": "a"}\n')
            old.writestr("1.png", encoded(noise(seed=1)))
        if expected:
            assert read_project(tmp_path / "old.zip", Project())[0].voting == expected
        else:
            with pytest.raises(DatasetError, match="its voting is 'dice', and there are majority"):
                read_project(tmp_path / "old.zip", Project())
