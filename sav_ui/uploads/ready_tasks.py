"""The ready tasks of ``assets/examples``: a folder each, with what it is about, support images and images to try."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from sav_core.data.clip_sampling import ClipSampling
from sav_core.data.datasets import read_examples
from sav_core.data.examples import Example
from sav_core.data.images import Picture
from sav_core.settings import settings
from sav_ui.limits import CLIPS

__all__ = ["Task", "queries_of", "ready_tasks", "task_named", "task_titled"]

_FIRST = (
    "fingers",
    "greengrocer",
    "which-colour",
    "where",
    "what-moved",
    "materials",
    "new-things",
    "apples",
    "is-there-a-key",
    "true-or-false",
    "other-artists",
    "how-many",
)
"""What a newcomer sees first; what is not named here follows in the order of its name."""


@dataclass(frozen=True)
class Task:
    """One task to start from.

    Attributes:
        name: the folder's name.
        title: what it is called.
        blurb: what it asks, in a line or two.
        question: what the model is asked.
        support: labelled examples.
        queries: labelled examples to classify afterwards.
        clips: how its clips are sampled.
    """

    name: str
    title: str
    blurb: str
    question: str
    support: tuple[Example, ...]
    queries: tuple[Example, ...]
    clips: ClipSampling = CLIPS

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
    """Read every ready task; a folder that is not whole is passed over."""
    folders = [path.parent for path in (settings().assets / "examples").glob("*/task.toml")]
    places = {name: place for place, name in enumerate(_FIRST)}
    ordered = sorted(folders, key=lambda folder: (places.get(folder.name, len(places)), folder.name))
    return tuple(_read(folder) for folder in ordered)


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


def _read(folder: Path) -> Task:
    about = tomllib.loads((folder / "task.toml").read_text(encoding="utf-8"))
    question = str(about.get("question", ""))
    clips = replace(CLIPS, frames=int(about.get("frames", CLIPS.frames)))
    return Task(
        name=folder.name,
        title=str(about.get("title", folder.name)),
        blurb=str(about.get("description", "")),
        question=question,
        support=_part(folder, "support", question, clips),
        queries=_part(folder, "queries", question, clips),
        clips=clips,
    )


def _part(folder: Path, part: str, question: str, clips: ClipSampling) -> tuple[Example, ...]:
    lines = folder / f"{part}.jsonl"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(read_examples(lines if lines.exists() else folder / part, question=question, clips=clips))
