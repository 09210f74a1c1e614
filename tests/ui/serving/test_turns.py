import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from sav_core.errors import CancelledError, SavError
from sav_ui.panels.jobs import Place
from sav_ui.serving.callers import Caller
from sav_ui.serving.turns import FULL, Turns


def never():
    return False


def soon(condition):
    """Wait until something is so."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


class Line:
    """Callers in threads of their own, who wait one after another while a first one has the model."""

    def __init__(self, turns):
        self.turns, self.came, self.threads = turns, [], []

    @contextmanager
    def behind_somebody(self, caller=None):
        with self.turns.turn(caller or Caller("first"), never):
            yield
        for thread in self.threads:
            thread.join(60)

    def ask(self, name, address="", shared=None, stop=never, told=None):
        caller = Caller(name, address, told or (lambda place: None))

        def wait():
            try:
                with self.turns.turn(caller, stop, shared) as mine:
                    self.came.append((name, mine))
            except SavError as error:
                self.came.append((name, error))

        before = len(self.turns)
        self.threads.append(threading.Thread(target=wait))
        self.threads[-1].start()
        soon(lambda: len(self.turns) > before or any(who == name for who, _ in self.came))
        return caller


@pytest.fixture
def line():
    return Line(Turns())


def names(line):
    return [name for name, _ in line.came]


def test_visitors_take_turns_however_much_one_asks(line):
    with line.behind_somebody():
        for name in ("a", "a", "a", "b", "c"):
            line.ask(name)
    assert names(line) == ["a", "b", "c", "a", "a"]


def test_whoever_was_served_last_is_behind_one_who_asks_later(line):
    with line.behind_somebody(Caller("a")):
        line.ask("a")
        line.ask("b")
    assert names(line) == ["b", "a"]


def test_a_crowd_at_one_address_has_no_more_turns_than_anybody_else(line):
    with line.behind_somebody():
        for number in range(4):
            line.ask(f"crowd {number}", "1.2.3.4")
        line.ask("one", "5.6.7.8")
    assert names(line)[:2] == ["crowd 0", "one"]


def test_one_has_the_model_at_a_time():
    turns, inside, most = Turns(), [], []

    def use(number):
        for _ in range(20):
            with turns.turn(Caller(str(number)), never):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert max(most) == 1
    assert len(most) == 160


def test_who_is_stopped_while_they_wait_leaves_the_line(line):
    with line.behind_somebody():
        line.ask("a", stop=lambda: True)
        soon(lambda: line.came)
        assert len(line.turns) == 0
    (_, error), *_ = line.came
    assert isinstance(error, CancelledError)


@pytest.mark.parametrize(("limits", "refused"), [({"most": 2}, "c"), ({"most_of_address": 2}, "c")])
def test_a_line_that_is_full_takes_no_more_and_says_what_to_do(limits, refused):
    line = Line(Turns(**limits))
    with line.behind_somebody():
        for name in ("a", "b", "c"):
            line.ask(name, "1.2.3.4")
        assert [(name, str(error)) for name, error in line.came] == [(refused, FULL)]
        line.came.clear()
        if "most_of_address" in limits:
            line.ask("d", "5.6.7.8")
            assert len(line.turns) == 3


def test_who_waits_is_told_how_many_are_before_them_and_for_how_long():
    now, told = [0.0], []
    line = Line(Turns(clock=lambda: now[0]))
    for seconds in (4, 8):
        with line.turns.turn(Caller("before", clock=lambda: now[0]), never):
            now[0] += seconds
    with line.behind_somebody(Caller("first", clock=lambda: now[0])):
        now[0] += 1
        line.ask("a")
        line.ask("b", told=told.append)
        soon(lambda: told)
        assert told[0] == Place(1, 5 + 6)
    assert told[-1] is None


def test_what_can_be_done_together_is_done_in_one_turn_and_counts_for_each(line):
    first, second, other = (SimpleNamespace(group=group, ended=False) for group in (1, 1, 2))
    shared = SimpleNamespace(group=1, ended=False)
    with line.turns.turn(Caller("leads"), never, shared):
        line.ask("a", shared=first)
        line.ask("b", shared=other)
        line.ask("c", shared=second)
        line.ask("a")
        assert line.turns.companions(shared) == [first, second]
        assert line.turns.pressed()
        first.ended = True
    for thread in line.threads:
        thread.join(60)
    assert ("a", False) in line.came, "it was done in the turn of another"
    own = [name for name, is_own in line.came if is_own]
    assert own in (["b", "a", "c"], ["b", "c", "a"])


def test_the_time_of_a_turn_is_shared_by_those_it_was_for():
    now = [0.0]
    line = Line(Turns(clock=lambda: now[0]))
    shared, other = SimpleNamespace(group=1, ended=False), SimpleNamespace(group=1, ended=False)
    leader = Caller("leads", limit_seconds=7, clock=lambda: now[0])
    with line.turns.turn(leader, never, shared):
        companion = line.ask("a", shared=other)
        line.turns.companions(shared)
        now[0] += 8
        assert leader.is_over
        other.ended = True
    for thread in line.threads:
        thread.join(60)
    assert (leader.spent, companion.spent) == (4, 4)
    assert not leader.is_over
