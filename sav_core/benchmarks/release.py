"""The SAV release's JSON and JSONL files -> items.

    {"image": "...", "question": "...", "question_id": 0, "label": "..."}          most, as JSON lines or a list
    {"image": "...", "instruction": "...", "answer": "harmful"}                    VLGuard
    {"image_path": "...", "claim": "...", "claim_label": "hallucination"}          MHaluBench
    {"image_1": "...", ..., "image_4": "", "question": "...", "label": "..."}      BLINK, a file for each sub-task
    {"Image": "...", "Text": "...", "Output1": "...", "Output2": "...", "label": "Output1"}      Multimodal RewardBench

Files with ``train`` in their names, or in that of their folder as CameraBench's, are training files, all others are for
testing. Their image paths are those of the machine they were written on: an image is looked for by the end of its path.
NaturalBench's test lines come in groups of four and SugarCrepe's in pairs, in the order in which they are scored.
SugarCrepe's lie in a folder of their own, one file for each of its parts and one for all; CameraBench's in two, a file for
each sub-task; Multimodal RewardBench's in one, a file for each category. The keys are those of `sav_core.data.lists.keys`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sav_core.benchmarks.facts import BLINK_TASKS, CAMERA_TASKS
from sav_core.benchmarks.folder import Folder
from sav_core.benchmarks.items import Item
from sav_core.benchmarks.prompts import ask
from sav_core.benchmarks.rewards import PAIRS, SINGLE, judged_items
from sav_core.data.lists.keys import LABELS, PICTURES, QUESTIONS, named, pictures_of

__all__ = ["read_release", "release_files"]

_ABOUT = {
    "mhalubench": "claim",
    "vlguard": "instruction",
    "blink": "choice",
    "vizwiz": "photograph",
    "naturalbench": "yes or no",
    "sugarcrepe": "statement",
    "camerabench": "statement",
}  # the rest are classes
_CALLED = {"mhalubench": "ma?halu", "naturalbench": "natural", "sugarcrepe": "sugarcrepe|^sc_"}  # the rest by their names
_OWN_FOLDERS = {
    "sugarcrepe": ("sugarcrepe_testset",),
    "camerabench": ("camerabench_trainset", "camerabench_testset"),
    PAIRS: ("mm_rwbench_testset",),
    SINGLE: ("mm_rwbench_testset/individual",),
}
_WHOLE = ("sc_test.jsonl", "all_data.json")  # the other files beside them are their parts
_TASKS = {"blink": BLINK_TASKS, "camerabench": tuple(CAMERA_TASKS.values())}
_GROUPED = {"naturalbench": 4, "sugarcrepe": 2}


def release_files(folder: Folder) -> list[str]:
    """Return the JSON and JSONL files of a folder or of its ``data/``, its own if they are called so."""
    own = _OWN_FOLDERS.get(folder.benchmark.name, ())
    called = _CALLED.get(folder.benchmark.name, folder.benchmark.name)
    for home in ("", "data"):
        found = [name for place in own for name in _lists(folder, posixpath.join(home, place))] or _lists(folder, home)
        if found:
            ours = [name for name in found if re.search(called, posixpath.basename(name).lower())] or found
            return [name for name in ours if posixpath.basename(name).lower() in _WHOLE] or ours
    return []


def _lists(folder: Folder, place: str) -> list[str]:
    here = folder.root / place
    names = sorted(entry.name for entry in here.iterdir()) if here.is_dir() else []
    return [posixpath.join(place, name) for name in names if name.endswith((".json", ".jsonl"))]


def read_release(folder: Folder, names: list[str]) -> Iterator[Item]:
    """Read the items of some files.

    Raises:
        DatasetError: an entry lacks what it needs, groups are incomplete, or two files are for the same part of a task.
    """
    taken: dict[tuple[str, ...], str] = {}
    for name in names:
        part = "train" if "train" in name.lower() else "test"
        task = _task(folder, name)
        part_of_it = name if _is_part(folder, name) else ""  # beside which others are no twins of it
        twin = taken.setdefault((part, task, part_of_it), name)
        if twin != name:
            raise folder.wrong(f"{twin} and {name} are both for {part}ing{f' {task}' * bool(task)}; keep one of them")
        yield from _items(folder, name, part if len(names) > 1 else "", task)


def _items(folder: Folder, name: str, part: str, task: str) -> Iterator[Item]:
    size = _GROUPED.get(folder.benchmark.name, 0) if part != "train" else 0
    records = folder.records(name)
    if size and len(records) % size:
        raise folder.wrong(f"{name} has {len(records)} entries, which are no groups of {size}")
    about = _ABOUT.get(folder.benchmark.name, "class")
    for number, record in enumerate(records):
        if folder.benchmark.name in (PAIRS, SINGLE):
            yield from judged_items(folder, name, number, record, part)
            continue
        where = f"entry {number} of {name}"
        plain, full = ask(about, str(_one_of(folder, record, QUESTIONS, where)))
        label = str(_one_of(folder, record, LABELS, where))
        group = f"{name}:{number // size}" if size else ""
        if images := folder.find(_images(folder, record, where)):
            yield Item(f"{name}:{number}", folder.source, images, label, plain, full, part, task, group)


def _one_of(folder: Folder, record: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Any:
    found = named(record, keys)
    if found:
        return found[0].value
    raise folder.wrong(f"{where} has none of {', '.join(keys)}")


def _is_part(folder: Folder, name: str) -> bool:
    """Whether a file is for one part of SugarCrepe, or one category of Multimodal RewardBench."""
    of_sugarcrepe = folder.benchmark.name == "sugarcrepe" and posixpath.basename(name).lower().startswith("sc_")
    return of_sugarcrepe or folder.benchmark.name in (PAIRS, SINGLE)


def _images(folder: Folder, record: Mapping[str, Any], where: str) -> list[str]:
    given = [each.value for each in pictures_of(record)]
    names = [name for value in given for name in (value if isinstance(value, list) else [value]) if name]
    if not names or not all(isinstance(name, str) for name in names):
        raise folder.wrong(f"{where} names no image under any of {', '.join(PICTURES)}, image_1 and so on")
    return names


def _task(folder: Folder, name: str) -> str:
    """Return the sub-task that a file of BLINK or of CameraBench is for, by its name."""
    tasks = _TASKS.get(folder.benchmark.name, ())
    if not tasks:
        return ""
    bare = re.sub(r"[^a-z]", "", posixpath.basename(name).lower())
    found = [task for task in tasks if re.sub(r"[^a-z]", "", task.lower()) in bare]
    if not found:
        raise folder.wrong(f"{name} is named after none of the sub-tasks {', '.join(tasks)}")
    return max(found, key=len)
