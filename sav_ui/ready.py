"""The ready tasks of ``assets/examples``: a folder each, with what it is about, support images and images to try."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sav_core.datasets import read_examples, read_queries
from sav_core.images import Picture
from sav_core.records import Example
from sav_core.settings import settings

__all__ = ["Task", "ready_tasks", "task_named"]


@dataclass(frozen=True)
class Task:
    """One task to start from.

    Attributes:
        name: the folder's name.
        title: what it is called.
        blurb: what it asks, in one line.
        question: what the model is asked.
        support: labelled examples.
        queries: examples to classify.
    """

    name: str
    title: str
    blurb: str
    question: str
    support: tuple[Example, ...]
    queries: tuple[Example, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order they come."""
        return tuple(dict.fromkeys(str(example.label) for example in self.support))

    @property
    def cover(self) -> tuple[Picture, ...]:
        """Four pictures of different labels to show it by."""
        firsts = [next(e for e in self.support if e.label == label) for label in self.labels]
        others = [example for example in self.support if example not in firsts]
        return tuple(example.images[0] for example in [*firsts, *others] if example.images)[:4]


@cache
def ready_tasks() -> tuple[Task, ...]:
    """Read every ready task, in the order of their folders' names."""
    folder = settings().assets / "examples"
    return tuple(_read(path) for path in sorted(folder.glob("*/task.json")))


def task_named(name: str) -> Task | None:
    """Return the task of that name, if there is one."""
    return next((task for task in ready_tasks() if task.name == name), None)


def _read(path: Path) -> Task:
    about = json.loads(path.read_text(encoding="utf-8"))
    question = str(about.get("question", ""))
    folder = path.parent
    lines = folder / "support.jsonl"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        support = read_examples(lines if lines.exists() else folder / "support", question=question)
        queries_from = folder / "queries.jsonl" if (folder / "queries.jsonl").exists() else folder / "queries"
        queries = tuple(read_queries(str(queries_from), question=question)) if queries_from.exists() else ()
    return Task(
        name=folder.name,
        title=str(about.get("title", folder.name)),
        blurb=str(about.get("blurb", "")),
        question=question,
        support=tuple(support),
        queries=queries,
    )
