import threading
from itertools import chain, repeat

import pytest

from sav_core.activations.prefetch import prefetch


def test_windows_have_the_sizes_asked_for():
    windows = list(prefetch(lambda item: 2 * item, range(7), chain([1, 2], repeat(3))))
    assert windows == [[0], [2, 4], [6, 8, 10], [12]]


def test_nothing_gives_nothing():
    assert list(prefetch(str, [], repeat(3))) == []


def test_the_next_window_is_prepared_while_this_one_is_used():
    done = threading.Event()

    def prepare(item):
        if item == 3:
            done.set()
        return item

    windows = prefetch(prepare, range(4), repeat(2))
    assert next(windows) == [0, 1]
    assert done.wait(60)  # without asking for the next window
    assert list(windows) == [[2, 3]]


def test_an_error_comes_in_its_turn():
    def prepare(item):
        return 1 // (3 - item)

    windows = prefetch(prepare, range(6), repeat(2))
    assert next(windows) == [0, 0]
    with pytest.raises(ZeroDivisionError):
        next(windows)


def test_its_thread_ends_with_it():
    windows = prefetch(str, range(100), repeat(2))
    next(windows)
    assert any(thread.name.startswith("prepare") for thread in threading.enumerate())
    windows.close()
    assert not any(thread.name.startswith("prepare") for thread in threading.enumerate())


def test_stopping_drops_the_window_it_is_in():
    seen = []
    assert list(prefetch(seen.append, range(100), repeat(10), stop=lambda: True)) == []
    assert len(seen) < 5


def test_several_threads_prepare_at_once_and_keep_the_order():
    both = threading.Barrier(2, timeout=60)  # one thread alone would wait for the other in vain

    def prepare(item):
        both.wait()
        return item

    assert list(prefetch(prepare, range(6), repeat(2), threads=2)) == [[0, 1], [2, 3], [4, 5]]
