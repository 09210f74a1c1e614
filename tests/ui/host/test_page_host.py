"""The host: what it sends and what it leaves out, and that whatever a handler raises, the visitor sees one sentence."""

import asyncio
import copy
from types import SimpleNamespace

import pytest

from sav_ui.host.page_host import PageHost
from sav_ui.host.tab import Tab
from sav_ui.host.wiring import answering
from sav_ui.pages.shared import webcam
from sav_ui.panels.errors import UNEXPECTED
from sav_ui.panels.panel import content
from sav_ui.serving.answers import Answers
from sav_ui.serving.bound_sessions import TOKEN_HEADER
from sav_ui.serving.turns import STOPPED
from sav_ui.session.page_state import PageState
from sav_ui.session.session import COMES_NEXT, STILL_BUSY, Session
from sav_ui.session.store import SessionStore
from sav_ui.session.work import Kind
from tests.support.people import context, pool_with, small_project, taught
from tests.ui.classify.test_actions import frame as webcam_frame


class Texts(PageState):
    """What the panels of these tests show."""

    def __init__(self):
        self.of = {"one": "", "two": "", "three": ""}
        self.next = False


def showing(name):
    def show(session):
        state = session.state(Texts)
        return content(state.of[name], next_run=state.next)

    return show


def write(context, data):
    """Have a panel show a text."""
    context.session.state(Texts).of[data["panel"]] = data["text"]


def write_slowly(context, data):
    write(context, data)
    yield
    context.session.state(Texts).next = bool(data.get("next"))


def break_down(*_, **__):
    raise ZeroDivisionError("nobody planned for this")


def break_down_later(*_):
    yield
    break_down()


@pytest.fixture
def host():
    host = PageHost(pool_with(None), SessionStore())
    host.panel("one", showing("one"), act=write, run=write_slowly, slides=("one", "two"), lively=True)
    host.panel("two", showing("two"), act=break_down, where="place")
    host.panel("three", showing("three"))
    return host


def texts(outputs):
    """What is sent, without the tab."""
    return [value["html"] for value in outputs.values() if not isinstance(value, Tab)]


def opened(host, token="0" * 32):
    """A tab that shows everything."""
    tab = host.open(token)
    host.shown(tab)
    return tab


def test_a_new_tab_gets_every_panel(host):
    tab = host.open("0" * 32)
    outputs = host.shown(tab)
    assert set(outputs) == set(host.outputs) - {host.parts}
    assert outputs[host.tab] is tab
    assert len({value["version"] for value in outputs.values() if value is not tab}) == 3


def test_only_what_has_changed_is_sent_and_the_panel_that_was_used(host):
    tab = opened(host)
    assert texts(host.acted(tab, "one", {"panel": "three", "text": "new"})) == ["", "new"]
    assert texts(host.acted(tab, "one", {"panel": "three", "text": "new"})) == [""], "its fields may have been edited"
    assert texts(host.shown(tab)) == []


def test_two_tabs_of_one_session_each_get_what_they_lack(host):
    one, other = opened(host), opened(host)
    assert one.session is other.session
    host.acted(one, "one", {"panel": "three", "text": "new"})
    assert texts(host.shown(other)) == ["new"]
    assert texts(host.shown(other)) == []


def test_after_a_reload_everything_is_sent_but_no_file_once_more(host, tmp_path):
    tab = opened(host)
    tab.session.offer(tmp_path / "file", "one")
    again = host.open(tab.session.token)
    assert again.session is tab.session
    assert again.session.download is None
    assert len(texts(host.shown(again))) == 3


def test_a_slider_shows_its_own_panels_again_and_the_others_follow(host):
    tab = opened(host)
    host.acted(tab, "one", {"panel": "one", "text": "a"})
    tab.session.state(Texts).of = {"one": "b", "two": "b", "three": "b"}
    assert texts(host.acted(tab, "one", {"panel": "one", "text": "c"}, ("one", "two"))) == ["c", "b"]
    assert texts(host.shown(tab)) == ["b"]


