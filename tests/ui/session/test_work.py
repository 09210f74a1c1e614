"""One piece of work at a time: how far it is, how it is stopped, and what waits for the visitor afterwards."""

import pytest

from sav_core.types import Progress
from sav_ui.panels.jobs import Place
from sav_ui.session.work import Kind, Work


def some_work(work):
    """Work that fails in the end."""
    with work.doing(Kind.CLASSIFY) as task:
        yield task
        raise ZeroDivisionError


def test_work_is_under_way_until_its_block_is_left_whatever_happens():
    work = Work()
    steps = some_work(work)
    task = next(steps)
    assert (work.busy, work.kind) == (True, Kind.CLASSIFY)
    with pytest.raises(ZeroDivisionError):
        next(steps)
    assert (work.busy, work.kind) == (False, None)
    assert task.cancelled(), "a job that is still running is told"


def test_progress_is_that_of_the_kinds_asked_for():
    work, progress = Work(), Progress(1, 2, 3.0)
    with work.doing(Kind.READ_TESTS) as task:
        assert work.progress(Kind.READ_TESTS) is None
        task.report(progress)
        assert work.progress(Kind.READ_TESTS, Kind.COMPARE) is progress
        assert work.progress(Kind.CLASSIFY) is None
        task.kind = Kind.COMPARE
        assert work.kind is Kind.COMPARE


def test_only_work_of_the_kinds_named_is_stopped_and_the_next_begins_afresh():
    work = Work()
    assert not work.cancel(Kind.CLASSIFY)
    with work.doing(Kind.CLASSIFY) as task:
        assert not work.cancel(Kind.FIND_HEADS)
        assert not task.cancelled()
        assert work.cancel(Kind.FIND_HEADS, Kind.CLASSIFY)
        assert task.cancelled()
    with work.doing(Kind.CLASSIFY) as task:
        assert not task.cancelled()


def test_what_waits_for_its_turn_is_seen_and_can_be_stopped_and_is_gone_when_it_begins():
    work = Work()
    with work.doing(Kind.PROMPT) as under_way, work.waiting(Kind.EFFECTS, "find_effects") as task:
        assert work.at(Kind.EFFECTS, Kind.VECTOR) is task
        assert work.at(Kind.PROMPT, Kind.EFFECTS) is under_way
        assert work.kind is Kind.PROMPT
        work.stand(place := Place(1, None))
        assert [work.place_of(each) for each in (under_way, task)] == [place, None]
        assert work.cancel(Kind.EFFECTS)
        assert (under_way.cancelled(), task.cancelled()) == (False, True)
    assert work.at(*Kind) is None


def test_what_is_paused_waits_until_it_is_resumed():
    work = Work()
    work.pause(Kind.FIND_HEADS)
    assert work.paused(Kind.FIND_HEADS)
    assert not work.paused(Kind.CLASSIFY)
    work.resume(Kind.FIND_HEADS)
    work.resume(Kind.FIND_HEADS)
    assert not work.paused(Kind.FIND_HEADS)
