"""What several callers have read together is what each would have got alone."""

import threading

import numpy as np
import pytest

from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.examples import Example
from sav_core.errors import CancelledError, InputError, OutOfMemoryError
from sav_core.reports.reading import read_vectors
from sav_ui.serving import reading as reading_module
from sav_ui.serving import zerogpu
from sav_ui.serving.callers import Caller, calling
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.reading import read_first_layers, read_together, reading_of
from tests.support.people import put
from tests.support.tiny_models import example_image


def never():
    return False


@pytest.fixture(scope="module")
def backbone(tiny_backbone):
    return tiny_backbone("llava")


def examples(count, first=0):
    return [Example(example_image(first + row), "What is it?", f"label {row % 2}") for row in range(count)]


def wanted(some, task=read_vectors, cache=None, hidden=False, progress=None, stop=never):
    return reading_of("", task, (some, cache, hidden), progress, stop)


def alike(found, alone):
    assert (found.labels, found.names, found.positions, found.asked) == (
        alone.labels,
        alone.names,
        alone.positions,
        alone.asked,
    )
    assert (found.model, found.dtype) == (alone.model, alone.dtype)
    np.testing.assert_allclose(found.values, alone.values, atol=1e-5)


def test_each_gets_what_they_get_alone(backbone):
    asked = [examples(5), examples(2, 20), examples(9, 40)]
    readings = [wanted(some, hidden=True) for some in asked]
    read_together(backbone, readings, never)
    for some, reading in zip(asked, readings, strict=True):
        assert reading.ended
        alone = extract_head_vectors(backbone, some, cache=None, hidden=True)
        alike(reading.result(backbone), alone)
        np.testing.assert_allclose(reading.result(backbone).hidden, alone.hidden, atol=1e-5)


def test_each_gets_as_many_layers_as_they_want_and_the_model_runs_no_further(backbone, monkeypatch):
    found, deepest = [], []
    forward = zerogpu.forward

    def noting(backbone, model, task, *args, **watching):
        deepest.append(args[-1])
        return forward(backbone, model, task, *args, **watching)

    monkeypatch.setattr(zerogpu, "forward", noting)
    for depths in ((1, 2), (2, None)):
        readings = [reading_of("", read_first_layers, (examples(3), depth), None, never) for depth in depths]
        read_together(backbone, readings, never)
        found += [reading.result(backbone) for reading in readings]
    assert deepest == [2, None]
    whole = extract_head_vectors(backbone, examples(3), cache=None)
    for vectors, layers in zip(found, (1, 2, 2, 3), strict=True):
        assert vectors.geometry.layers == layers
        assert vectors.ends_early is (layers < 3)
        np.testing.assert_allclose(vectors.values, whole.values[:, :layers], atol=1e-5)


def test_one_alone_gets_it_to_the_last_bit(backbone):
    reading = wanted(examples(5))
    read_together(backbone, [reading], never)
    alone = extract_head_vectors(backbone, examples(5), cache=None)
    assert reading.result(backbone).values.tobytes() == alone.values.tobytes()


def test_what_takes_several_turns_comes_in_its_order(backbone, monkeypatch):
    monkeypatch.setattr(reading_module, "_AT_ONCE", 8)
    told = []
    long, short = wanted(examples(11), progress=told.append), wanted(examples(3, 30))
    read_together(backbone, [long, short], never)
    assert (long.ended, short.ended) == (False, True)
    while not long.ended:
        read_together(backbone, [long, wanted(examples(2, 50))], never)
    alike(long.result(backbone), extract_head_vectors(backbone, examples(11), cache=None))
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert (done[-1], told[-1].total) == (11, 11)


def test_a_turn_ends_when_somebody_waits_for_something_else_but_not_before_anything_is_read(backbone, monkeypatch):
    monkeypatch.setattr(reading_module, "_SECONDS", 0)
    reading = wanted(examples(30))
    read_together(backbone, [reading], lambda: True)
    assert not reading.ended
    assert len(reading.next(None)) < 30
    read_together(backbone, [reading], never)
    alike(reading.result(backbone), extract_head_vectors(backbone, examples(30), cache=None))