def test_a_run_sends_the_lively_panels_as_it_goes_and_those_that_ask_again_at_its_end(host):
    tab = opened(host)
    step, end = host.stepped(tab, write_slowly, {"panel": "one", "text": "a", "next": True}, "place")
    assert texts(step) == ["a"]
    assert len(texts(end)) == 3
    *_, end = host.stepped(tab, write_slowly, {"panel": "one", "text": "a", "next": True}, "place")
    assert len(texts(end)) == 3, "they must ask for another run, although nothing in them has changed"


def told(host, tab, outputs):
    """Whether the visitor is told, in every panel, and none comes again by itself."""
    values = [value for value in outputs.values() if value is not tab]
    said = tab.session.notice_at("place").text == UNEXPECTED
    return said and tab.session.work.paused(Kind.FIND_HEADS) and len(values) == 3 and not any(v["next"] for v in values)


def test_each_step_of_a_run_says_again_what_its_panels_show_and_the_last_brings_no_parts(host):
    tab = opened(host)
    (one, *_) = [output for output in host.outputs if output not in (host.tab, host.parts)]
    long = f"<p>{'something long enough to be a part ' * 9}</p>"
    # The second step has nothing new of that panel.
    shown = [{host.tab: tab, one: {**content(long), "version": 9}}, {host.tab: tab}]
    first, second, last = host.steps_as_sent(iter(shown))
    assert long in first[host.parts]["texts"].values()
    assert first[one] == second[one] == last[one]
    assert host.parts not in last


def test_a_run_says_nothing_again_that_another_event_has_shown_anew(host):
    tab = opened(host)
    (one, *_) = [output for output in host.outputs if output not in (host.tab, host.parts)]
    steps = host.steps_as_sent(host.stepped(tab, write_slowly, {"panel": "one", "text": "old"}, "place"))
    assert next(steps)[one]["html"] == "old"
    moved = host.as_sent(host.acted(tab, "one", {"panel": "one", "text": "moved"}, ("one", "two")))
    assert [step[one]["version"] for step in steps] == [moved[one]["version"]] * 2


def test_an_act_that_breaks_down_shows_every_panel_and_a_sentence(host, caplog):
    tab = opened(host)
    tab.session.state(Texts).next = True
    assert told(host, tab, host.acted(tab, "two", {}))
    assert "ZeroDivisionError: nobody planned for this" in caplog.text


def test_a_run_that_breaks_down_ends_with_every_panel_and_a_sentence(host):
    tab = opened(host)
    tab.session.state(Texts).next = True
    *_, outputs = host.stepped(tab, break_down_later, {}, "place")
    assert told(host, tab, outputs)


def test_an_event_is_answered_in_its_turn_and_who_sends_far_too_many_is_told(host):
    request = SimpleNamespace(headers={TOKEN_HEADER: "0" * 32}, client=None)
    event = SimpleNamespace(_data={"panel": "one", "text": "answered"})
    listen = answering(host, "one", lambda tab, request, data: host.as_sent(host.acted(tab, "one", data)))
    outputs = asyncio.run(listen(None, request, event))
    assert "answered" in {value.get("html") for value in outputs.values() if isinstance(value, dict)}
    host.answers = Answers(most=0)
    with pytest.warns(UserWarning, match="try again in a moment"):
        outputs = asyncio.run(listen(None, request, event))
    assert set(outputs) == {host.tab}


def noting(done):
    """A run that notes what it was asked for, in two steps."""

    def work(context, data):
        done.append(data.get("do", ""))
        yield

    return work


def test_what_is_asked_for_while_others_work_waits_its_turn_in_order_and_is_seen_to(host):
    tab, done = opened(host), []
    names = ("a", "b", "c", "d", "e", "f")
    all_steps = [host.stepped(tab, noting(done), {"do": name}, "place", kind=Kind.LOOK) for name in names]
    for steps in all_steps:
        next(steps)
    assert done == ["a"]
    assert tab.session.work.at(Kind.LOOK).name == "b"
    for steps in all_steps:
        list(steps)
    assert done == [*names]
    assert tab.session.notice is None
    assert tab.session.work.at(*Kind) is None


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr("sav_ui.host.page_host._STEP_SECONDS", 0.01)


