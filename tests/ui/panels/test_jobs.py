import multiprocessing
import threading

import pytest

from sav_core.errors import InputError
from sav_ui.panels.errors import UNEXPECTED, UnexpectedError
from sav_ui.panels.jobs import Job


def test_it_ticks_while_it_works_and_then_answers():
    gate = threading.Event()
    job = Job(lambda: gate.wait(60) and "done", every=0.01)
    ticks = job.ticks()
    for _ in range(3):
        next(ticks)
    gate.set()
    list(ticks)
    assert job.result() == "done"


def failed(error):
    def fail():
        raise error

    job = Job(fail)
    list(job.ticks())
    return job


def test_what_it_raises_belongs_to_whoever_asks():
    with pytest.raises(InputError, match="why"):
        failed(InputError("why")).result()


def test_what_nobody_planned_is_a_sentence_and_its_traceback_is_in_the_log(caplog):
    with pytest.raises(UnexpectedError) as caught:
        failed(ValueError("why")).result()
    assert str(caught.value) == UNEXPECTED
    assert "in fail" in caplog.text
    assert "ValueError: why" in caplog.text


def work_in_a_job():
    assert Job(lambda: "done").result() == "done"


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # forking is what ZeroGPU does
def test_a_forked_process_starts_threads_of_its_own():
    work_in_a_job()  # here a thread is idle now, of which the fork has but the count
    process = multiprocessing.get_context("fork").Process(target=work_in_a_job)
    process.start()
    process.join(60)
    hangs = process.exitcode is None
    if hangs:
        process.kill()
    assert not hangs
    assert process.exitcode == 0