def test_only_the_one_whose_example_is_refused_hears_of_it(backbone, monkeypatch):
    encode_all = backbone.encode_all

    def refuse(some):
        if any(example.question == "Too small?" for example in some):
            raise InputError("This one is too small.")
        return encode_all(some)

    monkeypatch.setattr(backbone, "encode_all", refuse)
    bad, good = wanted([Example(example_image(0), "Too small?")]), wanted(examples(3))
    read_together(backbone, [bad, good], never)
    with pytest.raises(InputError, match="too small"):
        bad.result(backbone)
    alike(good.result(backbone), extract_head_vectors(backbone, examples(3), cache=None))


def test_memory_that_runs_out_for_many_is_tried_for_each(backbone, monkeypatch):
    forward, sizes = zerogpu.forward, []

    def small(backbone, model, task, some, *args, **watching):
        sizes.append(len(some))
        if len(some) > 4:
            raise OutOfMemoryError("Not enough.")
        return forward(backbone, model, task, some, *args, **watching)

    monkeypatch.setattr(zerogpu, "forward", small)
    readings = [wanted(examples(3, 10 * row)) for row in range(2)] + [wanted(examples(5, 40))]
    read_together(backbone, readings, never)
    assert sizes == [11, 3, 3, 5]
    assert [len(reading.result(backbone)) for reading in readings[:2]] == [3, 3]
    with pytest.raises(OutOfMemoryError, match="Not enough"):
        readings[2].result(backbone)


def test_who_stops_gets_what_was_read_and_the_others_all_of_theirs(backbone):
    stopped, other = wanted(examples(3), stop=lambda: True), wanted(examples(3, 20))
    read_together(backbone, [stopped, other], never)
    assert stopped.ended
    with pytest.raises(CancelledError, match="0 of 3"):
        stopped.result(backbone)
    assert len(other.result(backbone)) == 3


@pytest.fixture
def waiting(backbone, monkeypatch):
    """Two visitors who wait to have pictures read while a third has the model; returns what the model was shown."""
    shown, forward = [], zerogpu.forward

    def watch(backbone, model, task, some, *args, **watching):
        shown.append(len(some) if isinstance(some, list) else some)
        return forward(backbone, model, task, some, *args, **watching)

    monkeypatch.setattr(zerogpu, "forward", watch)

    def run(models):
        started, gate, found = threading.Event(), threading.Event(), {}
        put(models, "", backbone)

        def hold():
            with models.turns.turn(Caller("first"), never):
                started.set()
                gate.wait(60)

        def read(name, some):
            with calling(Caller(name)):
                found[name] = models.run("", read_vectors, some, None, False)

        threads = [threading.Thread(target=hold)]
        threads[0].start()
        assert started.wait(60)
        for name, some in (("a", examples(2)), ("b", examples(3, 20))):
            threads.append(threading.Thread(target=read, args=(name, some)))
            threads[-1].start()
        while len(models.turns) < 2:
            threading.Event().wait(0.01)
        gate.set()
        for thread in threads:
            thread.join(60)
        return found, shown

    return run


def test_visitors_who_wait_are_served_in_one_forward(waiting, backbone):
    found, shown = waiting(ModelPool())
    assert shown == [5]
    alike(found["b"], extract_head_vectors(backbone, examples(3, 20), cache=None))


def test_without_it_one_after_another(waiting):
    found, shown = waiting(ModelPool(together=False))
    assert shown == [2, 3]
    assert [len(found[name]) for name in "ab"] == [2, 3]


def test_a_job_that_takes_too_long_ends_with_a_sentence(backbone):
    models = ModelPool()
    put(models, "", backbone)
    with calling(Caller("a", limit_seconds=-1)), pytest.raises(Exception, match="bring fewer pictures") as caught:
        models.run("", extract_head_vectors, examples(3))
    assert not isinstance(caught.value, (CancelledError, InputError))
