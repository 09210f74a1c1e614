"""Relation items as prompts: alone, after demonstrations of their relation, and after demonstrations that mix relations up.

    <image>Q: cat. A: apple.<image>Q: dog. A: key.<image>Q: fox. A:

There the relation is never named. For a model that does not learn from demonstrations it can be said in words instead:
"What is above the fox?", and another relation for a prompt that lost it. Images and texts are interleaved in one user
message, which every model's own chat template dresses; the answer is what the assistant says first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from sav_core.errors import DatasetError, SettingError
from sav_core.records import IMAGE_MARKER, Example
from sav_core.scene_tasks import PHRASES
from sav_core.vectors.relations import RelationItem

__all__ = [
    "PlainPrompt",
    "RelationPrompt",
    "Telling",
    "TellingBy",
    "corrupt",
    "in_context",
    "in_words",
    "in_wrong_words",
    "zero_shot",
]

TellingBy: TypeAlias = Literal["demonstrations", "words"]


@dataclass(frozen=True)
class RelationPrompt:
    """A question about an item, and what comes before it.

    Attributes:
        item: what is asked about.
        demonstrations: the items shown before it, in order.
        answers: what is said under each of them; in a corrupted prompt not their own.
        wording: a question in words, in place of "Q: anchor. A:".
    """

    item: RelationItem
    demonstrations: tuple[RelationItem, ...] = ()
    answers: tuple[str, ...] = ()
    wording: str = ""

    @property
    def answer(self) -> str:
        """What the model should say."""
        return self.item.related

    @property
    def example(self) -> Example:
        """The prompt as the backbone reads it."""
        shown = zip(self.demonstrations, self.answers, strict=True)
        texts = [f"{IMAGE_MARKER}Q: {item.anchor}. A: {answer}." for item, answer in shown]
        texts.append(f"{IMAGE_MARKER}{self.wording or f'Q: {self.item.anchor}. A:'}")
        pictures = [item.picture for item in (*self.demonstrations, self.item)]
        return Example(pictures, "".join(texts), self.item.related, name=repr(self.item))


@dataclass(frozen=True)
class PlainPrompt:
    """Any other question with its answer, to see what a vector does to it."""

    example: Example
    answer: str


def zero_shot(items: Sequence[RelationItem]) -> list[RelationPrompt]:
    """Return every item without any demonstration: nothing says which relation is meant."""
    return [RelationPrompt(item) for item in items]


def in_context(
    items: Sequence[RelationItem], pool: Sequence[RelationItem], demonstrations: int = 4, seed: int = 0
) -> list[RelationPrompt]:
    """Return every item after demonstrations of its relation, drawn from the pool by the seed.

    Demonstrations of one prompt are of different pictures, none of them the item's.

    Raises:
        SettingError: the number of demonstrations is negative.
        DatasetError: the pool has too few pictures with the relation.
    """
    if demonstrations < 0:
        raise SettingError(f"demonstrations must be 0 or more, but is {demonstrations}.")
    by_relation: dict[str, list[RelationItem]] = {}
    for item in pool:
        by_relation.setdefault(item.relation, []).append(item)
    prompts = []
    for number, item in enumerate(items):
        rng = Random(f"{seed} {number}")  # noqa: S311  # data, not secrets
        candidates = by_relation.get(item.relation, [])
        chosen: dict[str, RelationItem] = {}
        for candidate in rng.sample(candidates, len(candidates)):
            if len(chosen) == demonstrations:
                break
            if candidate.picture.digest != item.picture.digest:
                chosen.setdefault(candidate.picture.digest, candidate)
        if len(chosen) < demonstrations:
            raise DatasetError(
                f"{demonstrations} demonstrations of {item.relation!r} were asked for, but only {len(chosen)} pictures "
                "show it: ask for fewer, or bring more pictures."
            )
        shown = tuple(chosen.values())
        prompts.append(RelationPrompt(item, shown, tuple(each.related for each in shown)))
    return prompts


def corrupt(prompts: Sequence[RelationPrompt], seed: int = 0) -> list[RelationPrompt]:
    """Return the same prompts with the same pictures, but demonstrations that no longer say which relation is meant.

    Where the pictures of a prompt answer other relations, each demonstration answers another one, in shuffled turns; where
    they do not, as in most real images, their answers change places, so that none keeps its own.

    Raises:
        DatasetError: a prompt has one demonstration only, or no exchange of its answers takes each from its place.
    """
    return [_corrupted(prompt, Random(f"{seed} {number}")) for number, prompt in enumerate(prompts)]  # noqa: S311


def in_words(items: Sequence[RelationItem]) -> list[RelationPrompt]:
    """Return every item asked in words that name its relation: "What is left of the cat?"."""
    return [RelationPrompt(item, wording=_worded(item.relation, item.anchor)) for item in items]


def in_wrong_words(items: Sequence[RelationItem], seed: int = 0) -> list[RelationPrompt]:
    """Return every item asked in words that name another relation of its anchor in the same picture; the answer stays.

    Raises:
        DatasetError: an anchor has no other relation.
    """
    prompts = []
    for number, item in enumerate(items):
        others = sorted(relation for relation, name in item.others.items() if name != item.related)
        if not others:
            raise DatasetError(
                f"{item} has no other relation to name in place of its own: use demonstrations instead of words."
            )
        wrong = Random(f"{seed} {number}").choice(others)  # noqa: S311  # data, not secrets
        prompts.append(RelationPrompt(item, wording=_worded(wrong, item.anchor)))
    return prompts


@dataclass(frozen=True, slots=True)
class Telling:
    """How prompts tell which relation is meant, and how others with the same pictures do not.

    Attributes:
        by: ``"demonstrations"``, as the method has it, or ``"words"``.
        demonstrations: how many, if it is by them.
        seed: of their choice and corruption.
    """

    by: TellingBy = "demonstrations"
    demonstrations: int = 4
    seed: int = 0

    def told(self, items: Sequence[RelationItem], pool: Sequence[RelationItem]) -> list[RelationPrompt]:
        """Return every item in a prompt that tells its relation; demonstrations come from the pool."""
        return in_words(items) if self.by == "words" else in_context(items, pool, self.demonstrations, self.seed)

    def lost(self, items: Sequence[RelationItem], pool: Sequence[RelationItem]) -> list[RelationPrompt]:
        """Return every item in a prompt that tells something else; the answer stays that of its relation."""
        if self.by == "words":
            return in_wrong_words(items, self.seed)
        return corrupt(in_context(items, pool, self.demonstrations, self.seed), self.seed)


def _worded(relation: str, anchor: str) -> str:
    return f"What is {PHRASES.get(relation, relation)} the {anchor}?"


def _corrupted(prompt: RelationPrompt, rng: Random) -> RelationPrompt:
    shown = prompt.demonstrations
    shared = set.intersection(*(set(item.others) for item in shown)) if shown else set()
    base = sorted(relation for relation in shared if relation != prompt.item.relation)
    if len(base) > 1:
        rng.shuffle(base)
        answers = tuple(item.others[base[turn % len(base)]] for turn, item in enumerate(shown))
        return RelationPrompt(prompt.item, shown, answers)
    for shift in rng.sample(range(1, len(shown)), len(shown) - 1) if shown else ():
        moved = prompt.answers[shift:] + prompt.answers[:shift]
        if all(other != own for other, own in zip(moved, prompt.answers, strict=True)):
            return RelationPrompt(prompt.item, shown, moved)
    raise DatasetError(
        f"The prompt about {prompt.item} cannot be corrupted: its {len(shown)} demonstrations have too few different "
        "answers. Ask for more demonstrations, or bring more different things."
    )
