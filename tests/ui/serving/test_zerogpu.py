import contextlib
import pickle
import threading
from types import SimpleNamespace
from unittest import mock

import pytest

from sav_core.errors import CancelledError, InputError, OutOfMemoryError, SavError
from sav_core.types import Progress
from sav_ui.panels.errors import UnexpectedError
from sav_ui.serving import zerogpu as gpu


def double(backbone, numbers, *, progress=None, cancel=None):
    """A task as the core's: told of progress, asked to stop."""
    done = []
    for number in numbers:
        if cancel is not None and cancel():
            break
        done.append(2 * number)
        if progress is not None:
            progress(Progress(len(done), len(numbers), 0.1))
    return backbone.name, done


def refuse(backbone, sentence):
    raise InputError(sentence)


def wait_for_cancel(backbone, started, *, progress, cancel):
    progress(Progress(1, 2, 0.1))
    while not cancel():
        threading.Event().wait(0.01)
    STOPPED.set()
    return "stopped"


STOPPED = threading.Event()
"""Set by the task above, wherever it runs."""


class Waiting:
    """A backbone that notes where it is moved to."""

    def __init__(self, parameters):
        self.name, self.moved = "some model", []
        self.model = SimpleNamespace(num_parameters=lambda: parameters, to=self.moved.append)


@pytest.fixture
def lent(monkeypatch):
    """ZeroGPU as ``spaces`` does it: arguments and everything that comes back are pickled."""

    def call(*arguments):
        steps = gpu._elsewhere(*pickle.loads(pickle.dumps(arguments)))
        with contextlib.closing(steps):
            for step in steps:
                yield pickle.loads(pickle.dumps(step))

    monkeypatch.setattr(gpu, "LENT", True)
    monkeypatch.setattr(gpu, "_lent", call)


LARGE, SMALL = 2_000_000_000, 20_000_000


def test_without_zerogpu_a_task_runs_right_here(monkeypatch):
    monkeypatch.setattr(gpu, "_lent", None)
    backbone = Waiting(LARGE)
    assert gpu.forward(backbone, "a/b", double, [1, 2]) == ("some model", [2, 4])
    assert backbone.moved == []


def test_a_lent_gpu_gives_the_same_answer_and_progress(lent):
    backbone, told = Waiting(LARGE), []
    assert gpu.forward(backbone, "a/b", double, [1, 2, 3], progress=told.append) == ("some model", [2, 4, 6])
    assert [progress.done for progress in told] == [1, 2, 3]
    assert backbone.moved == ["cuda"]


def test_a_small_model_takes_nobodys_share(lent, monkeypatch):
    monkeypatch.setattr(gpu, "_lent", None)
    backbone = Waiting(SMALL)
    assert gpu.forward(backbone, "", double, [1]) == ("some model", [2])
    assert backbone.moved == []


def test_what_a_task_refuses_is_refused_here_with_its_sentence(lent):
    with pytest.raises(InputError, match="choose another picture"):
        gpu.forward(Waiting(LARGE), "a/b", refuse, "Too small: choose another picture.")


def test_cancel_reaches_a_task_elsewhere(lent):
    with pytest.raises(CancelledError, match="what is done is kept"):
        gpu.forward(Waiting(LARGE), "a/b", wait_for_cancel, 0, progress=lambda _: None, cancel=lambda: True)
    assert STOPPED.wait(60)


def test_a_process_that_does_not_know_the_model_loads_it(lent, monkeypatch):
    loaded = Waiting(LARGE)
    monkeypatch.setattr(gpu, "load", lambda model: loaded)
    monkeypatch.setattr(gpu, "_waiting", {})
    steps = gpu._elsewhere("a/b", double, ([4],), False)
    assert next(steps).value() == ("some model", [8])
    assert loaded.moved == ["cuda"]


def test_a_used_up_share_is_a_sentence(lent, monkeypatch):
    import gradio as gr

    def none_left(*_):
        raise gr.Error("Your <b>daily</b> share is used up. <a href='x'>More</a>")
        yield

    monkeypatch.setattr(gpu, "_lent", none_left)
    with pytest.raises(SavError, match=r"^No GPU was lent: Your daily share is used up. More.$"):
        gpu.forward(Waiting(LARGE), "a/b", double, [1])


def test_a_gpu_taken_back_is_a_sentence(lent, monkeypatch):
    monkeypatch.setattr(gpu, "_lent", lambda *_: (step for step in ()))
    with pytest.raises(SavError, match="taken back"):
        gpu.forward(Waiting(LARGE), "a/b", double, [1])


def test_a_fault_of_ours_is_a_sentence_too_and_the_log_has_it_in_full(lent, caplog):
    with pytest.raises(UnexpectedError):
        gpu.forward(Waiting(LARGE), "a/b", double, 3)
    assert "TypeError" in caplog.text


def run_out(backbone, error):
    raise error


OUT_OF_MEMORY = [
    MemoryError(),
    RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_memory_that_runs_out_is_a_sentence(error):
    with pytest.raises(OutOfMemoryError, match="some model ran out of memory here: use fewer") as caught:
        gpu.forward(Waiting(SMALL), "", run_out, error)
    assert caught.value.__context__ is None, "its frames would keep what was to be freed"


def test_memory_that_runs_out_elsewhere_is_a_sentence(lent):
    with pytest.raises(OutOfMemoryError, match="ran out of memory"):
        gpu.forward(Waiting(LARGE), "a/b", run_out, RuntimeError("CUDA out of memory"))


def test_another_error_of_the_model_is_not_taken_for_it():
    with pytest.raises(RuntimeError, match="shape"):
        gpu.forward(Waiting(SMALL), "", run_out, RuntimeError("shape mismatch"))


@pytest.mark.parametrize(("examples", "seconds"), [(0, 20), (1, 20.4), (100, 60), (3000, 110)])
def test_more_examples_ask_for_more_seconds(examples, seconds):
    assert gpu._seconds("a/b", double, ([0] * examples,), True) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("lend", "model", "options"),
    [
        (False, "", {}),
        (False, "a/b", {}),
        (True, "", {"device": "cpu", "dtype": "auto"}),
        (True, "a/b", {"device": "cpu", "dtype": "bfloat16"}),
    ],
)
def test_models_wait_in_main_memory_where_a_gpu_is_lent(monkeypatch, lend, model, options):
    asked = []
    monkeypatch.setattr(gpu, "LENT", lend)
    loaded = mock.Mock()
    monkeypatch.setattr(
        "sav_core.models.backbones.load_backbone", lambda name, **given: asked.append((name, given)) or loaded
    )
    assert gpu.load(model) is loaded
    loaded.limit_tokens.assert_called_once_with(32_768, "the limit of this server")
    assert asked == [(model or None, {**options, "hub_only": bool(model)})]
