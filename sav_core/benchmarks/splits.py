"""Seeded few-shot splits, and the files that let anyone repeat them.

The order in which items are drawn is that of a hash of seed and id: the same on every machine and with every version of
every library, and a draw of 5 examples per label is part of the draw of 10 with the same seed.
"""

from __future__ import annotations

import json
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sav_core.benchmarks.items import Item, Loaded
from sav_core.benchmarks.prompts import hashed
from sav_core.errors import DatasetError, SettingError
from sav_core.files import write_atomically

__all__ = ["Split", "draw_split", "narrow_split", "read_split", "repeated", "write_split"]

_FORMAT = "sav-split-1"
_LATER = {"published": False}  # what a file of an earlier version has not


@dataclass(frozen=True)
class Split:
    """Which items of a benchmark support and which are asked.

    Attributes:
        benchmark: its name.
        shots: examples per label, in each sub-task that gets heads of its own.
        seed: of the draw.
        support: ids and labels.
        queries: ids and labels.
        digest: of what these items say (questions, labels, file names); data that differ give another.
        overlap: ids that were left out of the queries because the same images and question are in the support.
        published: whether it is the data set's own split, from which nothing was drawn.
    """

    benchmark: str
    shots: int
    seed: int
    support: Mapping[str, str]
    queries: Mapping[str, str]
    digest: str
    overlap: tuple[str, ...] = ()
    published: bool = False

    def __repr__(self) -> str:
        return f"Split({self.benchmark}, {len(self.support)} support, {len(self.queries)} queries, seed {self.seed})"


def draw_split(loaded: Loaded, *, shots: int | None = 20, seed: int = 0, queries: int | None = None) -> Split:
    """Draw a few examples of each label as support; the others are asked.

    The support comes from the training part and the queries from the test part where the data set has both. Groups are
    never divided, and a group that says the same as one of the support is not asked.

    Args:
        loaded: the benchmark.
        shots: examples per label; ``None`` for the published split, whose training part is the support as it is.
        seed: another seed, another draw.
        queries: at most so many per label; all by default.

    Raises:
        SettingError: a number is not positive, a label has too few examples, or there is no published split to keep.
    """
    for name, value in (("shots", shots), ("queries", queries)):
        if value is not None and value < 1:
            raise SettingError(f"{name} must be 1 or more, but is {value}.")
    if shots is None and not loaded.has_own_split:
        raise SettingError(f"{loaded.benchmark.title} here has no published split to keep: say how many shots to draw.")
    support: list[Item] = []
    asked: list[Item] = []
    overlap: list[str] = []
    for task in loaded.tasks(loaded.items):
        items = [item for item in loaded.items if loaded.fitting_task(item) == task]
        what = f"{loaded.benchmark.title}{f' {task}' * bool(task)}"
        chosen = _training_part(items, what) if shots is None else _support(items, shots, seed, what)
        left, same = _rest(items, chosen)
        support += chosen
        overlap += same
        asked += _at_most(left, queries, seed)
    most = max(Counter((loaded.fitting_task(item), item.label) for item in support).values()) if shots is None else shots
    if not asked:
        raise SettingError(
            f"With {most} examples of each label in the support, no example of {loaded.benchmark.title} is left to ask: "
            "take fewer."
        )
    return Split(
        loaded.benchmark.name,
        most,
        seed,
        _labels(support),
        _labels(asked),
        _digest([*support, *asked]),
        tuple(overlap),
        shots is None,
    )


def repeated(loaded: Loaded, split: Split) -> tuple[str, ...]:
    """Return the ids of a split's support that show and ask what another of the same sub-task before them does."""
    items = loaded.by_id()
    said: set[tuple[object, ...]] = set()
    found = []
    for name in split.support:
        what = (loaded.fitting_task(items[name]), *_said(items[name]))
        if what in said:
            found.append(name)
        said.add(what)
    return tuple(found)