def test_what_panels_ask_for_by_themselves_makes_way_for_a_click(host, hasty):
    tab, done = opened(host), []
    work = noting(done)
    first, second, third = (host.stepped(tab, work, {}, "place") for _ in range(3))
    next(first)
    next(second)
    assert [*third] == [{host.tab: tab}], "the second does for both"
    assert len([*host.stepped(tab, noting(done), {}, "place")]) == 1, "it asks again when another has ended"
    click, twice = (host.stepped(tab, work, {"do": "find"}, "place", kind=Kind.LOOK) for _ in range(2))
    next(click)
    assert len([*second]) == 1, "it makes way"
    assert len([*twice]) == 1, "a second click on what waits already"
    assert tab.session.notice is None
    list(first)
    list(click)
    assert done == ["", "find"]


def test_what_is_shown_as_nothing_of_a_page_is_told_that_it_waits(host, hasty):
    tab, done = opened(host), []
    first, second = (host.stepped(tab, noting(done), {"do": name}, "place") for name in "ab")
    next(first)
    next(second)
    assert tab.session.notice_at("place").text == COMES_NEXT
    list(first)
    list(second)
    assert tab.session.notice is None
    assert done == ["a", "b"]


def test_only_one_who_asks_for_very_much_is_told_to_wait(host, hasty):
    tab, done = opened(host), []
    waiting = [host.stepped(tab, noting(done), {"do": f"{number}"}, "place") for number in range(6)]
    for steps in waiting:
        next(steps)
    list(host.stepped(tab, noting(done), {"do": "one too many"}, "place"))
    assert tab.session.notice_at("place").text == STILL_BUSY
    for steps in waiting:
        list(steps)
    assert "one too many" not in done


def test_a_model_that_is_chosen_while_another_is_fetched_does_not_wait_behind_it(host):
    tab, done = opened(host), []
    first, second = (
        host.stepped(tab, noting(done), {"do": "model", "model": name}, "model", queue="fetch") for name in "ab"
    )
    next(first)
    next(second)
    assert len(done) == 2
    for steps in (first, second):
        list(steps)


def test_what_waits_can_be_stopped_before_it_begins(host):
    tab, done = opened(host), []
    first, second = (host.stepped(tab, noting(done), {"do": name}, "place", kind=Kind.LOOK) for name in "ab")
    next(first)
    next(second)
    assert tab.session.work.cancel(Kind.LOOK)
    list(second)
    assert tab.session.notice_at("place").text == STOPPED
    list(first)
    assert done == ["a"]


def test_a_page_whose_server_was_started_again_gets_a_new_session(host):
    tab = host.known("a tab of before", "0" * 32)
    assert tab.session.project.empty
    assert tab.session.token == "0" * 32
    assert host.known(tab.name, "0" * 32) is tab
    assert len(host.store) == 1


@pytest.mark.parametrize("token", ["1" * 32, "", None])
def test_the_name_of_a_tab_shows_nothing_without_the_sessions_token(host, token):
    tab = opened(host)
    host.acted(tab, "one", {"panel": "three", "text": "secret"})
    stranger = host.known(tab.name, token)
    assert stranger.session is not tab.session
    assert "secret" not in str(host.everything(stranger))
    assert host.known(tab.name, "0" * 32) is tab


def test_gradio_keeps_the_name_of_a_tab_and_nothing_else(host):
    tab = opened(host)
    assert host.as_sent(host.everything(tab))[host.tab] == tab.name
    assert tab.name not in tab.session.token


def test_of_a_page_that_is_loaded_again_and_again_few_tabs_are_kept(host):
    first = opened(host)
    tabs = [opened(host) for _ in range(100)]
    assert host.known(tabs[-1].name, "0" * 32) is tabs[-1]
    again = host.known(first.name, "0" * 32)
    assert again is not first
    assert len(texts(host.shown(again))) == 3, "it gets everything"


def test_gradios_copies_of_a_tab_are_the_tab():
    tab = Tab(Session())
    assert copy.deepcopy({"state": tab})["state"] is tab


def test_a_frame_of_the_webcam_that_breaks_down_is_answered(models, monkeypatch):
    session = taught(models, small_project())
    monkeypatch.setattr(models, "run", break_down)
    here = context(session, models)
    webcam.look(here, {"serial": 3, "image": webcam_frame()})
    assert session.state(webcam.WebcamState).at(here.where).refused == UNEXPECTED
