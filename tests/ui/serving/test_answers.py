"""What one visitor does much of: it is answered all the same, so many at once, in order, and costs the others nothing."""

import asyncio
import threading
import time
from contextvars import ContextVar

from sav_ui.serving.answers import Answers

WHO = ContextVar("who", default="")


def test_more_than_are_done_at_once_wait_in_order_and_only_what_is_far_too_much_is_refused():
    answers, order, lock = Answers(at_once=2, most=6), [], threading.Lock()
    under_way, most_seen = 0, 0

    def work(number):
        nonlocal under_way, most_seen
        with lock:
            order.append(number)
            under_way += 1
            most_seen = max(most_seen, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return number, WHO.get()

    async def ask():
        WHO.set("somebody")
        of_one = asyncio.gather(*(answers.in_turn("a", "here", work, number) for number in range(8)))
        return await asyncio.gather(of_one, answers.in_turn("b", "here", work, 99))

    of_one, of_another = asyncio.run(ask())
    assert of_one == [*((number, "somebody") for number in range(6)), None, None]
    assert of_another == (99, "somebody")
    assert most_seen <= 3, "two of the one and one of the other"
    first = [number for number in order if number != 99]
    assert sorted(first[:2]) == [0, 1]
    assert sorted(first) == [*range(6)]
    assert answers._lanes._there == {}


def test_what_goes_wrong_in_one_answer_leaves_the_next_its_turn():
    answers = Answers(at_once=1)

    def fail():
        raise ZeroDivisionError

    async def ask():
        return await asyncio.gather(
            answers.in_turn("a", "here", fail), answers.in_turn("a", "here", str, 1), return_exceptions=True
        )

    failed, fine = asyncio.run(ask())
    assert isinstance(failed, ZeroDivisionError)
    assert fine == "1"


def test_one_address_takes_no_more_threads_than_its_part_however_many_visitors_it_has():
    at_once, most, others = [], [], []

    def work():
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.01)
        at_once.pop()

    async def many():
        answers = Answers(of_address=2)
        crowd = [answers.in_turn(f"visitor {number}", "here", work) for number in range(6)]
        await asyncio.gather(*crowd, answers.in_turn("another", "there", lambda: others.append(len(at_once))))

    asyncio.run(many())
    assert len(most) == 6
    assert max(most) <= 2
    assert len(others) == 1
