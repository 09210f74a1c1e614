"""Heads knocked out in the model from the Measure page, and the switch that does so for one picture on Classify."""

import pytest

from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify.run import run as classify_run
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.classify.without import WithoutState
from sav_ui.pages.measure import uses
from sav_ui.pages.measure.state import WHERE
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.inside import own_heads
from sav_ui.pages.shared.uses import FIGURE, UsesState, uses_of
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models):
    return taught(models, small_project(("a cat", "hund"), each=3))


def run(session, models):
    kinds = [session.work.kind for _ in uses.run(context(session, models, WHERE), {"do": "uses"})]
    assert not session.work.busy
    return kinds


def test_without_a_test_set_it_asks_about_the_examples_and_the_inspector_shows_it_too(session, models):
    assert uses.show(Session())["html"] == ""
    assert ">Knock them out<" in uses.show(session)["html"]
    session.look_at(head=session.fit.ranking[0])
    assert inspector(session, own_heads(session))["uses"] is None
    assert Kind.KNOCK_OUT in run(session, models)
    found = session.state(UsesState).latest
    assert (found.asked, found.values["n"]) == ("your examples", 6)
    assert found.values["conditions"]["kept"]["heads"] == len(session.fit.kept)
    shown = uses.show(session)
    assert found.values["sentence"].split(":")[0] in shown["html"]
    assert set(shown["figures"]) == {FIGURE}
    looked_into = inspector(session, own_heads(session))
    assert looked_into["uses"]["sentence"] == found.values["sentence"]
    assert FIGURE in looked_into["figures"]
    session.set(n_kept=1)  # other heads vote now, of which nothing is known
    assert uses_of(session, session.project, session.fit) is None
    assert FIGURE not in inspector(session, own_heads(session))["figures"]


def test_stopped_it_keeps_nothing_and_says_so(session, models):
    steps = uses.run(context(session, models, WHERE), {"do": "uses"})
    with session.work.doing(Kind.CLASSIFY):
        assert list(steps) == []  # other work comes first
    real = session.work.doing

    def stopped(kind):
        task = real(kind)
        return _Cancelled(task)

    session.work.doing = stopped
    assert list(uses.run(context(session, models, WHERE), {"do": "uses"}))
    assert session.notice.text.startswith("Stopped; nothing was kept")
    assert session.state(UsesState).latest is None


class _Cancelled:
    """Work that is asked to stop before it begins."""

    def __init__(self, work):
        self._work = work

    def __enter__(self):
        task = self._work.__enter__()
        task.cancel()
        return task

    def __exit__(self, *raised):
        return self._work.__exit__(*raised)


def test_on_classify_a_switch_knocks_the_heads_out_of_the_models_own_answer(session, models):
    state = session.state(ClassifyState)
    state.add([Query("", session.project.items[0].pictures)])
    for _ in classify_run(context(session, models, "classify"), {}):
        pass
    assert session.state(WithoutState).answers == {}
    classify.act(context(session, models, "classify"), {"do": "without", "value": True})
    shown = classify_view.answers(session)
    assert "Asking without them" in shown["html"]
    assert shown["next"]
    for _ in classify_run(context(session, models, "classify"), {}):
        pass
    (said,) = session.state(WithoutState).answers.values()
    assert sum(said.likelihoods.values()) == pytest.approx(1)
    assert "Without them," in classify_view.answers(session)["html"]
    classify.act(context(session, models, "classify"), {"do": "without", "value": False})
    assert "Without them," not in classify_view.answers(session)["html"]
