"""The tasks that come with the program: a folder each, with what it is about, support examples and queries to try."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.data.sets.datasets import EIGHT_FRAMES, read_examples
from sav_core.errors import DatasetError
from sav_core.settings import settings

__all__ = ["ReadyTask", "is_ready_task", "read_ready_task", "ready_task_folders"]

_ABOUT = "task.toml"


@dataclass(frozen=True)
class ReadyTask:
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
    clips: ClipSampling = EIGHT_FRAMES

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


def ready_task_folders() -> tuple[Path, ...]:
    """The folders of the tasks, sorted by name."""
    return tuple(sorted(path.parent for path in (settings().assets / "examples").glob(f"*/{_ABOUT}")))


def is_ready_task(folder: Path) -> bool:
    """Whether a folder is laid out as a ready task is."""
    return (folder / _ABOUT).is_file()


def read_ready_task(folder: Path, clips: ClipSampling = EIGHT_FRAMES) -> ReadyTask:
    """Read one task.

    Args:
        folder: which has a ``task.toml`` beside ``support`` and ``queries``: folders of label folders, or ``.jsonl`` files.
        clips: how its clips are sampled, but for the number of frames that it asks for itself.

    Raises:
        DatasetError: a part of it is missing or cannot be read.
    """
    try:
        about = tomllib.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{folder.name!r} is no ready task, for its {_ABOUT} cannot be read: {error}") from error
    question = str(about.get("question", ""))
    clips = replace(clips, frames=int(about.get("frames", clips.frames)))
    return ReadyTask(
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
