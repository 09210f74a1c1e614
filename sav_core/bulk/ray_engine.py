"""Portions over a Ray cluster: a pool of actors, each with the model loaded once, fed by Ray Data; parts go to a folder.

    engine = RayEngine(task, "s3://results/pets.parquet", workers="all")
    for outcome in engine.run(portions(listing.examples)): ...

Ray Data hands out a portion at a time, so that no more than the portions being worked on are in memory anywhere, and gives
that of a lost worker or machine to another. What is finished is a file; a run that was stopped does the rest when it is
called again.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sav_core import errors
from sav_core.bulk.here import scan_levels
from sav_core.bulk.part_files import PartFolder, manifest_of, missing
from sav_core.bulk.task import Facts, Outcome, Portion, Task
from sav_core.bulk.wire import portion_as_dict, portion_from_dict
from sav_core.bulk.work import Worker, read_portion
from sav_core.data.pictures.levels import Levels
from sav_core.errors import BackboneError, SavError, SettingError
from sav_core.types import Progress, ProgressCallback

__all__ = ["PartActor", "RayEngine"]


class PartActor:
    """What each worker of the pool is.

    Args:
        task: as JSON values.
        classifier: the content of the task's ``.sav`` file, which is on the driver's machine.
        place: of the folder for parts.
    """

    def __init__(self, task: dict[str, Any], classifier: bytes | None, place: str) -> None:
        self._task, self._folder = Task.from_dict(task), PartFolder(place)
        self._worker = _worker(self._task, classifier)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Do a portion and write its part; return its number and, if it was not done, why."""
        values = json.loads(row["portion"])
        told = {"number": values["number"], "examples": len(values["rows"]), "wide": False, "fault": "", "text": ""}
        if not self._folder.may_try(values["number"]):
            return {**told, "fault": "BackboneError", "text": _given_up(values)}
        try:
            outcome, _ = self._worker.work(read_portion(portion_from_dict(values), self._task), self._task.levels)
            if outcome.wide:
                return {**told, "wide": True}
            self._folder.write(outcome, self._task)
        except SavError as error:
            return {**told, "fault": type(error).__name__, "text": str(error)}
        return told


def _given_up(values: dict[str, Any]) -> str:
    first = values["first"] + 1
    return (
        f"Examples {first:,} to {first + len(values['rows']) - 1:,} have ended one worker after another: leave out what is "
        "odd among them, or give the workers more memory, and go on."
    )


def _worker(task: Task, classifier: bytes | None) -> Worker:
    if classifier is None:
        return Worker(task)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "classifier.sav"
        file.write_bytes(classifier)
        return Worker(replace(task, classifier=str(file)))


def _facts(task: dict[str, Any], classifier: bytes | None) -> dict[str, Any]:
    """What a worker knows of its model, or what is wrong with it."""
    try:
        return {"facts": _worker(Task.from_dict(task), classifier).facts.as_dict()}
    except SavError as error:
        return {"fault": type(error).__name__, "text": str(error)}


class RayEngine:
    """A Ray cluster as an engine: the one that ``RAY_ADDRESS`` names, or one on this machine.

    Args:
        task: what is done.
        place: folder for the parts, that every machine of the cluster can write: a path or an address.
        workers: how many, or ``"all"``: one for each GPU; without GPUs one for each machine, with all its cores.

    Raises:
        SettingError: Ray is not installed, or ``workers`` is neither.
        SavError: the model cannot be loaded there.
    """

    def __init__(self, task: Task, place: str, workers: str = "all") -> None:
        self._ray = _started()
        self._count, self._each = _pool(self._ray, workers)
        self._folder = PartFolder(place)
        self._classifier = None if task.classifier is None else Path(task.classifier).read_bytes()
        if task.model is not None and Path(task.model).is_dir():  # workers start in other folders
            task = replace(task, model=str(Path(task.model).absolute()))
        told = self._probed(task)
        _check(told)
        self.facts = Facts.from_dict(told["facts"])
        self._task = task if task.classifier is not None else replace(task, dtype=self.facts.dtype)

    def run(self, portions: Sequence[Portion], progress: ProgressCallback | None = None) -> Iterator[Outcome]:
        """Do what is not finished, then yield what came of each portion, in their order, but for the vectors.

        Raises:
            SettingError: the folder is of another run.
            SavError: as ``Worker.work``; what was finished by then stays finished.
        """
        self._folder.begin(manifest_of(self._task, self.facts, portions, self._classifier))
        levels = self._folder.levels()
        wide = self._work(portions, levels, progress)
        if wide:
            levels = scan_levels(portions[min(wide) :], self._task)
            self._folder.keep_levels(levels)
            self._work(portions, levels, progress)
        for portion in portions:
            yield self._folder.read(portion.number, self._task, self.facts)

    def _probed(self, task: Task) -> dict[str, Any]:
        """What one worker knows of the model."""
        remote = self._ray.remote(_facts).options(**self._each)
        try:
            return dict(self._ray.get(remote.remote(task.as_dict(), self._classifier)))
        except self._ray.exceptions.RayTaskError as error:
            if "No module named" not in str(error):
                raise
            absent = str(error).rsplit("No module named", 1)[1].splitlines()[0].strip()
            raise SettingError(
                f"A machine of the cluster has no module {absent}: install this project, with its extra `ray` and the same "
                "Python, on every one."
            ) from error

    def _work(self, portions: Sequence[Portion], levels: Levels | None, progress: ProgressCallback | None) -> list[int]:
        """Do what is not finished; return the numbers of the portions that wait for the rule for wide pictures."""
        waiting = missing(portions, self._folder.finished())
        if not waiting:
            return []
        import ray.data

        started, total = time.perf_counter(), sum(len(portion.listed) for portion in portions)
        done = total - sum(len(portion.listed) for portion in waiting)
        rows = [{"portion": json.dumps(portion_as_dict(portion))} for portion in waiting]
        task = replace(self._task, levels=levels).as_dict()
        arguments = {"task": task, "classifier": self._classifier, "place": self._folder.place}
        # A block a portion: what is handed out, and done again where a worker is lost.
        parts = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            PartActor,
            fn_constructor_kwargs=arguments,
            compute=ray.data.ActorPoolStrategy(size=min(self._count, len(rows))),
            **self._each,
        )
        wide = []
        for told in parts.iter_rows():
            _check(told)
            done += told["examples"]
            if told["wide"]:
                wide.append(told["number"])
            if progress is not None:
                progress(Progress(done, total, time.perf_counter() - started))
        return wide


def _started() -> Any:
    """Ray, connected to its cluster and quiet."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SettingError("--engine ray needs Ray: install it with `pip install -r requirements-ray.txt`.") from error
    if not ray.is_initialized():
        ray.init(logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def _pool(ray: Any, workers: str) -> tuple[int, dict[str, Any]]:
    """How many workers there are, and what each takes."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    if workers == "all":
        cores = int(min(node["CPU"] for node in nodes))
        return (gpus, {"num_gpus": 1}) if gpus else (len(nodes), {"num_cpus": cores})
    count = int(workers) if workers.isascii() and workers.isdigit() else 0
    most = gpus or int(sum(node["CPU"] for node in nodes))
    if not 1 <= count <= most:
        what = "GPUs" if gpus else "cores"
        raise SettingError(f"--devices must be 1 to {most}, the {what} of the cluster, or 'all', but is {workers!r}.")
    return count, {"num_gpus": 1} if gpus else {"num_cpus": 1}


def _check(told: dict[str, Any]) -> None:
    if told.get("fault"):
        kind = getattr(errors, told["fault"], BackboneError)
        raise kind(told["text"])
