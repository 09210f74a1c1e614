import csv
import io
import json
import re

import pytest

from sav_core.types import Head
from sav_ui.pages.shared.answers import answers
from sav_ui.pages.teach import view
from sav_ui.pages.teach.actions import act
from sav_ui.session.find_heads import refit_if_ready
from sav_ui.session.manifest import describe
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models):
    return taught(models, small_project(each=4))


def switch(session, models, head):
    act(context(session, models), {"do": "switch", "x": head.index, "y": head.layer})


def test_a_head_that_is_switched_off_does_not_vote_and_all_figures_follow(session, models):
    before, whole = session.fit.kept, session.fit.left_out
    switch(session, models, before[1])
    fit = session.fit
    assert fit.kept == (before[0], *before[2:])
    (answer,) = answers(fit, fit.vectors.values[:1], 0.0)
    assert [vote.head for vote in answer.prediction.votes] == list(fit.kept)
    shown = view.findings(session)
    assert f"Left out one by one: {fit.left_out.right} of 12 right" in shown["html"]
    assert f"Without it {fit.left_out.right} of 12 are right, with it {whole.right}." in shown["html"]
    shapes = json.loads(shown["figures"]["heads"])["layout"]["shapes"]
    assert [shape["line"].get("dash") for shape in shapes] == [None] * 4 + ["dot"]
    switch(session, models, before[1])
    assert session.fit.kept == before
    assert "Switched off" not in view.findings(session)["html"]


def test_no_model_runs(session, models, monkeypatch):
    monkeypatch.setattr(models.get(""), "forward", lambda batch: pytest.fail("the model ran"))
    for head in session.fit.kept[:3]:
        switch(session, models, head)
    assert len(session.fit.kept) == 2
    act(context(session, models), {"do": "all_on"})
    assert len(session.fit.kept) == 5


def test_a_head_that_does_not_vote_and_the_last_that_does_cannot_be_switched_off(session, models):
    switch(session, models, session.fit.ranking[-1])
    assert "does not vote, so it cannot be switched off" in session.notice.text
    session.set(n_kept=1)
    switch(session, models, session.fit.kept[0])
    assert "is the last head that votes" in session.notice.text
    switch(session, models, Head(99, 0))
    assert session.fit.off == ()


def test_an_edit_keeps_the_experiment_and_another_rule_follows_it(session, models):
    head = session.fit.kept[0]
    switch(session, models, head)
    session.edit(lambda project: project.without_items([project.items[0].id]))
    refit_if_ready(session, models)
    assert session.fit.off == (head,)
    assert head not in session.fit.kept
    act(context(session, models), {"do": "voting", "value": "reliability"})
    assert head not in session.fit.kept


def test_what_is_saved_has_every_head_on(session, models):
    whole = json.loads(describe(session.project, session.fit))["result"]
    switch(session, models, session.fit.kept[0])
    assert json.loads(describe(session.project, session.fit))["result"] == whole


def test_the_table_of_heads_is_a_file_with_every_head_and_whether_it_votes(session, models):
    switch(session, models, session.fit.kept[0])
    act(context(session, models), {"do": "save_heads"})
    assert view.findings(session)["saved"]["name"] == "heads.csv"
    rows = list(csv.DictReader(io.StringIO(session.download.path.read_text(encoding="utf-8"))))
    assert [row["head"] for row in rows] == [str(head) for head in session.fit.ranking]
    assert [row["votes"] for row in rows[:6]] == ["off", "yes", "yes", "yes", "yes", "no"]
    best = session.fit.ranking[0]
    assert (int(rows[0]["right"]), int(rows[0]["of"])) == (session.fit.scores.correct[best.layer, best.index], 12)


def test_while_heads_are_switched_a_click_switches_and_keys_still_look_inside(session, models):
    assert 'data-pick="head"' in view.findings(session)["html"]
    act(context(session, models), {"do": "switching"})
    html = view.findings(session)["html"]
    assert 'data-pick="switch" data-walk="head"' in html
    assert len(re.findall(r'aria-label="Switch L\d+\.H\d+ off"', html)) == 5
