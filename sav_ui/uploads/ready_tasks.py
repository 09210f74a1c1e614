"""The ready tasks as the pages show them: those a newcomer can do most with first, and found by name or title."""

from __future__ import annotations

from functools import cache, lru_cache

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.sets.ready_tasks import ReadyTask as Task
from sav_core.data.sets.ready_tasks import read_ready_task, ready_task_folders
from sav_ui.limits import CLIPS

__all__ = ["Task", "queries_of", "ready_tasks", "task_named", "task_titled"]

_FIRST = (
    "fingers",
    "greengrocer",
    "which-colour",
    "where",
    "what-moved",
    "which-way",
    "materials",
    "new-things",
    "apples",
    "is-there-a-key",
    "true-or-false",
    "other-artists",
    "how-many",
)
"""What a newcomer sees first; what is not named here follows in the order of its name."""


@cache
def ready_tasks() -> tuple[Task, ...]:
    """Read every ready task; a folder that is not whole is passed over."""
    places = {name: place for place, name in enumerate(_FIRST)}
    ordered = sorted(ready_task_folders(), key=lambda folder: (places.get(folder.name, len(places)), folder.name))
    return tuple(read_ready_task(folder, CLIPS) for folder in ordered)


def task_named(name: str) -> Task | None:
    """Return the task of that name, if there is one."""
    return next((task for task in ready_tasks() if task.name == name), None)


def task_titled(title: str) -> Task | None:
    """Return the task that a project of that title began with, if there is one."""
    return next((task for task in ready_tasks() if task.title == title), None)


@lru_cache(maxsize=8)
def queries_of(title: str, clips: ClipSampling) -> tuple[Example, ...]:
    """What there is to classify of the task of that title, with its clips sampled and shown so."""
    task = task_titled(title)
    return () if task is None else tuple(query.resampled(clips) for query in task.queries)
