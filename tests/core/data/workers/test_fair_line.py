"""Places that many wait for go round."""

import threading
from contextvars import copy_context

from sav_core.data.workers.fair_line import WORKS_FOR, FairLine


def served(waiting, line):
    """In which order those get a place who ask in this order, while somebody of the first address has it."""
    order, threads = [], []

    def wait(whose):
        WORKS_FOR.set(whose)
        with line.place():
            order.append(whose)

    WORKS_FOR.set(waiting[0])
    with line.place():
        for number, whose in enumerate(waiting):
            threads.append(threading.Thread(target=wait, args=(whose,)))
            threads[-1].start()
            while len(line._waiting) <= number:
                pass
    for thread in threads:
        thread.join(60)
    return order


def test_one_address_with_many_files_keeps_no_other_waiting_nor_its_own_visitors():
    many, neighbour, other = ("here", "many"), ("here", "neighbour"), ("there", "other")
    asked = [many, many, many, neighbour, other, other]
    order = copy_context().run(served, asked, FairLine(1))
    assert order == [other, neighbour, other, many, many, many]


def test_who_waits_for_the_same_is_served_in_order_and_nothing_is_kept_of_them():
    line = FairLine(1)
    asked = [("a", str(number)) for number in range(5)]
    assert copy_context().run(served, asked, line) == [*asked[1:], asked[0]]
    assert (line._free, line._waiting, line._last) == (1, [], {})


def test_there_are_as_many_places_as_it_says():
    line, inside, most = FairLine(2), [], []

    def work():
        with line.place():
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 20
    assert max(most) <= 2
