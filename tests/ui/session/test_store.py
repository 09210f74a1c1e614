"""A visitor's session is found again by their token, and by nobody else's."""

import threading

import numpy as np
import pytest
from PIL import Image

from sav_core.data.examples import Example
from sav_core.data.images import as_picture
from sav_ui.pages.teach import actions as teach
from sav_ui.serving.pool import Shelf
from sav_ui.session.head_attention import Looks
from sav_ui.session.memory import held_bytes
from sav_ui.session.store import GONE, Visits

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


def heavy(visits, token, megabytes):
    """A visit that holds so much."""
    visit = visits.find(token)
    visit.vectors["key"] = np.zeros((megabytes, 1 << 20), np.uint8)
    visits.touch(visit)
    return visit


def test_the_longest_left_alone_make_room_when_memory_is_full_and_their_visitors_are_told():
    visits = Visits(limit_bytes=5 << 20, idle_seconds=-1, weigh_seconds=0)
    one, two = heavy(visits, ONE, 2), heavy(visits, TWO, 2)
    assert len(visits) == 2
    assert 4 << 20 <= visits.held_bytes <= 5 << 20
    visits.touch(one)
    heavy(visits, "3" * 32, 2)
    assert len(visits) == 2
    assert visits.held_bytes <= 5 << 20
    assert not two.vectors, "its open page must not keep what it held"
    assert two.notice_at("project").text == GONE
    assert one.vectors
    assert visits.find(ONE) is one
    assert visits.find(TWO).notice_at("project").text == GONE  # after a reload, too


def test_who_is_there_or_has_something_under_way_keeps_their_work_however_full_it_is():
    there = Visits(limit_bytes=1, idle_seconds=600, weigh_seconds=0)
    people = [heavy(there, token, 1) for token in (ONE, TWO)]
    assert all(visit.vectors for visit in people)
    assert len(there) == 2
    alone = Visits(limit_bytes=1, idle_seconds=-1, weigh_seconds=0)
    busy = heavy(alone, ONE, 1)
    busy.busy = "find"
    heavy(alone, TWO, 1)
    assert busy.vectors
    busy.busy = ""
    alone.touch(alone.find(TWO))
    assert not busy.vectors


def test_a_visit_of_no_token_is_counted_too():
    visits = Visits(limit=2)
    for _ in range(5):
        visits.find(None)
    assert len(visits) == 2


def test_memory_is_what_grows_each_thing_once():
    picture = as_picture(Image.new("RGB", (10, 10)))
    block = np.zeros(1000)
    looks = Looks(Example(picture), (block[:10],), block)
    assert held_bytes(looks) - picture.held_bytes in range(8000, 8200)
    assert held_bytes([block, block, {"a": block[2:]}]) == 8000
    assert held_bytes({"again": (picture, picture)}) == picture.held_bytes
    ring = ["abc"]
    ring.append(ring)
    assert held_bytes(ring) == 3
