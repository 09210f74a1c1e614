"""One left-out definition: page, library and command line say the same numbers of a ready task, and save the same file."""

import json
from pathlib import Path

import pytest

from sav_core.cli.app import main
from sav_core.evaluation.leave_one_out import calibrate, judge_left_out
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_core.settings import settings
from sav_ui.pages.header import project_menu
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.serving.pool import Shelf
from sav_ui.session.find_heads import find_heads
from sav_ui.session.session import Visit

TASK = "how-many"


@pytest.fixture(scope="module")
def shelf():
    return Shelf()


@pytest.fixture(scope="module")
def visit(shelf):
    visit = Visit()
    teach.act(visit, shelf, {"do": "task", "task": TASK})
    for _ in find_heads(visit, shelf):
        pass
    assert visit.fit is not None, visit.notice
    return visit


def saved(visit, shelf, action):
    project_menu.act(visit, shelf, {"do": action})
    return Path(project_menu.show(visit)["saved"]["url"].removeprefix("gradio_api/file="))


def said(capsys, *arguments):
    """What a command says as JSON."""
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@pytest.mark.parametrize("voting", VOTING_RULES)
def test_page_library_and_command_line_agree_number_for_number(visit, shelf, capsys, tmp_path, voting, scoring):
    teach.act(visit, shelf, {"do": "scoring", "scoring": scoring})
    teach.act(visit, shelf, {"do": "voting", "value": voting})
    fit = visit.fit
    assert (fit.rule.voting, fit.scoring) == (voting, scoring)

    library = HeadClassifier(20, voting, scoring).fit(fit.vectors)
    left_out = judge_left_out(library, fit.vectors)
    assert (fit.left_out.right, fit.left_out.n) == (left_out.right, left_out.n)
    assert fit.left_out.shares.tolist() == left_out.shares.tolist()
    assert f"Left out one by one: {left_out.right} of {left_out.n} right" in teach_view.findings(visit)["html"]
    assert fit.sweep[19] == left_out.right
    assert fit.classifier.calibration_ == calibrate(library, fit.vectors)

    project, out = saved(visit, shelf, "save"), tmp_path / "command.sav"
    options = ["--voting", voting, "--scoring", scoring, "--heads", 20, "--dtype", fit.vectors.dtype]
    told = said(capsys, "fit", "--train", project, "--out", out, *options)
    assert told["temperature"] == fit.classifier.calibration_.temperature
    assert saved(visit, shelf, "save_classifier").read_bytes() == out.read_bytes()

    queries = settings().assets / "examples" / TASK / "queries"
    judged = said(capsys, "evaluate", "--train", project, "--test", queries, "--confidence", *options)["confidence"]
    assert judged["left_out_accuracy"] == left_out.accuracy
    assert judged["left_out_n"] == left_out.n
    assert judged["temperature"] == fit.classifier.calibration_.temperature


def test_beside_the_headline_stand_the_tasks_own_test_pictures(visit, shelf):
    assert "judges these heads on 20 test pictures of this task" in teach_view.findings(visit)["html"]
