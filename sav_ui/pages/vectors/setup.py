"""What a visitor asks about: a task's items, and how a relation of it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sav_core.vectors import Cue, Prompting, RelationItem, RelationTask, draw_task, shipped_sprites

__all__ = ["SCENES", "Setup", "drawn_task", "is_drawn", "item_at"]

SCENES = (160, 60, 80)
"""Scenes that are drawn for training, validation and test."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a relation is asked for.

    Attributes:
        relation: which.
        prompts: on how many the heads are judged; few keep it quick, and the interval says what that costs.
        demonstrations: in every prompt.
        told_by: what tells the relation, demonstrations or its name in words.
    """

    relation: str
    prompts: int = 8
    demonstrations: int = 4
    told_by: Cue = "demonstrations"

    def prompting(self, seed: int) -> Prompting:
        """How its prompts are made of a task with this seed."""
        return Prompting(self.told_by, self.demonstrations, seed)


def item_at(items: Sequence[RelationItem], number: int) -> RelationItem:
    """The item of that number, counting round and round."""
    return items[number % len(items)]


@lru_cache(maxsize=1)
def drawn_task() -> RelationTask:
    """The drawn scenes, the same for everybody."""
    return draw_task(shipped_sprites(), scenes=SCENES)


def is_drawn(task: RelationTask | None) -> bool:
    """Whether a task is that of the drawn scenes; nothing is drawn to find out."""
    return drawn_task.cache_info().currsize > 0 and task is drawn_task()
