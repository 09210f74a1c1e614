"""What training asks of drawn pictures: scenes and questions, two frames, likeness, new words, unnamed relations.

Every maker returns a `Sheet`, pictures with what is asked of them. The questions about one scene are those of
`sav_core.scenes.questions`; what needs several pictures is worded here.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from PIL import Image

from sav_core.scenes.draw import COLOURS, RELATIONS, Ground, Scene, Sprites, Thing, arrange, draw
from sav_core.scenes.questions import demonstrate, questions
from tools.names import NEW_WORDS
from tools.packing import Line, Sheet, Turn, View
from tools.photographs import Photographs
from tools.wordings import CLASS, KEEP, ORDINALS, STEPS, WORDINGS
from tools.world import SCENE_WORDS, TRAINED

WORDS = tuple(TRAINED)

ROUND = {
    "left": (0, 1), "right": (2, 1), "above": (1, 0), "below": (1, 2),
    "above left": (0, 0), "above right": (2, 0), "below left": (0, 2), "below right": (2, 2),
}  # fmt: skip
"""The cells about the anchor of an unnamed relation; the diagonals have no name of one word and are only ever shown."""

# Long answers and easy ones count less; what is asked of few scenes, and hard, counts more.
WEIGHTS = {"describe": 0.4, "number": 0.6, "name": 2.0, "count": 4.0, "largest": 2.0, "smallest": 2.0}
LOOKED_UP = frozenset({"colour", "count", "where", "side", "neighbour"})
DEMONSTRATIONS = 4


class Maker:
    """Makes sheets from a bank of sprites, and from photographs where there are some."""

    def __init__(
        self,
        bank: Sprites,
        side: int,
        artists: tuple[str, ...] | None = None,
        more: Sequence[str] = (),
        photographs: Photographs | None = None,
    ) -> None:
        self.bank, self.side, self.artists, self.photographs = bank, side, artists, photographs
        self.more = tuple(more)
        self.every = (*WORDS, *self.more)

    def view(self, rng: Random, scene: Scene) -> View:
        """Draw a scene; one in four larger and then reduced, as a picture file is, and one in five over a photograph."""
        larger = 2 * self.side if rng.random() < 0.1 else self.side
        ground = None
        if self.photographs and rng.random() < 0.2:
            ground = self.photographs.any(rng).image.resize((larger, larger))
        picture = draw(scene, self.bank, larger, ground)
        if larger != self.side:
            picture = picture.resize((self.side, self.side), Image.Resampling.BICUBIC)
        return View(picture, scene)

    def words(self, rng: Random) -> Sequence[str]:
        """The nouns of a scene of several things: mostly those that suit it."""
        return rng.choices((SCENE_WORDS, WORDS, self.every), (55, 20, 25))[0]

    def one(self, rng: Random) -> Sheet:
        """One drawn picture with all it can be asked."""
        scene = self.scene(rng)
        ends = [Turn("keep", rng.choice(KEEP), None), Turn("class", CLASS, None)]
        return Sheet([self.view(rng, scene)], [*ends[: rng.choice((1, 2))], *self.turns(rng, scene)])

    def photograph(self, rng: Random) -> Sheet:
        """A part of a photograph, small or large, and what it is asked: to keep it, and its class in two ways."""
        assert self.photographs is not None
        keep = [Turn("keep", wording, None) for wording in rng.sample(KEEP, 2)]
        return Sheet(
            [self.photographs.any(rng, least=0.3)], [*keep, *(Turn("class", asked, None) for asked in (CLASS, KEEP[0]))]
        )

    def scene(self, rng: Random, words: Sequence[str] = ()) -> Scene:
        """A picture to ask about: one thing alone, a few, several of the same, a crowd, or things of unlike size."""
        words = words or self.words(rng)
        tinted = rng.choice((0.3, 0.6, 1.0))
        kind = rng.choices(("alone", "few", "several", "crowd", "sizes"), (30, 26, 22, 12, 10))[0]
        if kind == "alone":
            names = [rng.choice(self.more if self.more and rng.random() < 0.6 else WORDS)]
            tinted *= 0.6
        elif kind in ("few", "sizes"):
            names = rng.sample(words, rng.choice((2, 3, 3, 4, 4, 4)))
        elif kind == "several":
            total = rng.choice((2, 3, 4, 4))
            repeated = rng.randint(2, total)
            name, *others = rng.sample(words, 1 + total - repeated)
            names = [name] * repeated + others
            rng.shuffle(names)
        else:
            names = rng.sample(words, rng.choice((5, 5, 6, 7)))
            return arrange(rng, self.bank, names, artists=self.artists, cells=_cross(rng, len(names)))
        scene = arrange(rng, self.bank, names, artists=self.artists, tinted=tinted)
        return _unlike(rng, scene) if kind == "sizes" else scene

    def alone(self, rng: Random, word: str) -> Scene:
        """One thing, now and then tinted."""
        return arrange(rng, self.bank, [word], artists=self.artists, tinted=0.3)

    def turns(self, rng: Random, scene: Scene) -> list[Turn]:
        """What the scene can be asked, in random order; absent things come from the nouns that fit its own."""
        crowd = SCENE_WORDS if all(thing.name in SCENE_WORDS for thing in scene.things) else self.every
        asked = questions(scene, rng, crowd)
        for _ in range(2):  # what a named thing is like, where, how often, beside what: hardest to learn, so several times
            asked += [question for question in questions(scene, rng, crowd) if question.family in LOOKED_UP]
        asked = list(dict.fromkeys(asked))
        rng.shuffle(asked)
        asked.sort(key=lambda question: question.family not in ("name", "largest", "smallest"))  # rare, so never cut off
        return [Turn(q.family, q.text, q.answer, WEIGHTS.get(q.family, 1.0)) for q in asked]

    def frames(self, rng: Random) -> Sheet:
        """Two moments of one scene: what moved and which way, what came, went, changed colour or size, or nothing."""
        names = rng.sample(self.words(rng), rng.choice((2, 3, 3, 4)))
        cells = rng.sample([(c, r) for c in range(3) for r in range(3)], len(names) + 1)
        free = cells.pop()
        first = [self._stand(rng, name, cell) for name, cell in zip(names, cells, strict=True)]
        last = list(first)
        kind = rng.choices(("moved", "new", "gone", "colour", "size", "none"), (50, 12, 12, 10, 8, 8))[0]
        index = rng.randrange(len(first))
        thing = first[index]
        turns = []
        if kind == "moved":
            ways = _ways(cells[index], set(cells))
            if not ways:
                return self.frames(rng)
            way = rng.choice(ways)
            dx, dy = STEPS[way]
            span = rng.uniform(0.24, 0.32)
            last[index] = replace(thing, x=thing.x + span * dx, y=thing.y + span * dy)
            turns += [self._turn(rng, "moved", thing.name), self._turn(rng, "way", way, name=thing.name, weight=2.0)]
            other = rng.choice([n for n in names if n != thing.name])
            turns.append(self._turn(rng, "way", "nowhere", name=other, weight=0.5))
            said = f"the {thing.name} moved {way}"
        elif kind == "new":
            arrived = self._stand(rng, rng.choice([w for w in SCENE_WORDS if w not in names]), free)
            last.append(arrived)
            turns.append(self._turn(rng, "new", arrived.name))
            said = f"the {arrived.name} is new"
        elif kind == "gone":
            del last[index]
            turns.append(self._turn(rng, "gone", thing.name))
            said = f"the {thing.name} is gone"
        elif kind == "colour":
            colour = rng.choice([c for c in COLOURS if c != thing.colour])
            last[index] = replace(thing, colour=colour)
            said = f"the {thing.name} is {colour}"
        elif kind == "size":
            grown = rng.random() < 0.5
            small = replace(thing, size=thing.size * 0.6)
            first[index], last[index] = (small, thing) if grown else (thing, small)
            said = f"the {thing.name} is {'larger' if grown else 'smaller'}"
        else:
            said = "nothing"
        if kind != "moved":
            turns.append(self._turn(rng, "moved", "nothing", weight=0.5))
        turns.append(self._turn(rng, "change", said))
        ground = Ground(rng.choice(("plain", "gradient", "texture")), rng.randrange(6), rng.getrandbits(32))
        scenes = [Scene(tuple(things), ground) for things in (first, last)]
        rng.shuffle(turns)
        return Sheet([View(draw(scene, self.bank, self.side), scene) for scene in scenes], turns)

    def _turn(self, rng: Random, family: str, answer: str, weight: float = 1.0, **parts: str) -> Turn:
        return Turn(family, rng.choice(WORDINGS[family]).format(**parts), answer, weight)

    def _stand(self, rng: Random, name: str, cell: tuple[int, int]) -> Thing:
        x, y = ((place + 0.5) / 3 + rng.uniform(-0.03, 0.03) for place in cell)
        colour = rng.choice(tuple(COLOURS)) if rng.random() < 0.4 else None
        return Thing(name, self._artist(rng, name), colour, x, y, rng.uniform(0.24, 0.32), 0.0, rng.random() < 0.5)

    def _artist(self, rng: Random, name: str) -> str:
        drawn_by = self.bank.artists_of[name]
        return rng.choice([a for a in drawn_by if self.artists is None or a in self.artists])

    def kinds(self, rng: Random, count: int) -> list[Callable[[], View]]:
        """Several kinds of thing, each a maker of views of it: by various artists, or parts of one photograph."""
        if self.photographs and rng.random() < 0.3:
            return [partial(self.photographs.view, rng, index) for index in self.photographs.choose(rng, count)]
        tinted = rng.choice((0.0, 0.3))

        def drawn(name: str) -> View:
            return self.view(rng, arrange(rng, self.bank, [name], artists=self.artists, tinted=tinted))

        return [partial(drawn, name) for name in rng.sample(self.every, count)]

    def likeness(self, rng: Random) -> Sheet:
        """Same or different; which is like the first; which is the odd one out."""
        family = rng.choice(("same", "like", "like", "odd"))
        if family == "same":
            kind, other = self.kinds(rng, 2)
            same = rng.random() < 0.5
            wording = rng.choice(WORDINGS["same"])
            answers = ("same", "different") if "different" in wording else ("yes", "no")
            return Sheet([kind(), kind() if same else other()], [Turn("same", wording, answers[0 if same else 1])])
        if family == "odd":
            kind, other = self.kinds(rng, 2)
            views = [kind(), kind()]
            at = rng.randrange(3)
            views.insert(at, other())
            return Sheet(views, [self._turn(rng, "odd", ORDINALS[at])])
        kind, *others = self.kinds(rng, rng.choice((2, 3)))
        like = kind()
        views = [like, *(other() for other in others)]
        rng.shuffle(views)
        return Sheet([kind(), *views], [self._turn(rng, "like", ORDINALS[1 + views.index(like)])])

    def new_words(self, rng: Random) -> Sheet:
        """Words without a meaning shown on two or three kinds of thing; then what is this?"""
        count, length = rng.choice(((2, 4), (2, 5), (3, 5), (3, 6)))
        kinds = self.kinds(rng, count)
        words = rng.sample(NEW_WORDS, count)
        order = [*range(count), *(rng.randrange(count) for _ in range(length - count))]
        body = order[:-1]
        rng.shuffle(body)
        question, lines, views = "What is this?", [], []
        seen: set[int] = set()
        for kind in body:
            views.append(kinds[kind]())
            lines.append(Line(question, words[kind], "word again" if kind in seen else None))
            seen.add(kind)
        last = order[-1] if order[-1] in seen else rng.choice(sorted(seen))
        views.append(kinds[last]())
        return Sheet(views, [Turn("new word", question, words[last], 2.0)], lines)

    def relation(self, rng: Random, demonstrations: int = DEMONSTRATIONS) -> Sheet:
        """A relation never named: four pictures with "Q: anchor. A: neighbour." and a fifth to answer."""
        diagonal = rng.random() < 0.25
        relation = rng.choice(tuple(ROUND)[4:] if diagonal else RELATIONS)
        views, asked = [], []
        for _ in range(demonstrations + 1):
            if diagonal or rng.random() < 0.3:
                names = rng.sample(SCENE_WORDS, 9)
                cells = [(1, 1), *ROUND.values()]
                scene = arrange(rng, self.bank, names, artists=self.artists, cells=cells)
                answer = dict(zip(ROUND, names[1:], strict=True))[relation]
            else:
                shown = demonstrate(rng, self.bank, SCENE_WORDS, artists=self.artists)
                scene, names, answer = shown.scene, [shown.anchor], shown.answers[relation]
            views.append(View(draw(scene, self.bank, self.side), scene))
            asked.append((f"Q: {names[0]}. A:", answer))
        kind = "diagonal" if diagonal else "demo"
        lines = [Line(question, answer, f"{kind} {index}") for index, (question, answer) in enumerate(asked[:-1])]
        question, answer = asked[-1]
        turns = [Turn(f"{kind} {demonstrations}", question, answer)]
        if not diagonal:
            turns.append(Turn("rule", f"{question} {WORDINGS['rule'][0]}", relation, 0.5))
        return Sheet(views, turns, lines)


def _cross(rng: Random, count: int) -> list[tuple[int, int]]:
    """The anchor in the middle, one thing on each side of it, the others on the slants."""
    cross = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    return [*cross, *rng.sample(((0, 0), (2, 0), (0, 2), (2, 2)), count - len(cross))]


def _ways(cell: tuple[int, int], taken: set[tuple[int, int]]) -> list[str]:
    """Where a thing can go by one cell."""
    ways = []
    for way, (dx, dy) in STEPS.items():
        goal = (cell[0] + dx, cell[1] + dy)
        if goal not in taken and all(0 <= place < 3 for place in goal):
            ways.append(way)
    return ways


def _unlike(rng: Random, scene: Scene) -> Scene:
    """The scene with one thing much larger or much smaller than the others."""
    index, larger = rng.randrange(len(scene.things)), rng.random() < 0.5
    things = [
        replace(thing, size=thing.size * rng.uniform(0.5, 0.72) if (place == index) is not larger else thing.size)
        for place, thing in enumerate(scene.things)
    ]
    return Scene(tuple(things), scene.ground)
