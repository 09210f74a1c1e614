"""A visitor's session is found again by their token, and by nobody else's."""

import threading

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.teach import actions as teach
from sav_ui.serving.pool import ModelPool
from sav_ui.session.find_heads import refit_if_ready
from sav_ui.session.head_attention import HeadAttention
from sav_ui.session.session import Session
from sav_ui.session.store import GONE, SessionStore
from sav_ui.session.work import Kind
from tests.support.people import context, small_project, taught

ONE, TWO = "1" * 32, "2" * 32


def test_a_reload_finds_everything_as_it_was():
    store = SessionStore()
    session = store.find(ONE)
    teach.act(context(session, ModelPool()), {"do": "add_label", "value": "owl"})
    again = store.find(ONE)
    assert again is session
    assert [label.name for label in again.project.labels] == ["owl"]


def test_two_visitors_never_see_each_others_anything():
    store, models = SessionStore(), ModelPool()
    one, two = store.find(ONE), store.find(TWO)
    teach.act(context(one, models), {"do": "add_label", "value": "secret"})
    assert two.project.labels == ()
    assert one.vectors is not two.vectors
    for mine, theirs in zip(vars(one).items(), vars(two).items(), strict=True):
        name, value = mine
        shared = value is theirs[1] and isinstance(value, (dict, list, set))
        assert not shared, name


@pytest.mark.parametrize("token", [None, "", "1" * 31, "1" * 33, "../" + "1" * 29, "G" * 32, 7, ["1" * 32], {"a": 1}])
def test_what_is_no_token_finds_a_visit_that_nobody_returns_to(token):
    store = SessionStore()
    known = store.find(ONE)
    assert store.find(token) is not known
    assert store.find(token) is not store.find(token)


def test_the_longest_unseen_make_room_and_the_old_are_forgotten():
    store = SessionStore(most_blank=2)
    first, other = store.find(ONE), store.find(TWO)
    assert store.find(ONE) is first  # seen again, so the other is now the longest unseen
    store.find("3" * 32)
    assert len(store) == 2
    assert store.find(ONE) is first
    assert store.find(TWO) is not other
    old = SessionStore(keep_seconds=-1, idle_seconds=-1)
    worked = heavy(old, ONE, 1)
    old.find(TWO)
    assert not worked.vectors
    assert len(old) == 1


@pytest.mark.parametrize("tokens", ["none", "new ones"])
def test_a_thousand_page_loads_take_nobodys_work_and_hold_nothing(tokens):
    store, models = SessionStore(idle_seconds=-1), ModelPool()
    victim = store.find(ONE)
    teach.act(context(victim, models), {"do": "add_label", "value": "owl"})
    store.touch(victim)
    for number in range(1000):
        store.find(None if tokens == "none" else f"{number:032x}")
    assert [label.name for label in store.find(ONE).project.labels] == ["owl"]
    assert store.find(ONE).notice_at("project") is None
    assert len(store) <= 201
    assert not store._gone, "nobody misses a blank one"


def test_more_visitors_than_there_is_room_for_lose_nothing_while_they_are_there():
    store = SessionStore(most=2, idle_seconds=600)
    people = [heavy(store, f"{number:032x}", 1) for number in range(5)]
    assert all(session.vectors for session in people)
    assert [store.find(session.token) for session in people] == people


def test_of_very_many_sessions_those_of_a_few_words_go_first_and_nobodys_pictures():
    store = SessionStore(most=2, idle_seconds=600)
    words, work, there = store.find(ONE), heavy(store, TWO, 1), store.find("3" * 32)
    for session in (words, there):
        teach.act(context(session, ModelPool()), {"do": "add_label", "value": "owl"})
        store.touch(session)
    for session in (words, work):
        session.seen -= 100
    store.touch(there)
    assert store.find(TWO) is work
    assert work.vectors
    assert there.project.labels
    assert not words.project.labels
    assert store.find(ONE).notice_at("project").text == GONE


def test_what_was_undone_or_left_by_one_click_is_not_blank():
    session = Session(ONE)
    assert session.blank
    teach.act(context(session, ModelPool()), {"do": "add_label", "value": "owl"})
    session.undo()
    assert not session.project.begun
    assert not session.blank


