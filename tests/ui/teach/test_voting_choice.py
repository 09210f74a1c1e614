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
from sav_ui.pages.classify.state import Query, desk_of
from sav_ui.pages.header import project_menu
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.state import gauge_of
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.session.project import Project
from sav_ui.session.project_file import read_project, write_project
from tests.support.people import small_project, taught
from tests.support.pictures import encoded, noise

OTHERS = VOTING_RULES[1:]


@pytest.fixture
def visit(shelf):
    return taught(shelf, small_project(each=4))


@pytest.fixture
def no_model(shelf, monkeypatch):
    """From here on a forward fails the test."""
    monkeypatch.setattr(shelf, "run", lambda *arguments, **named: pytest.fail("the model ran"))


def do(visit, shelf, action, **data):
    teach.act(visit, shelf, {"do": action, **data})


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_a_rule_counts_as_the_library_counts(visit, shelf, voting, no_model):
    do(visit, shelf, "voting", value=voting)
    reference = HeadClassifier(5, voting, "leave_one_out").fit(visit.fit.vectors)
    assert visit.fit.kept == reference.kept_heads_
    ours = [(each.shares, each.closeness) for each in visit.fit.classifier.predict(visit.fit.vectors)]
    assert ours == [(each.shares, each.closeness) for each in reference.predict(visit.fit.vectors)]
    assert visit.fit.sweep[visit.fit.dial - 1] == visit.fit.left_out.right
    html = teach_view.findings(visit)["html"]
    assert f'<option value="{voting}" selected' in html
    assert f"{visit.fit.left_out.right} of {visit.fit.left_out.n} right" in html


def test_each_rule_has_one_line_and_reliability_tells_how_many_heads_there_are_in_all(visit, shelf):
    lines = set()
    for voting in VOTING_RULES:
        do(visit, shelf, "voting", value=voting)
        html = teach_view.findings(visit)["html"]
        lines.add(html.partition('<small id="counting-line">')[2].partition("<")[0])
        assert (f"for each label, {len(visit.fit.kept)} in all" in html) is (voting == "reliability")
    assert len(lines) == 3


def test_another_rule_and_then_another_number_of_heads_fit_no_rule_twice(visit, shelf, monkeypatch):
    for voting in VOTING_RULES:
        do(visit, shelf, "voting", value=voting)
        assert visit.fit.left_out.n
    monkeypatch.setattr("sav_ui.session.fit.fit_support", lambda *arguments, **named: pytest.fail("it was fitted before"))
    for voting in VOTING_RULES:
        do(visit, shelf, "voting", value=voting)
        do(visit, shelf, "keep", value=3)
        assert visit.fit.dial == 3
        assert visit.fit.left_out.n


def test_changing_the_rule_answers_at_once(visit, shelf):
    for voting in OTHERS:
        start = time.perf_counter()
        do(visit, shelf, "voting", value=voting)
        assert visit.fit.left_out.n
        assert time.perf_counter() - start < 2  # 0.15 s at most on an idle core: this machine has other work


def test_reliability_waits_for_a_second_example_and_the_rule_before_stays(shelf):
    visit = taught(shelf, small_project(each=1))
    do(visit, shelf, "voting", value="gaussian")
    assert visit.fit.rule.voting == "gaussian"
    html = teach_view.findings(visit)["html"]
    assert '<option value="reliability"  disabled>' in html
    assert "some label needs two of them" in html
    do(visit, shelf, "voting", value="reliability")
    assert visit.notice_at("findings").text.endswith("Votes are counted by gaussian, as before.")
    assert (visit.project.voting, visit.fit.rule.voting) == ("gaussian", "gaussian")
    do(visit, shelf, "voting", value="dice")
    assert visit.project.voting == "gaussian"


def test_where_examples_go_until_a_rule_cannot_be_fitted_the_majority_counts(visit, shelf):
    do(visit, shelf, "voting", value="reliability")
    kept = {item.label: item.id for item in visit.project.items}
    gone = ",".join(item.id for item in visit.project.items if item.id not in kept.values())
    do(visit, shelf, "remove", item=gone)
    assert visit.fit.rule.voting == "majority"
    assert "some label needs two of them" in teach_view.findings(visit)["html"]
    do(visit, shelf, "undo")
    assert visit.fit.rule.voting == "reliability"


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_answers_and_their_threshold_follow_the_rule(visit, shelf, voting, no_model):
    desk = desk_of(visit)
    desk.add([Query("", visit.project.items[0].pictures)])
    query, vector = desk.queries[0], visit.fit.vectors.values[0] * np.float32(1.5) + 0.1
    desk.keep(query, visit.project, vector)
    do(visit, shelf, "voting", value=voting)
    answer = desk.answers(visit.project, visit.fit)[query.id]
    assert len(answer.prediction.votes) == len(visit.fit.kept)
    assert (answer.prediction.opinions is None) is (voting == "majority")
    assert answer.probability is not None
    assert answer.closeness == answer.prediction.closeness
    visit.set(threshold=answer.prediction.assurance)
    assert not desk.answers(visit.project, visit.fit)[query.id].none
    visit.set(threshold=answer.prediction.assurance + 1e-6)
    assert desk.answers(visit.project, visit.fit)[query.id].none


def test_measure_begins_with_the_rule_of_teach_until_another_is_chosen_there(visit, shelf):
    def chosen():
        html = measure_view.gauge(visit)["html"]
        return next(rule for rule in VOTING_RULES if f'<option value="{rule}" selected' in html)

    do(visit, shelf, "voting", value="gaussian")
    assert chosen() == "gaussian"
    measure.act(visit, shelf, {"do": "voting", "value": "majority"})
    do(visit, shelf, "voting", value="reliability")
    assert chosen() == "majority"
    measure.act(visit, shelf, {"do": "voting", "value": "reliability"})
    do(visit, shelf, "voting", value="gaussian")
    assert chosen() == "gaussian"
    measure.act(visit, shelf, {"do": "source", "source": "split"})
    for _ in measure.run(visit, shelf, {"do": "measure"}):
        pass
    assert gauge_of(visit).measured.measurement.about.voting == "gaussian"
    do(visit, shelf, "voting", value="majority")
    assert "measure again" in measure_view.report(visit)["html"].lower()


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_the_saved_project_and_the_classifier_keep_it(visit, shelf, tmp_path, voting):
    do(visit, shelf, "voting", value=voting)
    project_menu.act(visit, shelf, {"do": "save"})
    address = project_menu.show(visit)["saved"]["url"].removeprefix("gradio_api/file=")
    with zipfile.ZipFile(address) as archive:
        assert json.loads(archive.read("project.json"))["settings"]["voting"] == voting
        (tmp_path / "c.sav").write_bytes(archive.read("classifier.sav"))
    classifier = SavClassifier.load(tmp_path / "c.sav", shelf.get(""))
    assert (classifier.voting, classifier.kept_heads_) == (voting, visit.fit.kept)
    again, page = (each.predict(visit.fit.vectors) for each in (classifier.head_classifier_, visit.fit.classifier))
    assert [(one.shares, one.assurance) for one in again] == [(other.shares, other.assurance) for other in page]

    other = taught(shelf, small_project())
    project_menu.act(other, shelf, {"do": "open", "files": [{"path": address, "name": "p.zip"}]})
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
