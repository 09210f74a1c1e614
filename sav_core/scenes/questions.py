"""What can be asked about a drawn scene, with the true answer: questions, claims, and relation demonstrations.

Everything follows from the scene's description, so every answer is true by construction. What would be arguable (a
thing on the slant, two candidates, a colour nobody named) is not asked. The wordings are those the embedded model was
trained on; the first of each family is the plain one to suggest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from sav_core.scenes.draw import COLOURS, OPPOSITE, RELATIONS, Scene, Sprites, Thing, arrange, direction

__all__ = ["WORDINGS", "Claim", "Demonstration", "Question", "demonstrate", "describe", "plural", "questions"]

WORDINGS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "What is this?",
        "What is it?",
        "Name the object.",
        "What do you see?",
        "Which object is this?",
        "What is in the picture?",
    ),
    "colour": (
        "What colour is the {name}?",
        "What color is the {name}?",
        "Which colour has the {name}?",
        "The {name} is which colour?",
    ),
    "by colour": ("What is {colour}?", "Which object is {colour}?", "Name the {colour} object."),
    "number": (
        "How many objects are there?",
        "How many things are there?",
        "Count the objects.",
        "How many objects do you see?",
    ),
    "count": ("How many {names} are there?", "How many {names} do you see?", "Count the {names}."),
    "presence": (
        "Is there {a_thing}?",
        "Do you see {a_thing}?",
        "Is there {a_thing} in the picture?",
        "Can you see {a_thing}?",
    ),
    "neighbour": ("What is {relation} the {name}?", "Which object is {relation} the {name}?"),
    "side": ("On which side of the {of} is the {name}?", "Where is the {name} from the {of}?"),
    "where": ("Where is the {name}?", "In which corner is the {name}?"),
    "corner": ("What is at the {corner}?", "Which object is at the {corner}?"),
    "largest": ("What is the largest object?", "Which object is the biggest?"),
    "smallest": ("What is the smallest object?", "Which object is the tiniest?"),
    "claim": ("True or false: {claim}.", "{claim}. True or false?", "Is this true: {claim}?"),
    "describe": ("Describe the picture.", "Describe.", ""),
}
"""For each family of questions the ways to put it, the plain one first."""

PHRASES = {"left": "left of", "right": "right of", "above": "above", "below": "below"}
_T = TypeVar("_T")

PAIRS = frozenset({"chopsticks", "glasses", "goggles", "jeans", "scissors", "shorts", "skis", "sunglasses"})
"""Names of one thing that English counts in pairs."""

LARGER = 1.2  # by this factor a thing must outgrow the next for "largest" to be asked
OFF_CENTRE = 0.1  # of the side: nearer to a middle line a thing is in no corner


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a scene: its family in `WORDINGS`, its text, and the one right answer."""

    family: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that a scene makes true or false: "a red car above a tree", "2 cats"."""

    name: str
    colour: str | None = None
    relation: str | None = None
    of: str | None = None
    count: int | None = None

    def __str__(self) -> str:
        if self.count is not None:
            return f"{self.count} {_counted_as(self.name, self.count)}"
        subject = _a(self.name, self.colour)
        return subject if self.relation is None else f"{subject} {PHRASES[self.relation]} {_a(self.of or '')}"

    def holds(self, scene: Scene) -> bool:
        """Whether the scene makes it true."""
        if self.count is not None:
            return len(scene.named(self.name)) == self.count
        subjects = [t for t in scene.named(self.name) if self.colour in (None, t.colour)]
        if self.relation is None:
            return bool(subjects)
        return any(direction(s, o) == self.relation for s in subjects for o in scene.named(self.of or ""))


@dataclass(frozen=True)
class Demonstration:
    """A scene whose ``anchor`` has one neighbour in every relation: ``answers[relation]`` is that neighbour's name."""

    scene: Scene
    anchor: str
    answers: Mapping[str, str]


def plural(name: str) -> str:
    """More than one of them, by the rules that the names at hand obey."""
    if name.endswith(("s", "x", "ch", "sh")):
        return name if name.endswith("s") else name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def describe(scene: Scene) -> str:
    """The things in reading order: "a red apple, a cat"."""
    in_order = sorted(scene.things, key=lambda thing: (round(2.5 * thing.y), thing.x))
    return ", ".join(_a(thing.name, thing.colour) for thing in in_order)


