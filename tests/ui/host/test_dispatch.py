"""Actions of one visitor, eight at a time: none is lost, none waits for another one's files, none waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sav_core.errors import InputError
from sav_ui.host.dispatch import dispatch
from sav_ui.panels.errors import NOT_UNDERSTOOD
from sav_ui.session import session as sessions
from sav_ui.session.session import STILL_BUSY, Session
from tests.support.people import context, pool_with

AT_ONCE = 8  # as many as the app handles, see ``PageHost``


@pytest.fixture
def models():
    return pool_with(None)


@pytest.fixture
def session():
    return Session()


def add_label(context, data):
    context.session.edit(lambda project: project.with_label(data["value"]))


def names(session):
    return [label.name for label in session.project.labels]


def test_an_action_changes_the_session_and_an_unknown_one_does_nothing(session, models):
    dispatch({"add": add_label}, context(session, models), {"do": "add", "value": "owl"})
    dispatch({"add": add_label}, context(session, models), {"do": "__class__", "value": "fox"})
    dispatch({"add": add_label}, context(session, models), {})
    assert names(session) == ["owl"]
    assert session.notice is None


@pytest.mark.parametrize("error", [InputError("Choose another."), KeyError("value"), OverflowError(), TypeError()])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_what_goes_wrong_in_any_step_is_a_sentence_where_it_was_done(session, models, error, step):
    def in_two_steps(context, data):
        if step == 1:
            raise error
        yield
        if step == 2:
            raise error

    def at_once(context, data):
        raise error

    dispatch({"it": in_two_steps if step else at_once}, context(session, models, "findings"), {"do": "it"})
    assert session.notice_at("findings").text == ("Choose another." if isinstance(error, InputError) else NOT_UNDERSTOOD)


def test_an_action_that_finds_nothing_to_do_never_takes_the_lock(session, models, tmp_path):
    def nothing(context, data):
        return
        yield

    session.offer(tmp_path / "file", "panel")
    dispatch({"it": nothing}, context(session, models), {"do": "it"})
    assert session.download is not None
    assert session.notice is None


def test_what_nobody_planned_for_is_not_hidden(session, models):
    def broken(context, data):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dispatch({"it": broken}, context(session, models), {"do": "it"})
    with session.changing(patience=0):  # the lock is free again
        pass


def test_the_first_step_runs_without_the_lock_and_the_second_under_it(session, models):
    free = []

    def steps(context, data):
        free.append(lock_is_free(session))
        yield
        free.append(lock_is_free(session))

    dispatch({"it": steps}, context(session, models), {"do": "it"})
    assert free == [True, False]


def lock_is_free(session):
    """Whether another thread could change the session now."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: session.lock.acquire(blocking=False) and (session.lock.release() or True)).result()


def test_no_change_is_lost_between_events_at_the_same_time(session, models):
    def count(context, data):
        """As an action does that reads files first: what it read is not what it changes."""
        yield
        session.vectors["count"] = session.vectors.get("count", 0) + 1
        context.session.edit(lambda project: project.with_label(data["value"]))

    actions, start = {"count": count, "add": add_label}, threading.Barrier(AT_ONCE)

    def event(number):
        start.wait(60)
        for turn in range(20):
            dispatch(actions, context(session, models), {"do": ("count", "add")[turn % 2], "value": f"{number} {turn}"})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(event, range(AT_ONCE)))
    assert session.vectors["count"] == 10 * AT_ONCE
    assert len(names(session)) == 20 * AT_ONCE
    assert len({label.id for label in session.project.labels}) == 20 * AT_ONCE
    assert session.notice is None


def test_a_slow_file_keeps_no_other_event_of_the_same_visitor_waiting(session, models):
    reading, arrived = threading.Event(), threading.Event()

    def upload(context, data):
        reading.set()
        arrived.wait(60)
        yield
        add_label(context, {"value": "from the file"})

    actions = {"upload": upload, "add": add_label}
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(dispatch, actions, context(session, models), {"do": "upload"})
        reading.wait(60)
        dispatch(actions, context(session, models), {"do": "add", "value": "meanwhile"})
        assert names(session) == ["meanwhile"]
        arrived.set()
        slow.result()
    assert names(session) == ["meanwhile", "from the file"]


def test_an_event_that_cannot_have_the_lock_says_so_and_changes_nothing(session, models, monkeypatch):
    monkeypatch.setattr(sessions, "PATIENCE", 0.01)
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with session.changing():
            entered.set()
            leave.wait(60)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        entered.wait(60)
        dispatch({"add": add_label}, context(session, models), {"do": "add", "value": "owl"})
        leave.set()
        holder.result()
    assert session.notice.text == STILL_BUSY
    assert names(session) == []
