"""CameraBench in its owners' layout -> items: a list for each of 15 movements of the camera, questions of yes and no."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from sav_core.benchmarks.facts import CAMERA_TASKS
from sav_core.benchmarks.folder import Folder
from sav_core.benchmarks.items import Item
from sav_core.benchmarks.prompts import ask

__all__ = ["read_camerabench"]


def read_camerabench(folder: Folder) -> Iterator[Item]:
    """Read the lists that are there; their clips lie anywhere in the folder.

    Raises:
        DatasetError: there is none, or a line lacks what it needs.
    """
    home = posixpath.join(folder.home("binary_classification", "data", "camerabench/data"), "binary_classification")
    names = {task: posixpath.join(home, f"{called}.jsonl") for called, task in CAMERA_TASKS.items()}
    there = {task: name for task, name in names.items() if (folder.root / name).is_file()}
    if not there:
        raise folder.wrong(f"none of {', '.join(names.values())} is there")
    for task, name in there.items():
        for number, record in enumerate(folder.records(name)):
            where = f"entry {number} of {name}"
            plain, full = ask("statement", folder.text(record, "question", where))
            label = folder.text(record, "label", where)
            if images := folder.find([folder.text(record, "image", where)]):
                yield Item(f"{task}:{number}", folder.source, images, label, plain, full, task=task)