def test_many_at_once_each_get_their_own():
    store, models, tokens = SessionStore(), ModelPool(), [f"{number:032x}" for number in range(16)]

    def work(token):
        for row in range(20):
            teach.act(context(store.find(token), models), {"do": "add_label", "value": f"{token} {row}"})

    threads = [threading.Thread(target=work, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for token in tokens:
        assert [label.name for label in store.find(token).project.labels] == [f"{token} {row}" for row in range(20)]


def heavy(store, token, megabytes):
    """A session that holds so much."""
    session = store.find(token)
    session.vectors["key"] = np.zeros((megabytes, 1 << 20), np.uint8)
    store.touch(session)
    return session


def test_the_longest_left_alone_make_room_when_memory_is_full_and_their_visitors_are_told():
    store = SessionStore(limit_bytes=5 << 20, idle_seconds=-1)
    one, two = heavy(store, ONE, 2), heavy(store, TWO, 2)
    assert len(store) == 2
    assert 4 << 20 <= store.held_bytes <= 5 << 20
    store.touch(one)
    heavy(store, "3" * 32, 2)
    assert len(store) == 2
    assert store.held_bytes <= 5 << 20
    assert not two.vectors, "its open page must not keep what it held"
    assert two.notice_at("project").text == GONE
    assert one.vectors
    assert store.find(ONE) is one
    assert store.find(TWO).notice_at("project").text == GONE  # after a reload, too


def test_who_is_there_or_has_something_under_way_keeps_their_work_however_full_it_is():
    there = SessionStore(limit_bytes=1, idle_seconds=600)
    people = [heavy(there, token, 1) for token in (ONE, TWO)]
    assert all(session.vectors for session in people)
    assert len(there) == 2
    alone = SessionStore(limit_bytes=1, idle_seconds=-1)
    busy = heavy(alone, ONE, 1)
    with busy.work.doing(Kind.FIND_HEADS):
        heavy(alone, TWO, 1)
        assert busy.vectors
    alone.touch(alone.find(TWO))
    assert not busy.vectors


def test_a_session_of_no_token_is_kept_nowhere():
    store = SessionStore()
    session = heavy(store, None, 1)
    assert session.vectors
    assert (len(store), store.held_bytes) == (0, 0)


def test_what_a_session_weighs_is_what_its_owners_hold_each_picture_once(models):
    session = taught(models, small_project())
    pictures = [picture for item in session.project.items for picture in item.pictures]
    before = session.weigh()
    assert before == sum(picture.held_bytes for picture in pictures) + session.fit.held_bytes
    assert all(vector.base is session.fit.read.values for vector in session.vectors.values()), "held once"
    session.edit(lambda project: project.without_items([project.items[0].id]))
    assert session.weigh() == before, "it can be taken back"
    session.state(ClassifyState).add([Query("", (pictures[0],))])
    look = HeadAttention(Example(pictures[0]), (pictures[0],), (np.zeros(10),), np.zeros(1000))
    session.remember_look(session.project, session.project.items[0], look)
    assert session.weigh() == before + pictures[0].held_bytes + 8080


def test_the_vector_of_an_example_that_was_taken_out_keeps_no_others(models):
    session = taught(models, small_project())
    first = session.project.items[0]
    session.edit(lambda project: project.without_items([first.id]))
    refit_if_ready(session, models)
    alone = [vector for vector in session.vectors.values() if vector.base is not session.fit.read.values]
    assert [vector.base for vector in alone] == [None]
    assert session._vector_bytes() == alone[0].nbytes
    session.undo()
    refit_if_ready(session, models)
    assert session.current_fit is not None, "it was not shown to the model again"
    assert session._vector_bytes() == 0


def test_a_session_that_is_being_changed_weighs_what_it_last_did_and_keeps_nobody_waiting():
    session, store = Session(ONE), SessionStore()
    session.vectors["key"] = np.zeros(100, np.uint8)
    store.touch(session)
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with session.changing():
            session.vectors["other"] = np.zeros(100, np.uint8)
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(60)
    store.touch(session)
    assert store.held_bytes == 100
    leave.set()
    thread.join()
    store.touch(session)
    assert store.held_bytes == 200