def demonstrate(
    rng: Random, sprites: Sprites, words: Sequence[str], *, artists: Iterable[str] | None = None
) -> Demonstration:
    """A fresh scene for a relation prompt: an anchor, a neighbour in each relation, up to four more on the slants."""
    cross = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    slants = rng.sample(((0, 0), (2, 0), (0, 2), (2, 2)), rng.choice((0, 0, 1, 2)))
    names = rng.sample(words, len(cross) + len(slants))
    scene = arrange(rng, sprites, names, artists=artists, cells=(*cross, *slants))
    return Demonstration(scene, names[0], dict(zip(RELATIONS, names[1:5], strict=True)))


def questions(scene: Scene, rng: Random, words: Sequence[str]) -> list[Question]:
    """One question of every family that fits the scene; two, one of either answer, of presence and of claims.

    ``words`` are the names an absent thing may have. Wordings are drawn at random; of families that could ask about
    several things, which one is.
    """
    asked = list(_about_one(scene, rng)) + list(_about_all(scene, rng, words)) + list(_about_pairs(scene, rng))
    for claim, truth in _claims(scene, rng, words):
        asked.append(Question("claim", _word(rng, "claim", claim=str(claim)), "true" if truth else "false"))
    return asked


def _about_one(scene: Scene, rng: Random) -> Iterator[Question]:
    """Name, colour and place of single things."""
    things = scene.things
    if len(things) == 1:
        yield Question("name", _word(rng, "name"), things[0].name)
    singular = [thing for thing in things if len(scene.named(thing.name)) == 1]
    if tinted := [thing for thing in singular if thing.colour]:
        thing = rng.choice(tinted)
        yield Question("colour", _word(rng, "colour", name=thing.name), str(thing.colour))
        if all(t.colour for t in things) and sum(t.colour == thing.colour for t in things) == 1:
            yield Question("by colour", _word(rng, "by colour", colour=thing.colour), thing.name)
    corners = Counter(filter(None, map(_corner, things)))
    if singular and (corner := _corner(thing := rng.choice(singular))):
        yield Question("where", _word(rng, "where", name=thing.name), corner)
        near = [t for t in things if abs(t.x - thing.x) < 0.2 and abs(t.y - thing.y) < 0.2]
        if corners[corner] == 1 and len(near) == 1 and all(map(_corner, things)):
            yield Question("corner", _word(rng, "corner", corner=corner), thing.name)
    by_size = sorted(things, key=lambda t: t.size)
    if len(things) > 1 and by_size[-1].size > LARGER * by_size[-2].size:
        yield Question("largest", _word(rng, "largest"), by_size[-1].name)
    if len(things) > 1 and by_size[1].size > LARGER * by_size[0].size:
        yield Question("smallest", _word(rng, "smallest"), by_size[0].name)


def _about_all(scene: Scene, rng: Random, words: Sequence[str]) -> Iterator[Question]:
    """Numbers, presence and the whole."""
    things = scene.things
    yield Question("number", _word(rng, "number"), str(len(things)))
    counted = _counted(scene, rng, words)
    yield Question("count", _word(rng, "count", names=plural(counted)), str(len(scene.named(counted))))
    there = rng.choice(things)
    colour = there.colour if rng.random() < 0.5 else None
    yield Question("presence", _word(rng, "presence", a_thing=_a(there.name, colour)), "yes")
    if there.colour and rng.random() < 0.4:  # the right thing in a wrong colour
        wrong = Claim(there.name, _other(rng, COLOURS, there.colour))
    else:
        wrong = Claim(_absent(scene, rng, words), colour)
    if not wrong.holds(scene):
        yield Question("presence", _word(rng, "presence", a_thing=str(wrong)), "no")
    yield Question("describe", _word(rng, "describe"), describe(scene))


