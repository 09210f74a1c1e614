"""What must end by a time: given up on once if it does not, and never after it has ended."""

import threading

from sav_core.data.workers.deadlines import Deadlines


def test_what_takes_too_long_is_given_up_whatever_else_is_watched():
    deadlines, given_up = Deadlines(), threading.Event()
    with deadlines.within(3600, lambda: 1 / 0), deadlines.within(0.01, given_up.set), deadlines.within(3600, lambda: 1 / 0):
        assert given_up.wait(60)


def test_what_has_ended_is_left_alone_and_one_thread_watches_all():
    deadlines, given_up, threads = Deadlines(), [], threading.active_count()
    for number in range(50):
        with deadlines.within(0.05, lambda number=number: given_up.append(number)):
            pass
    over = threading.Event()
    with deadlines.within(0.1, over.set):
        assert over.wait(60), "by then all of them would have been due"
        assert threading.active_count() <= threads + 1
    assert given_up == []
