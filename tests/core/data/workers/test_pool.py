"""A worker process: it may crash, hang, eat memory or say nonsense, and the next request is answered."""

import os
import sys
import threading
import time

import pytest

from sav_core.data.workers.pool import Allotment, WorkerLostError, WorkerPool

PLENTY = Allotment(256 << 20, 60.0, 30)


@pytest.fixture(scope="module")
def pool():
    pool = WorkerPool("tests.support.odd_worker", most=2)
    yield pool
    pool.close()


def echo(pool):
    answer = pool.ask({"do": "echo", "said": "ä\n"}, PLENTY, b"\0\n" * 700_000)
    assert answer.says["said"] == "ä\n"
    assert answer.parts == (b"\0\n" * 700_000, b"", b"\0")
    return answer.says["pid"]


def test_bytes_go_both_ways_and_a_worker_stays(pool):
    assert echo(pool) == echo(pool)


@pytest.mark.skipif(sys.platform == "win32", reason="it knows no such steps")
def test_a_worker_gives_way_to_the_program(pool):
    worker, program = (os.getpriority(os.PRIO_PROCESS, process) for process in (echo(pool), 0))
    assert worker == min(19, program + 5)


@pytest.mark.parametrize("harm", ["die", "chatter"])
def test_one_that_crashes_or_talks_nonsense_costs_its_own_request_alone(pool, harm):
    before = echo(pool)
    with pytest.raises(WorkerLostError) as lost:
        pool.ask({"do": harm}, PLENTY)
    assert not lost.value.overdue
    assert echo(pool) != before


@pytest.mark.parametrize(("harm", "allotment"), [("spin", Allotment(1 << 20, 60.0, 0)), ("sleep", Allotment(0, 0.3, 9))])
def test_one_that_takes_too_long_is_killed_by_the_processors_clock_or_by_the_walls(pool, harm, allotment):
    if harm == "spin" and sys.platform == "win32":
        pytest.skip("it knows no limit of computing")
    echo(pool)
    with pytest.raises(WorkerLostError) as lost:
        pool.ask({"do": harm}, allotment)
    assert lost.value.overdue
    assert lost.value.starved == (harm == "sleep")
    echo(pool)


@pytest.mark.skipif(sys.platform != "linux", reason="others know no such limit")
def test_memory_is_limited_by_request_and_may_be_more_for_the_next(pool):
    eat = {"do": "eat", "length": 200 << 20}
    assert pool.ask(eat, Allotment(100 << 20, 60.0, 30)).says == {"short": True}
    assert pool.ask(eat, Allotment(400 << 20, 60.0, 30)).says == {"length": 200 << 20}
    assert pool.ask(eat, Allotment(100 << 20, 60.0, 30)).says == {"short": True}


def test_one_that_has_left_for_nobody_asked_is_no_fault(pool):
    pool.ask({"do": "leave"}, PLENTY)
    worker = pool._idle[-1]
    worker._process.wait(30)
    echo(pool)


def test_a_slow_one_holds_nobody_else_up(pool, tmp_path):
    enough = tmp_path / "enough"
    echo(pool)
    slow = threading.Thread(target=pool.ask, args=({"do": "wait", "for": str(enough)}, PLENTY))
    slow.start()
    while pool._idle and slow.is_alive():  # until it has the worker that waited
        time.sleep(0.01)
    echo(pool)
    assert slow.is_alive(), "the other is still at it"
    enough.touch()
    slow.join()


def test_those_that_need_much_wait_for_one_another_alone(pool):
    order = []

    def much():
        order.append("begins")
        pool.ask({"do": "echo", "said": ""}, PLENTY, alone=True)

    with pool._alone.place():
        waiting = threading.Thread(target=much)
        waiting.start()
        echo(pool)
        assert waiting.is_alive()
    waiting.join(60)
    assert not waiting.is_alive()
