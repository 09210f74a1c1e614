"""How each benchmark counts right answers.

accuracy          each answer counts
mean_over_tasks   accuracy of every sub-task, then their mean (BLINK)
pairs             both answers of a pair right: yes to a caption, no to its negative (SugarCrepe)
groups            two questions on two images, answered in the order (question 0, image 0), (0, 1), (1, 0), (1, 1):
                  question accuracy (right on both images), image accuracy (both questions right), group accuracy (all four)
                  and raw accuracy (NaturalBench)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sav_core.benchmarks.row import Rule

__all__ = ["HEADLINE", "Count", "Outcome", "count"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered to one item."""

    id: str
    label: str
    answer: str
    task: str = ""
    group: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer is the label."""
        return self.answer == self.label


class Count(NamedTuple):
    """So many right, of so many."""

    right: int
    n: int


HEADLINE: dict[Rule, str] = {
    "accuracy": "accuracy",
    "mean_over_tasks": "mean_over_tasks",
    "pairs": "pair_accuracy",
    "groups": "group_accuracy",
}
"""The number that is compared with the published one."""


def count(rule: Rule, outcomes: Sequence[Outcome]) -> dict[str, Count]:
    """Count right answers by a benchmark's rule.

    Returns:
        By name. The mean over tasks is not a count: take it over the accuracies of the tasks. A pair or group of which
        an item was not asked, because an image cannot be read, is not counted, except in raw accuracy.
    """
    return _RULES[rule](outcomes)


def _accuracy(outcomes: Sequence[Outcome]) -> dict[str, Count]:
    return {"accuracy": _sum(outcome.right for outcome in outcomes)}


def _pairs(outcomes: Sequence[Outcome]) -> dict[str, Count]:
    pairs = _grouped(outcomes, 2)
    return {"pair_accuracy": _sum(all(pair) for pair in pairs), "raw_accuracy": _sum(each.right for each in outcomes)}


def _groups(outcomes: Sequence[Outcome]) -> dict[str, Count]:
    groups = _grouped(outcomes, 4)
    questions = [(group[0] and group[1], group[2] and group[3]) for group in groups]
    images = [(group[0] and group[2], group[1] and group[3]) for group in groups]
    return {
        "group_accuracy": _sum(all(group) for group in groups),
        "question_accuracy": _sum(right for both in questions for right in both),
        "image_accuracy": _sum(right for both in images for right in both),
        "raw_accuracy": _sum(each.right for each in outcomes),
    }


def _grouped(outcomes: Sequence[Outcome], size: int) -> list[list[bool]]:
    groups: dict[str, list[bool]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.group, []).append(outcome.right)
    return [group for group in groups.values() if len(group) == size]


def _sum(right: Iterable[bool]) -> Count:
    answers = list(right)
    return Count(sum(answers), len(answers))


_RULES: dict[Rule, Callable[[Sequence[Outcome]], dict[str, Count]]] = {
    "accuracy": _accuracy,
    "mean_over_tasks": _accuracy,
    "pairs": _pairs,
    "groups": _groups,
}
