"""One left-out definition: page, library and command line say the same numbers of a ready task, and save the same file."""

import json
from pathlib import Path

import pytest

from sav_core.cli.app import main
from sav_core.evaluation.acceptance import calibrate
from sav_core.evaluation.leave_one_out import judge_left_out
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.rules import VOTING_RULES
from sav_core.settings import settings
from sav_ui.pages.header import project_menu
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.serving.pool import ModelPool
from sav_ui.session.find_heads import find_heads
from sav_ui.session.session import Session
from tests.support.people import context

TASK = "how-many"


@pytest.fixture(scope="module")
def models():
    return ModelPool()


@pytest.fixture(scope="module")
def session(models):
    session = Session()
    teach.act(context(session, models), {"do": "task", "task": TASK})
    for _ in find_heads(session, models, "bench"):
        pass
    assert session.fit is not None, session.notice
    return session


def saved(session, models, action):
    project_menu.act(context(session, models), {"do": action})
    return Path(project_menu.show(session)["saved"]["url"].removeprefix("gradio_api/file="))


def said(capsys, *arguments):
    """What a command says as JSON."""
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("scoring", ["resubstitution", "leave_one_out"])
@pytest.mark.parametrize("voting", VOTING_RULES)
def test_page_library_and_command_line_agree_number_for_number(session, models, capsys, tmp_path, voting, scoring):
    teach.act(context(session, models), {"do": "scoring", "scoring": scoring})
    teach.act(context(session, models), {"do": "voting", "value": voting})
    fit = session.fit
    assert (fit.rule.voting, fit.scoring) == (voting, scoring)

    library = HeadClassifier(20, voting, scoring).fit(fit.vectors)
    left_out = judge_left_out(library, fit.vectors)
    assert (fit.left_out.right, fit.left_out.n) == (left_out.right, left_out.n)
    assert fit.left_out.shares.tolist() == left_out.shares.tolist()
    assert f"Left out one by one: {left_out.right} of {left_out.n} right" in teach_view.findings(session)["html"]
    assert fit.sweep[19] == left_out.right
    assert fit.classifier.calibration_ == calibrate(library, fit.vectors)

    project, out = saved(session, models, "save"), tmp_path / "command.sav"
    options = ["--voting", voting, "--scoring", scoring, "--heads", 20, "--dtype", fit.vectors.dtype]
    told = said(capsys, "fit", "--train", project, "--out", out, *options)
    assert told["temperature"] == fit.classifier.calibration_.temperature
    assert saved(session, models, "save_classifier").read_bytes() == out.read_bytes()

    queries = settings().assets / "examples" / TASK / "queries"
    judged = said(capsys, "evaluate", "--train", project, "--test", queries, "--confidence", *options)["confidence"]
    assert judged["left_out_accuracy"] == left_out.accuracy
    assert judged["left_out_n"] == left_out.n
    assert judged["temperature"] == fit.classifier.calibration_.temperature


def test_beside_the_headline_stand_the_tasks_own_test_pictures(session, models):
    assert "judges these heads on 20 pictures of this task" in teach_view.findings(session)["html"]
