"""One benchmark as a row of the table: what is known of it before its data are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Benchmark", "Published", "Rule"]

Rule: TypeAlias = Literal["accuracy", "mean_over_tasks", "pairs", "groups"]
"""How right answers are counted; see ``sav_core.benchmarks.scoring``."""


class Published(NamedTuple):
    """What was published for one model, in percent; ``None`` where that was not measured."""

    model: str
    zero_shot: float
    lora: float | None = None
    sav: float | None = None


@dataclass(frozen=True)
class Benchmark:
    """One row of the table.

    Attributes:
        name: as on the command line.
        title: for people.
        url: where its owners give it away.
        expects: the data set's own layout, a line for each thing that must be there.
        rule: how answers are counted.
        question: asked of every image of a set whose labels are class names; empty where each item has its own question.
        per_task: whether each sub-task gets its own heads; its name is then the item's ``task``.
        published: published figures, empty where none were read.
        published_in: where these stand.
        caveats: what to know before comparing with them.
        spoken: what the model would say for a label, where the question asks for another word than the label.
        moving: whether it shows videos.
        own_split: whether the training and test part of its files, where both are there, are a split to keep.
    """

    name: str
    title: str
    url: str
    expects: tuple[str, ...]
    rule: Rule = "accuracy"
    question: str = ""
    per_task: bool = False
    published: tuple[Published, ...] = ()
    published_in: str = "the SAV paper's figures"
    caveats: tuple[str, ...] = ()
    spoken: Mapping[str, str] = field(default_factory=dict)
    moving: bool = False
    own_split: bool = False

    @property
    def names_classes(self) -> bool:
        """Whether its labels are class names, which can all be listed in the question or not."""
        return bool(self.question)
