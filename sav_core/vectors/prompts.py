"""Relation items as prompts: zero-shot, clean (their relation is demonstrated) and corrupted (it is not).

    <image>Q: cat. A: apple.<image>Q: dog. A: key.<image>Q: fox. A:

There the relation is never named. For a model that does not learn from demonstrations it can be said in words instead:
"What is above the fox?", and in a corrupted prompt another relation. Images and texts are interleaved in one user
message, which every model's own chat template dresses; the answer is what the assistant says first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from sav_core.data.examples import IMAGE_MARKER, Example
from sav_core.errors import DatasetError, SettingError
from sav_core.scenes.questions import PHRASES
from sav_core.vectors.relations import RelationItem
from sav_core.vectors.wrong_answers import wrong_answers

__all__ = [
    "FROM_DEMONSTRATIONS",
    "Cue",
    "PlainPrompt",
    "PromptPairs",
    "Prompting",
    "RelationPrompt",
    "corrupt",
    "in_context",
    "in_words",
    "in_wrong_words",
    "zero_shot",
]

Cue: TypeAlias = Literal["demonstrations", "words"]
"""What says in a prompt which relation is meant."""


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

    Demonstrations of one prompt are of different pictures, none of them the item's; where the pool allows it, no answer is
    that of more than half of them, so that the answers can change places when the prompt is to be corrupted.

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
        own = by_relation.get(item.relation, [])
        candidates = [each for each in rng.sample(own, len(own)) if each.picture.digest != item.picture.digest]
        chosen = _varied(candidates, demonstrations)
        if len(chosen) < demonstrations:
            raise DatasetError(
                f"{demonstrations} demonstrations of {item.relation!r} were asked for, but only {len(chosen)} pictures "
                "show it: ask for fewer, or bring more pictures."
            )
        prompts.append(RelationPrompt(item, chosen, tuple(each.related for each in chosen)))
    return prompts


def corrupt(prompts: Sequence[RelationPrompt], seed: int = 0, pool: Sequence[RelationItem] = ()) -> list[RelationPrompt]:
    """Return the same prompts with the same pictures, but demonstrations that no longer say which relation is meant.

    Where the pictures of a prompt answer other relations, each demonstration answers another one, in shuffled turns; where
    they do not, as in most real images, their answers change places, so that none keeps its own. Where too few of them
    differ for that, wrong answers come from other items of the relation in the pool. A prompt that not even they can
    corrupt is left out: fewer prompts come back.

    Raises:
        DatasetError: no prompt is left.
    """
    answers: dict[str, list[str]] = {}
    for relation, related in sorted({(item.relation, item.related) for item in pool}):
        answers.setdefault(relation, []).append(related)
    corrupted = []
    for number, prompt in enumerate(prompts):
        rng, pooled = Random(f"{seed} {number}"), answers.get(prompt.item.relation, ())  # noqa: S311  # data, not secrets
        if wrong := wrong_answers(prompt.demonstrations, prompt.answers, prompt.item.relation, pooled, rng):
            corrupted.append(RelationPrompt(prompt.item, prompt.demonstrations, wrong))
    if prompts and not corrupted:
        raise DatasetError(
            f"None of {len(prompts)} prompts can be corrupted, such as the one about {prompts[0].item}: its relation has "
            "only one answer to put under the demonstrations, so bring more different things."
        )
    return corrupted


def in_words(items: Sequence[RelationItem]) -> list[RelationPrompt]:
    """Return every item asked in words that name its relation: "What is left of the cat?"."""
    return [RelationPrompt(item, wording=_worded(item.relation, item.anchor)) for item in items]


def in_wrong_words(items: Sequence[RelationItem], seed: int = 0) -> list[RelationPrompt]:
    """Return every item asked in words that name another relation of its anchor in the same picture; the answer stays.

    An item whose anchor has no other relation is left out: fewer prompts come back.

    Raises:
        DatasetError: no anchor has another relation.
    """
    prompts = []
    for number, item in enumerate(items):
        if others := sorted(relation for relation, name in item.others.items() if name != item.related):
            wrong = Random(f"{seed} {number}").choice(others)  # noqa: S311  # data, not secrets
            prompts.append(RelationPrompt(item, wording=_worded(wrong, item.anchor)))
    if items and not prompts:
        raise DatasetError(
            f"None of {len(items)} items, such as {items[0]}, has another relation to name in place of its own: use "
            "demonstrations instead of words."
        )
    return prompts


@dataclass(frozen=True, slots=True)
class PromptPairs:
    """Clean prompts and, one for each, the corrupted prompts of the same items.

    Attributes:
        clean: prompts that say their relation.
        corrupted: prompts that say another one.
        left_out: how many items have no corrupted prompt, and so neither.
    """

    clean: tuple[RelationPrompt, ...] = ()
    corrupted: tuple[RelationPrompt, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Prompting:
    """How clean prompts say which relation is meant, and how corrupted ones with the same pictures say another.

    Attributes:
        by: what says it: ``"demonstrations"``, as the method has it, or its name in ``"words"``.
        demonstrations: how many, if it is by them.
        seed: of their choice and corruption.
    """

    by: Cue = "demonstrations"
    demonstrations: int = 4
    seed: int = 0

    def clean(self, items: Sequence[RelationItem], pool: Sequence[RelationItem]) -> list[RelationPrompt]:
        """Return every item in a prompt that says its relation; demonstrations come from the pool."""
        return in_words(items) if self.by == "words" else in_context(items, pool, self.demonstrations, self.seed)

    def corrupted(self, items: Sequence[RelationItem], pool: Sequence[RelationItem]) -> list[RelationPrompt]:
        """Return every item in a prompt that says another relation; the right answer stays that of its own.

        Items that have no such prompt are left out: fewer prompts come back.
        """
        if self.by == "words":
            return in_wrong_words(items, self.seed)
        return corrupt(in_context(items, pool, self.demonstrations, self.seed), self.seed, pool)

    def pairs(self, items: Sequence[RelationItem], pool: Sequence[RelationItem]) -> PromptPairs:
        """Return both prompts of every item that has both."""
        corrupted = self.corrupted(items, pool)
        kept = {id(prompt.item) for prompt in corrupted}
        clean = tuple(prompt for prompt in self.clean(items, pool) if id(prompt.item) in kept)
        return PromptPairs(clean, tuple(corrupted), len(items) - len(corrupted))


FROM_DEMONSTRATIONS = Prompting()
"""As the method has it."""


def _worded(relation: str, anchor: str) -> str:
    return f"What is {PHRASES.get(relation, relation)} the {anchor}?"


def _varied(candidates: Sequence[RelationItem], count: int) -> tuple[RelationItem, ...]:
    """The first candidates of different pictures; one whose answer half of them have gives way while there are others."""
    chosen: dict[str, RelationItem] = {}
    given: Counter[str] = Counter()
    for most in (max(1, count // 2), count):
        for candidate in candidates:
            if len(chosen) == count:
                break
            if candidate.picture.digest not in chosen and given[candidate.related] < most:
                chosen[candidate.picture.digest] = candidate
                given[candidate.related] += 1
    return tuple(chosen.values())