def write_split(path: str | Path, split: Split) -> None:
    """Write a split as JSON.

    Raises:
        StorageError: the disk refuses.
    """
    content = {"format": _FORMAT, **{name: getattr(split, name) for name in Split.__dataclass_fields__}}
    write_atomically(Path(path), (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def read_split(path: str | Path, loaded: Loaded) -> Split:
    """Read a split that was written, for the data it is of: all of its sub-tasks, which ``narrow_split`` chooses from.

    Raises:
        DatasetError: it is not a split file, is of another benchmark, or the data here are not those it was drawn from.
    """
    try:
        content: Any = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise KeyError("format")
        content = {name: content[name] for name in Split.__dataclass_fields__ if name not in _LATER} | {
            name: content.get(name, usual) for name, usual in _LATER.items()
        }
        split = Split(**{**content, "overlap": tuple(content["overlap"])})
        wanted = [*split.support.items(), *split.queries.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path} is not a split file of this program ({error}): draw one with --split.") from error
    if split.benchmark != loaded.benchmark.name:
        raise DatasetError(f"{path} is a split of {split.benchmark}, not of {loaded.benchmark.name}: name the right one.")
    items = loaded.by_id()
    for name, label in wanted:
        if name not in items or items[name].label != label:
            there = f"has the label {items[name].label!r}" if name in items else "is not there"
            raise DatasetError(
                f"{path} names {name!r} with the label {label!r}, but in the data here it {there}: "
                "use the same version of the data, in the same layout."
            )
    if _digest([items[name] for name, _ in wanted]) != split.digest:
        raise DatasetError(f"{path} was drawn from data with other questions or image names: use the same version.")
    return split


def narrow_split(split: Split, loaded: Loaded) -> Split:
    """Return what a split holds of some sub-tasks only.

    Args:
        split: for all the data.
        loaded: those of the sub-tasks, as ``Loaded.of_tasks`` gives them.

    Raises:
        DatasetError: the split has nothing of them.
    """
    items = loaded.by_id()
    support, queries, overlap = (
        [name for name in each if name in items] for each in (split.support, split.queries, split.overlap)
    )
    if not support or not queries:
        raise DatasetError(
            f"The split of {loaded.benchmark.title} was drawn for other sub-tasks and holds nothing of these: write "
            "another."
        )
    return replace(
        split,
        support={name: split.support[name] for name in support},
        queries={name: split.queries[name] for name in queries},
        digest=_digest([items[name] for name in (*support, *queries)]),
        overlap=tuple(overlap),
    )


def _training_part(items: Sequence[Item], what: str) -> list[Item]:
    found = [item for item in items if item.part == "train"]
    if lost := sorted({item.label for item in items} - {item.label for item in found}):
        raise SettingError(f"The training part of {what} has no example of {lost[0]!r} here: put its files there.")
    return found


def _support(items: Sequence[Item], shots: int, seed: int, what: str) -> list[Item]:
    pool = [item for item in items if item.part == "train"] or list(items)
    needed = dict.fromkeys(sorted({item.label for item in pool}), shots)
    chosen: set[str] = set()
    for unit in sorted(_units(pool).items(), key=lambda pair: hashed(seed, "support", pair[0])):
        for item in unit[1]:
            if needed[item.label] > 0:
                needed[item.label] -= 1
                chosen.add(item.id)
    if short := {label: shots - missing for label, missing in needed.items() if missing}:
        label, count = min(short.items(), key=lambda pair: pair[1])
        raise SettingError(f"{what} has only {count} examples of {label!r} for the support, not {shots}: take fewer.")
    return [item for item in pool if item.id in chosen]


def _rest(items: Sequence[Item], support: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """Return what may be asked, and the ids that may not because the support says the same."""
    pool = [item for item in items if item.part == "test"] or list(items)
    used, said = {item.unit for item in support}, {_said(item) for item in support}
    same = {item.unit for item in pool if item.unit not in used and _said(item) in said}
    asked = [item for item in pool if item.unit not in used | same]
    return asked, [item.id for item in pool if item.unit in same]


def _at_most(items: Sequence[Item], most: int | None, seed: int) -> list[Item]:
    if most is None:
        return list(items)
    left = dict.fromkeys({item.label for item in items}, most)
    kept: set[str] = set()
    for unit, members in sorted(_units(items).items(), key=lambda pair: hashed(seed, "queries", pair[0])):
        if all(left[item.label] > 0 for item in members):
            kept.add(unit)
            for item in members:
                left[item.label] -= 1
    return [item for item in items if item.unit in kept]


def _units(items: Iterable[Item]) -> dict[str, list[Item]]:
    units: dict[str, list[Item]] = {}
    for item in items:
        units.setdefault(item.unit, []).append(item)
    return units


def _said(item: Item) -> tuple[object, ...]:
    """What an item shows and asks: the very same files, for names alone say little (every folder may have a 1.png)."""
    return (id(item.source), item.images, item.plain)


def _bare(item: Item) -> tuple[str, ...]:
    return tuple(posixpath.basename(image) for image in item.images)


def _labels(items: Sequence[Item]) -> dict[str, str]:
    return {item.id: item.label for item in items}


def _digest(items: Sequence[Item]) -> str:
    return hashed(*(word for item in items for word in (item.id, item.label, item.plain, *_bare(item))))
