"""Multimodal RewardBench -> items: questions with two answers of which one is better, or with one answer at a time.

The owners' one list has ``Better`` where the SAV release's lists, one for each category, have ``label``; the release's
``individual/`` has an entry for each answer, which is made here of two answers where it is not there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from sav_core.benchmarks.folder import Folder
from sav_core.benchmarks.items import Item
from sav_core.data.lists.forms import judged_question

__all__ = ["PAIRS", "SINGLE", "judged_items", "read_rewards"]

PAIRS, SINGLE = "mm-rewardbench", "mm-rewardbench-single"
"""The two ways to ask it, by the benchmarks' names."""

_ANSWERS = ("Output1", "Output2")


def read_rewards(folder: Folder) -> Iterator[Item]:
    """Read the owners' list.

    Raises:
        DatasetError: it is not there, or an entry lacks what it needs.
    """
    name = posixpath.join(folder.home("all_data.json", "data"), "all_data.json")
    for number, record in enumerate(folder.records(name)):
        yield from judged_items(folder, name, number, record)


def judged_items(folder: Folder, name: str, number: int, record: Mapping[str, Any], part: str = "") -> Iterator[Item]:
    """Read what an entry of a list asks: one item, or two where both answers are asked about one at a time.

    All that asks one question about one picture is one group, for its answers tell of each other.

    Raises:
        DatasetError: the entry lacks what it needs, or says of neither answer that it is the better.
    """
    where = f"entry {number} of {name}"
    task, asked = (folder.text(record, key, where) for key in ("Category", "Text"))
    image = folder.text(record, "Image", where)
    images = folder.find([posixpath.join(posixpath.dirname(name), image)])
    group = f"{image}:{asked}"
    for place, answers, label in _answers(folder, record, where):
        question = judged_question({"Text": asked, **answers})
        if images:
            key = f"{name}:{number}{f':{place}' if place else ''}"
            yield Item(key, folder.source, images, label, question, question, part, task, group)


def _answers(folder: Folder, record: Mapping[str, Any], where: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield what tells an item from others of its entry, the answers that it shows, and its label."""
    if folder.benchmark.name == SINGLE and "Output" in record:
        label = folder.text(record, "label", where)
        if label not in ("preferred", "non-preferred"):
            raise folder.wrong(f"{where} should have the label preferred or non-preferred, but has {label[:40]!r}")
        yield "", {"Output": folder.text(record, "Output", where)}, label
        return
    both = {key: folder.text(record, key, where) for key in _ANSWERS}
    better = folder.text(record, "Better" if "Better" in record else "label", where)
    if better not in both:
        raise folder.wrong(f"{where} should say that Output1 or Output2 is better, but says {better[:40]!r}")
    if folder.benchmark.name == PAIRS:
        yield "", both, better
        return
    for key, answer in both.items():
        yield key, {"Output": answer}, "preferred" if key == better else "non-preferred"
