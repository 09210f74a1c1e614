"""A visitor's session is found again by their token, and by nobody else's."""

import threading

import pytest

from sav_ui import teach
from sav_ui.models import Shelf
from sav_ui.visit import Visits

ONE, TWO = "1" * 32, "2" * 32


def test_a_reload_finds_everything_as_it_was():
    visits = Visits()
    visit = visits.find(ONE)
    teach.act(visit, Shelf(), {"do": "add_label", "value": "owl"})
    again = visits.find(ONE)
    assert again is visit
    assert [label.name for label in again.project.labels] == ["owl"]


def test_two_visitors_never_see_each_others_anything():
    visits, shelf = Visits(), Shelf()
    one, two = visits.find(ONE), visits.find(TWO)
    teach.act(one, shelf, {"do": "add_label", "value": "secret"})
    assert two.project.labels == ()
    assert one.extras is not two.extras
    assert one.vectors is not two.vectors
    for mine, theirs in zip(vars(one).items(), vars(two).items(), strict=True):
        name, value = mine
        shared = value is theirs[1] and isinstance(value, (dict, list, set))
        assert not shared, name


@pytest.mark.parametrize("token", [None, "", "1" * 31, "1" * 33, "../" + "1" * 29, "G" * 32, 7, ["1" * 32], {"a": 1}])
def test_what_is_no_token_finds_a_visit_that_nobody_returns_to(token):
    visits = Visits()
    known = visits.find(ONE)
    assert visits.find(token) is not known
    assert visits.find(token) is not visits.find(token)


def test_the_longest_unseen_make_room_and_the_old_are_forgotten():
    visits = Visits(limit=2)
    first = visits.find(ONE)
    visits.find(TWO)
    assert visits.find(ONE) is first  # seen again, so the other is now the longest unseen
    visits.find("3" * 32)
    assert visits.find(ONE) is first
    assert Visits(keep_seconds=-1).find(ONE) is not first


def test_many_at_once_each_get_their_own():
    visits, shelf, tokens = Visits(), Shelf(), [f"{number:032x}" for number in range(16)]

    def work(token):
        for row in range(20):
            teach.act(visits.find(token), shelf, {"do": "add_label", "value": f"{token} {row}"})

    threads = [threading.Thread(target=work, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for token in tokens:
        assert [label.name for label in visits.find(token).project.labels] == [f"{token} {row}" for row in range(20)]
