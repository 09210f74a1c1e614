import threading

import pytest

from sav_core.errors import CancelledError, SavError
from sav_ui.serving import guests as guests_module
from sav_ui.serving import zerogpu
from sav_ui.serving.guests import Guests
from sav_ui.serving.pool import ModelPool

A, B, C = "org/a", "org/b", "org/c"


def never():
    return False


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(guests_module, "_TICK", 0.005)
    return [0.0]


@pytest.fixture
def guests(now):
    guests = Guests(clock=lambda: now[0])
    guests.take("", "embedded")
    guests.take(A, "a")
    return guests


def may_load(guests, model, now=None, wait=0.0):
    """Whether a model may be loaded when it has been waited for so long."""
    if now is None:
        asked = [False, True, True]
        try:
            with guests.place_for(model, lambda: asked.pop(0) if asked else True):
                return True
        except CancelledError:
            return False
    ticks = iter([0, 1, 2])

    def stop():
        if next(ticks) == 0:
            now[0] += wait
            return False
        return True

    try:
        with guests.place_for(model, stop):
            return True
    except CancelledError:
        return False


def test_a_guest_whom_nobody_wants_makes_room_at_once(guests):
    with guests.place_for(B, never):
        guests.take(B, "b")
    assert (guests.get(""), guests.get(A), guests.get(B)) == ("embedded", None, "b")


def test_a_guest_who_is_wanted_stays_and_for_a_while_after(guests, now):
    with guests.wanting(A):
        assert not may_load(guests, B)
    now[0] += 5
    assert not may_load(guests, B), "its visitor may be back in a moment"
    now[0] += 6
    assert may_load(guests, B)


def test_nothing_stays_of_what_was_asked_for_and_never_came(guests):
    for model in ("x" * 1000, B):
        with guests.wanting(model), guests.wanting(model):
            assert guests._wanted[model] == 2
    with guests.place_for(B, never):
        guests.take(B, "b")
    kept = {*guests._wanted, *guests._used, *guests._came}
    assert kept <= {"", B}, "names are a stranger's, and as long as they like"


def test_nobody_waits_longer_than_a_minute_after_the_guest_came(guests, now):
    with guests.wanting(A):
        assert may_load(guests, B, now, wait=61)
        now[0] = 100
        guests.take(A, "a")
        assert not may_load(guests, B, now, wait=59)


def test_of_two_who_wait_the_first_comes_first(guests, now):
    with guests.place_for(B, never):
        assert guests._asked
    guests._asked.append((-1.0, C))
    assert not may_load(guests, B)
    assert may_load(guests, C)


def test_the_embedded_model_and_what_is_there_wait_for_nobody(guests):
    with guests.wanting(A):
        assert may_load(guests, "")
        assert may_load(guests, A)


def test_one_loads_at_a_time(guests):
    with guests.place_for("", never):
        assert not may_load(guests, A)


def test_a_model_that_cannot_be_loaded_holds_up_nobody_who_works_with_another(monkeypatch):
    models, gate = ModelPool(), threading.Event()
    failed = []

    def load(model):
        if not model:
            return "embedded"
        gate.wait(60)
        raise RuntimeError("odd weights")

    def ask():
        try:
            models.run(B, lambda backbone: backbone)
        except SavError as error:
            failed.append(str(error))

    monkeypatch.setattr(zerogpu, "load", load)
    monkeypatch.setattr(zerogpu, "is_lent", lambda backbone: False)
    monkeypatch.setattr(zerogpu, "_within_memory", lambda task, backbone, *args: task(backbone))
    assert models.run("", lambda backbone: backbone) == "embedded"
    thread = threading.Thread(target=ask)
    thread.start()
    while not models._guests._loading.locked():
        threading.Event().wait(0.005)
    assert models.run("", lambda backbone: backbone) == "embedded", "while the other one loads"
    gate.set()
    thread.join(60)
    assert failed == ["org/b cannot be loaded here: odd weights."]
    assert models.run("", lambda backbone: backbone) == "embedded"
