"""Relation tasks drawn on the fly: an anchor in the middle, a neighbour in each of four relations, things on the slants.

Every picture holds every base relation, so that the picture alone never says which one is meant; up to two things on the
slants distract, and are the answers of the diagonal relations. Objects come from the artwork that ships, which the embedded
model can read, or from a folder of cut-outs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from PIL import Image

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.errors import DatasetError, ImageError
from sav_core.scenes.draw import RELATIONS, Sprites, arrange, draw
from sav_core.scenes.questions import questions
from sav_core.settings import settings
from sav_core.vectors.prompts import PlainPrompt
from sav_core.vectors.relations import SHARES, SPLITS, RelationItem, RelationTask

__all__ = ["BASES_OF", "DIAGONALS", "cutouts_from", "draw_task", "shipped_sprites", "unrelated_questions"]

_CELLS = {"left": (0, 1), "right": (2, 1), "above": (1, 0), "below": (1, 2)}
_SLANTS = {"above left": (0, 0), "above right": (2, 0), "below left": (0, 2), "below right": (2, 2)}

DIAGONALS = tuple(_SLANTS)
"""The relations that are two base relations at once; no vector is ever made from their items."""

BASES_OF = {name: (name.split()[0], name.split()[1]) for name in DIAGONALS}

_SIDE = 192  # px: what the embedded model reads
_UNRELATED = ("name", "colour", "by colour", "number", "count", "presence", "where", "corner", "largest", "smallest")
_CUTOUT_SIDE = 256  # px: larger than it is ever drawn


def shipped_sprites() -> Sprites:
    """The drawings that ship with the app."""
    return Sprites.from_sheet(settings().assets / "sprites")


def cutouts_from(folder: Path) -> Sprites:
    """Read a folder of cut-outs with transparent ground: ``name.png``, or ``artist/name.png`` for several of a name.

    Underscores and hyphens in a file name stand for spaces.

    Raises:
        DatasetError: there is no such folder, or no PNG or WebP in it.
        ImageError: one cannot be read, or has no transparent ground.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no folder of cut-outs {str(folder)!r}: check the path.")
    there = (path for pattern in ("*", "*/*") for path in folder.glob(pattern))
    paths = sorted(path for path in there if path.suffix.lower() in (".png", ".webp") and path.is_file())
    if not paths:
        raise DatasetError(
            f"{folder.name!r} holds no cut-outs: put PNG or WebP files there, each named after what it shows."
        )
    return Sprites({(_name(path), "" if path.parent == folder else path.parent.name): _cutout(path) for path in paths})


def draw_task(
    sprites: Sprites,
    *,
    scenes: Sequence[int] = (200, 80, 120),
    seed: int = 0,
    words: Sequence[str] | None = None,
    artists: Sequence[str] | None = None,
    side: int = _SIDE,
    name: str = "drawn scenes",
) -> RelationTask:
    """Draw scenes and return an item for every thing around every anchor; the same seed draws the same.

    Args:
        sprites: the cut-outs.
        scenes: how many for train, validation and test; each has one item for each base relation, up to two
            diagonal ones.
        seed: decides everything.
        words: which names to use; all by default.
        artists: whose drawings to use; all by default.
        side: of the pictures, in pixels.
        name: what to call the task.

    Raises:
        DatasetError: there are too few different things for three parts that share no pair.
    """
    words = sorted(sprites.names if words is None else words)
    rng = Random(f"{seed} pairs")  # noqa: S311  # pictures, not secrets
    rank = dict(zip(rng.sample(words, len(words)), range(len(words)), strict=True))
    part_of_sum = _parts_of_sums(len(words))
    parts: list[tuple[RelationItem, ...]] = []
    for part, (split, count) in enumerate(zip(SPLITS, scenes, strict=True)):
        rng = Random(f"{seed} {split}")  # noqa: S311
        partners = {
            a: [b for b in words if b != a and part_of_sum[(rank[a] + rank[b]) % len(words)] == part] for a in words
        }
        anchors = [word for word in words if len(partners[word]) >= len(RELATIONS)]
        if not anchors and count:
            raise DatasetError(
                f"{len(words)} different things are too few for parts that share no pair of things: bring "
                f"{_fewest()} or more."
            )
        items: list[RelationItem] = []
        for number in range(count):
            anchor = rng.choice(anchors)
            items += _scene(rng, sprites, anchor, partners[anchor], artists, side, f"{split} scene {number}")
        parts.append(tuple(items))
    train, validation, test = parts
    return RelationTask(train, validation, test, name, seed)