def _counted(scene: Scene, rng: Random, words: Sequence[str]) -> str:
    """Whom to count: of those there several times and those there once one or the other, and now and then who is not there.

    Were it always those there several times, the number of the most frequent would answer, whatever the name.
    """
    if rng.random() < 0.2:
        return _absent(scene, rng, words)
    numbers = Counter(thing.name for thing in scene.things)
    several, once = ([name for name in numbers if (numbers[name] > 1) is more] for more in (True, False))
    return rng.choice(rng.choice(list(filter(None, (several, once)))))


def _about_pairs(scene: Scene, rng: Random) -> Iterator[Question]:
    """Who stands where from whom."""
    singular = [thing for thing in scene.things if len(scene.named(thing.name)) == 1]
    rng.shuffle(singular)
    neighbours = [(anchor, relation, _only(scene, anchor, relation)) for anchor in singular for relation in RELATIONS]
    fitting = [(anchor, relation, only) for anchor, relation, only in neighbours if only]
    for anchor, relation, only in rng.sample(fitting, min(2, len(fitting))):
        text = _word(rng, "neighbour", relation=PHRASES[relation], name=anchor.name)
        yield Question("neighbour", text, only.name)
    pairs = [(a, b, direction(a, b)) for a in singular for b in singular if a is not b]
    if clear := [(a, b, d) for a, b, d in pairs if d]:
        thing, of, side = rng.choice(clear)
        yield Question("side", _word(rng, "side", name=thing.name, of=of.name), side)


def _claims(scene: Scene, rng: Random, words: Sequence[str]) -> Iterator[tuple[Claim, bool]]:
    """A true claim and a false one that differs from it in a single word; nothing arguable."""
    subject = rng.choice(scene.things)
    colour = subject.colour if rng.random() < 0.6 else None
    clear = [(t, d) for t in scene.things if t.name != subject.name and (d := direction(subject, t))]
    if clear and rng.random() < 0.6:
        of, relation = rng.choice(clear)
        true = Claim(subject.name, colour, relation, of.name)
        swaps = [
            Claim(subject.name, colour, OPPOSITE[relation], of.name),
            Claim(subject.name, colour, relation, _absent(scene, rng, words)),
            Claim(_absent(scene, rng, words), colour, relation, of.name),
        ]
    elif len(scene.things) > 1 and rng.random() < 0.4:
        number = len(scene.named(subject.name))
        true = Claim(subject.name, count=number)
        swaps = [Claim(subject.name, count=_other(rng, range(1, 5), number))]
    else:
        true = Claim(subject.name, colour)
        swaps = [Claim(_absent(scene, rng, words), colour)]
    if colour and true.colour:
        swaps.append(Claim(true.name, _other(rng, COLOURS, colour), true.relation, true.of))
    yield true, True
    false = rng.choice(swaps)
    if not false.holds(scene):
        yield false, False


def _only(scene: Scene, anchor: Thing, relation: str) -> Thing | None:
    """The one thing in that relation to the anchor, if it is the only one."""
    found = [thing for thing in scene.things if thing is not anchor and direction(thing, anchor) == relation]
    return found[0] if len(found) == 1 else None


def _corner(thing: Thing) -> str | None:
    """The corner a thing is clearly in: "top left"."""
    if min(abs(thing.x - 0.5), abs(thing.y - 0.5)) < OFF_CENTRE:
        return None
    return f"{'top' if thing.y < 0.5 else 'bottom'} {'left' if thing.x < 0.5 else 'right'}"


def _absent(scene: Scene, rng: Random, words: Sequence[str]) -> str:
    """A name that nothing in the scene has."""
    present = {thing.name for thing in scene.things}
    while (word := rng.choice(words)) in present:
        pass
    return word


def _other(rng: Random, choices: Iterable[_T], taken: _T) -> _T:
    return rng.choice([choice for choice in choices if choice != taken])


def _a(name: str, colour: str | None = None) -> str:
    phrase = f"{colour} {name}" if colour else name
    if name in PAIRS:
        return f"a pair of {phrase}"
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def _counted_as(name: str, count: int) -> str:
    if name in PAIRS:
        return f"{'pair' if count == 1 else 'pairs'} of {name}"
    return name if count == 1 else plural(name)


def _word(rng: Random, family: str, **parts: str | None) -> str:
    return rng.choice(WORDINGS[family]).format(**parts)
