"""What the pages say beside a left-out figure: how it was reached, and what is known of the same heads elsewhere."""

import re

import pytest

from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import WHERE, MeasureState
from sav_ui.pages.teach import view as teach_view
from tests.support.people import context, small_project, taught

LABELS = ("a cat", "hund")


def measured(session, models):
    """The report of Measure as text, on one example split off each label."""
    asked = context(session, models, WHERE)
    measure.act(asked, {"do": "source", "source": "split"})
    measure.act(asked, {"do": "ask", "value": False})
    for _ in measure_run(asked, {"do": "measure"}):
        pass
    assert session.state(MeasureState).measured is not None, session.notice
    return re.sub(r"\s+", " ", measure_view.report(session)["html"])


def headline(session):
    """What Teach found, as text."""
    return re.sub(r"\s+", " ", teach_view.findings(session)["html"])


@pytest.mark.parametrize("voting", ["gaussian", "reliability"])
def test_where_examples_are_too_many_to_leave_out_in_turn_both_pages_say_in_groups(models, monkeypatch, voting):
    monkeypatch.setattr("sav_core.evaluation.leave_one_out._NUMBERS", 1)
    session = taught(models, small_project(LABELS, each=7, voting=voting))
    assert not session.fit.rule.left_out.alone
    assert f"Left out in 10 groups: {session.fit.left_out.right} of 14 right" in headline(session)
    assert "the examples are too many to leave each out alone" in headline(session)
    assert "On the examples themselves, left out in 10 groups," in measured(session, models)


def test_beside_the_headline_stands_what_measure_found_of_these_heads_alone(models):
    session = taught(models, small_project(LABELS, each=4))
    assert "Measure tested these heads" not in headline(session)
    measured(session, models)
    found = session.state(MeasureState).measured.measurement
    right, n = int(found.right.sum()), found.evaluation.n
    assert n == 2
    assert f"{right} of {n} are right, {round(100 * right / n)} %" in headline(session)
    assert "Measure tested these heads" in headline(session)
    session.set(n_kept=2)  # another number of heads is another classifier
    assert "Measure tested these heads" not in headline(session)