def unrelated_questions(sprites: Sprites, count: int = 60, seed: int = 0, side: int = _SIDE) -> list[PlainPrompt]:
    """Return questions about drawn scenes that ask for no relation: names, colours, numbers, presence, places, sizes."""
    rng = Random(f"{seed} unrelated")  # noqa: S311
    prompts: list[PlainPrompt] = []
    while len(prompts) < count:
        scene = arrange(rng, sprites, rng.sample(sprites.names, rng.choice((1, 2, 3, 4))))
        plain = [question for question in questions(scene, rng, sprites.names) if question.family in _UNRELATED]
        question = rng.choice(plain)
        prompts.append(PlainPrompt(Example(as_picture(draw(scene, sprites, side)), question.text), question.answer))
    return prompts


def _scene(
    rng: Random,
    sprites: Sprites,
    anchor: str,
    partners: Sequence[str],
    artists: Sequence[str] | None,
    side: int,
    name: str,
) -> list[RelationItem]:
    room = len(partners) - len(RELATIONS)
    slants = rng.sample(DIAGONALS, min(room, rng.choice((0, 1, 1, 2))))
    around = (*RELATIONS, *slants)
    answers = dict(zip(around, rng.sample(partners, len(around)), strict=True))
    cells = [(1, 1), *((_CELLS | _SLANTS)[relation] for relation in around)]
    scene = arrange(rng, sprites, [anchor, *answers.values()], artists=artists, cells=cells)
    picture = as_picture(draw(scene, sprites, side), name)
    return [
        RelationItem(picture, anchor, relation, related, {r: n for r, n in answers.items() if r != relation})
        for relation, related in answers.items()
    ]


def _parts_of_sums(count: int) -> list[int]:
    """To which part a pair belongs by the sum of its ranks, modulo ``count``.

    For one word the sums with all others are all different, so every word has its share of partners in every part.
    """
    ends = [round(count * sum(SHARES[: part + 1])) for part in range(len(SHARES))]
    return [next(part for part, end in enumerate(ends) if rest < end) for rest in range(count)]


def _fewest() -> int:
    """From how many words on some word has a neighbour for every relation in each part, however many more there are."""
    surely = round((len(RELATIONS) + 1) / min(SHARES))  # a word is never its own neighbour, hence the one more
    return 1 + max(count for count in range(1, surely) if not _enough(count))


def _enough(count: int) -> bool:
    part_of_sum = _parts_of_sums(count)
    partners = [Counter(part_of_sum[(a + b) % count] for b in range(count) if b != a) for a in range(count)]
    return all(any(own[part] >= len(RELATIONS) for own in partners) for part in range(len(SHARES)))


def _name(path: Path) -> str:
    return path.stem.replace("_", " ").replace("-", " ").strip()


def _cutout(path: Path) -> Image.Image:
    """The cut-out, centred in a transparent square."""
    as_picture(path)  # what is not a whole picture is refused, with the reason
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
    except (OSError, ValueError) as error:
        raise ImageError(f"{path.name!r} cannot be read as a cut-out ({error}): save it as a PNG again.") from error
    if image.getchannel("A").getextrema()[0] == 255:
        raise ImageError(
            f"{path.name!r} has no transparent ground, so it would cover what it is drawn on: cut out what it shows, and "
            "save it as a PNG."
        )
    image.thumbnail((_CUTOUT_SIDE, _CUTOUT_SIDE))
    square = Image.new("RGBA", (max(image.size),) * 2)
    square.paste(image, ((square.width - image.width) // 2, (square.height - image.height) // 2))
    return square
