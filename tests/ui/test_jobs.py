import threading

import pytest

from sav_ui.jobs import Job


def test_it_ticks_while_it_works_and_then_answers():
    gate = threading.Event()
    job = Job(lambda: gate.wait(60) and "done", every=0.01)
    ticks = job.ticks()
    for _ in range(3):
        next(ticks)
    gate.set()
    list(ticks)
    assert job.result() == "done"


def test_what_it_raises_belongs_to_whoever_asks():
    def fail():
        raise ValueError("why")

    job = Job(fail)
    list(job.ticks())
    with pytest.raises(ValueError, match="why"):
        job.result()
