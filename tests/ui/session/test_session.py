import copy
import threading

import pytest

from sav_core.errors import InputError
from sav_ui.session.page_state import PageState
from sav_ui.session.session import Session, StillBusyError
from sav_ui.session.store import SessionStore
from tests.support.people import small_project

TOKEN, OTHER = "0" * 32, "f" * 32


def refuse(project):
    raise InputError("No.")


def test_a_refused_edit_changes_nothing():
    session = Session()
    session.project = before = small_project()
    with pytest.raises(InputError, match=r"^No\.$"):
        session.edit(refuse)
    assert session.project is before


def test_a_sentence_stands_where_it_was_said():
    session = Session()
    session.say("No.", where="findings")
    assert session.notice_at("findings").text == "No."
    assert session.notice_at("bench") is None


class Counter(PageState):
    """A page that counts."""

    def __init__(self):
        self.count = 0


def test_each_page_has_one_state_in_each_session():
    one, other = Session(), Session()
    one.state(Counter).count += 1
    assert (one.state(Counter).count, other.state(Counter).count) == (1, 0)


def test_a_change_waits_for_another_one_and_then_gives_up_with_a_sentence():
    session, entered, leave = Session(), threading.Event(), threading.Event()

    def hold():
        with session.changing():
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(60)
    with pytest.raises(StillBusyError, match="try again"), session.changing(patience=0.01):
        pytest.fail("two changes at once")
    leave.set()
    with session.changing():
        thread.join()


def test_undo_goes_back_step_by_step_and_no_further():
    session = Session()
    for name in ("a", "b"):
        session.edit(lambda project, name=name: project.with_label(name))
    session.undo()
    assert [label.name for label in session.project.labels] == ["a"]
    for _ in range(3):
        session.undo()
    assert session.project.labels == ()


def test_edits_of_one_visitor_at_the_same_time_are_all_kept():
    session = Session()

    def add(number):
        session.edit(lambda project: project.with_label(f"label {number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({label.id for label in session.project.labels}) == 20


def test_versions_only_grow():
    session = Session()
    assert [session.next_version() for _ in range(3)] == [1, 2, 3]


def test_a_reload_finds_the_visit_of_its_tab_and_no_other():
    store = SessionStore()
    mine = store.find(TOKEN)
    assert store.find(TOKEN) is mine
    assert store.find(OTHER) is not mine


@pytest.mark.parametrize("token", [None, "", "guess", "0" * 31, "Z" * 32, 7, ["0" * 32]])
def test_what_is_no_token_is_a_visit_that_nobody_finds_again(token):
    store = SessionStore()
    assert store.find(token) is not store.find(token)


def test_the_longest_unseen_visits_are_forgotten_first(monkeypatch):
    store = SessionStore(most_blank=2)
    tokens = [f"{number:032x}" for number in range(3)]
    first, second = store.find(tokens[0]), store.find(tokens[1])
    assert store.find(tokens[0]) is first
    store.find(tokens[2])
    assert store.find(tokens[0]) is first
    assert store.find(tokens[1]) is not second


def test_gradios_copies_of_a_session_are_the_session():
    session = Session()
    assert copy.deepcopy({"state": session})["state"] is session
