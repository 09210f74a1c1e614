"""A worker process with a model on one device; see ``devices``."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sav_core.bulk.task import Task
from sav_core.bulk.wire import outcome_as_wire, portion_from_dict
from sav_core.bulk.work import Read, Worker, read_portion
from sav_core.data.workers.loop import Request, Said, serve
from sav_core.errors import SavError

__all__ = ["answer"]


def answer(request: Request, payload: bytes) -> Said:
    """Return the facts of the model, or what came of a portion; else what was wrong, and what kind."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        says, buffers = _answer(request)
    return {**says, "warnings": [str(each.message) for each in caught]}, buffers


def _answer(request: Request) -> Said:
    try:
        task = Task.from_dict(request["task"])
        worker = _loaded(task, request["device"], request["threads"])
        if request["portion"] is None:
            return {"facts": worker.facts.as_dict()}, []
        read = _opening(request["portion"], task).result()
        if request["following"] is not None:
            _opening(request["following"], task)
        outcome, _ = worker.work(read, task.levels)
        return outcome_as_wire(outcome)
    except SavError as error:
        return {"fault": type(error).__name__, "text": str(error)}, []
    except Exception:  # noqa: BLE001  # told to the program, whose fault it is
        return {"fault": "", "text": traceback.format_exc()}, []


_THREAD = ThreadPoolExecutor(1, thread_name_prefix="open")
_opened: dict[int, Future[Read]] = {}
_workers: list[Worker] = []


def _opening(values: Mapping[str, Any], task: Task) -> Future[Read]:
    """The pictures of a portion, being opened beside the model's work; asked for again, they are opened again."""
    number = values["number"]
    if number not in _opened:
        _opened.clear()
        _opened[number] = _THREAD.submit(lambda: read_portion(portion_from_dict(values), task))
    return _opened[number]


def _loaded(task: Task, device: str, threads: int | None) -> Worker:
    """The one model of this process, loaded when it is first asked for."""
    if not _workers:
        if threads is not None:
            import torch

            torch.set_num_threads(threads)
        _workers.append(Worker(task, device))
    return _workers[0]


def _speak_alone() -> Any:
    """Keep standard output for answers: what a library prints goes where its complaints go."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    sys.stdout = _speak_alone()
    serve(answer, of_strangers=False)
