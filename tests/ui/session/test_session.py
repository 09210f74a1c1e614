import copy
import threading

import pytest

from sav_core.errors import InputError
from sav_ui.session.session import Visit
from sav_ui.session.store import Visits
from tests.support.people import small_project

TOKEN, OTHER = "0" * 32, "f" * 32


def refuse(project):
    raise InputError("No.")


def test_a_refused_edit_changes_nothing_and_becomes_the_notice():
    visit = Visit()
    visit.project = before = small_project()
    assert not visit.edit(refuse, where="findings")
    assert visit.project is before
    assert visit.notice_at("findings").text == "No."
    assert visit.notice_at("bench") is None


def test_undo_goes_back_step_by_step_and_no_further():
    visit = Visit()
    for name in ("a", "b"):
        visit.edit(lambda project, name=name: project.with_label(name))
    visit.undo()
    assert [label.name for label in visit.project.labels] == ["a"]
    for _ in range(3):
        visit.undo()
    assert visit.project.labels == ()


def test_edits_of_one_visitor_at_the_same_time_are_all_kept():
    visit = Visit()

    def add(number):
        visit.edit(lambda project: project.with_label(f"label {number}"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({label.id for label in visit.project.labels}) == 20


def test_versions_only_grow():
    visit = Visit()
    assert [visit.version() for _ in range(3)] == [1, 2, 3]


def test_a_reload_finds_the_visit_of_its_tab_and_no_other():
    visits = Visits()
    mine = visits.find(TOKEN)
    assert visits.find(TOKEN) is mine
    assert visits.find(OTHER) is not mine


@pytest.mark.parametrize("token", [None, "", "guess", "0" * 31, "Z" * 32, 7, ["0" * 32]])
def test_what_is_no_token_is_a_visit_that_nobody_finds_again(token):
    visits = Visits()
    assert visits.find(token) is not visits.find(token)


def test_the_longest_unseen_visits_are_forgotten_first(monkeypatch):
    visits = Visits(limit=2)
    tokens = [f"{number:032x}" for number in range(3)]
    first, second = visits.find(tokens[0]), visits.find(tokens[1])
    assert visits.find(tokens[0]) is first
    visits.find(tokens[2])
    assert visits.find(tokens[0]) is first
    assert visits.find(tokens[1]) is not second


def test_gradios_copies_of_a_session_are_the_session():
    visit = Visit()
    assert copy.deepcopy({"state": visit})["state"] is visit
