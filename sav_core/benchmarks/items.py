"""One thing to be answered, and a benchmark's list of them: nothing opened yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sav_core.benchmarks.row import Benchmark
from sav_core.data.folders.sources import Source
from sav_core.errors import SettingError

__all__ = ["Item", "Loaded"]


@dataclass(frozen=True, slots=True)
class Item:
    """One question on one image or several.

    Attributes:
        id: the same on every machine: a path relative to the data's folder, or a file and a line of it.
        source: where the images lie.
        images: their names there.
        label: the right answer.
        plain: the question without answer options; empty where the benchmark has one question for all.
        full: the question with its answer options.
        part: ``"train"``, ``"test"``, or empty where the data set has no split of its own.
        task: sub-task, empty where there is none.
        group: items of one group stay on one side of a split, and by the rules for pairs and groups are only right
            together; empty where each stands alone.
    """

    id: str
    source: Source = field(repr=False, compare=False)
    images: tuple[str, ...] = field(compare=False)
    label: str
    plain: str = ""
    full: str = ""
    part: str = ""
    task: str = ""
    group: str = ""

    @property
    def unit(self) -> str:
        """What must not be divided between support and queries: the group, or the item itself."""
        return self.group or self.id


@dataclass(frozen=True)
class Loaded:
    """A benchmark as it was found on disk.

    Attributes:
        benchmark: its row of the table.
        items: in the order of the files.
        layout: ``"own"`` or ``"release"``.
        missing: images that the files name and that are not there; what needs them is not among the items.
    """

    benchmark: Benchmark
    items: tuple[Item, ...]
    layout: str
    missing: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Loaded({self.benchmark.title}: {len(self.items)} items, {self.layout} layout, {len(self.missing)} missing)"

    @property
    def labels(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted({item.label for item in self.items}))

    @property
    def has_own_split(self) -> bool:
        """Whether there is a published split to keep."""
        return self.benchmark.own_split and {"train", "test"} <= {item.part for item in self.items}

    def by_id(self) -> dict[str, Item]:
        """Return the items by their ids."""
        return {item.id: item for item in self.items}

    def of_tasks(self, tasks: Sequence[str]) -> Loaded:
        """Return what there is of some sub-tasks; all of it where none is named.

        Raises:
            SettingError: there is no such sub-task here.
        """
        there = list(dict.fromkeys(item.task for item in self.items if item.task))
        if unknown := set(tasks) - set(there):
            raise SettingError(
                f"{self.benchmark.title} here has no sub-task {', '.join(sorted(unknown))}: it has "
                f"{', '.join(there) or 'none'}."
            )
        return replace(self, items=tuple(item for item in self.items if item.task in tasks)) if tasks else self

    def fitting_task(self, item: Item) -> str:
        """Return which set of heads answers an item: its task's, or the one for all."""
        return item.task if self.benchmark.per_task else ""

    def tasks(self, items: Sequence[Item]) -> tuple[str, ...]:
        """Return the tasks of some items that get heads of their own, in order of appearance."""
        return tuple(dict.fromkeys(self.fitting_task(item) for item in items))
