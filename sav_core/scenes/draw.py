"""Drawn scenes: cut-out sprites placed on a painted ground, from a seed, with nothing to download.

A `Scene` is a plain description of where each thing stands; `arrange` makes one up, `draw` turns it into a picture.
What is asked about a scene is another matter and lives in `questions`. The embedded model was trained on pictures
made by these two functions from a larger set of sprites, so a scene made here is one it can be expected to read.

All lengths are fractions of the picture's side, `x` to the right and `y` down, so a scene can be drawn at any size.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from random import Random
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from sav_core.errors import InputError

__all__ = [
    "COLOURS",
    "OPPOSITE",
    "RELATIONS",
    "Ground",
    "Scene",
    "Sprites",
    "Thing",
    "arrange",
    "direction",
    "draw",
    "extent",
]

RGB: TypeAlias = tuple[int, int, int]

COLOURS: Mapping[str, RGB] = {
    "red": (222, 40, 40),
    "orange": (246, 138, 20),
    "yellow": (250, 216, 40),
    "green": (48, 165, 60),
    "blue": (40, 100, 225),
    "purple": (138, 58, 190),
    "pink": (250, 130, 190),
    "gray": (132, 132, 136),
}
"""The colours a thing can be tinted with, chosen to be told apart by name."""

RELATIONS = ("left", "right", "above", "below")
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
CLEARLY = 1.6  # "left of" means at least this much more sideways than up or down; between is neither
_SEEN = 32  # of 255: how opaque a pixel of a thing must be to count to where the thing is

LAYOUTS: Mapping[int, tuple[tuple[tuple[int, int], ...], ...]] = {
    1: (((0, 0),),),
    2: (((0, 0), (1, 0)), ((0, 0), (0, 1)), ((0, 0), (1, 1)), ((0, 1), (1, 0))),
    3: (
        ((0, 0), (1, 0), (2, 0)),
        ((0, 0), (0, 1), (0, 2)),
        ((0, 0), (1, 0), (0, 1)),
        ((0, 0), (1, 0), (1, 1)),
        ((0, 0), (0, 1), (1, 1)),
        ((1, 0), (0, 1), (1, 1)),
    ),
    4: (((0, 0), (1, 0), (0, 1), (1, 1)),),
    5: (((1, 1), (0, 1), (2, 1), (1, 0), (1, 2)),),  # a cross: the first has a neighbour in each of the relations
}
"""The cells things stand in, as (column, row), by how many things there are."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One sprite in a scene.

    Attributes:
        name, artist: which drawing.
        colour: the name of the colour it is tinted with; ``None`` leaves it as drawn.
        x, y: its centre.
        size: the side of the square it fits into.
        angle: degrees it is turned by.
        flipped: whether it is mirrored.
    """

    name: str
    artist: str
    colour: str | None
    x: float
    y: float
    size: float
    angle: float = 0.0
    flipped: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What things stand on: ``style`` is plain, gradient or texture; the seed decides the rest."""

    style: str = "plain"
    clutter: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """Things on a ground; of two that touch, the later is drawn over the earlier."""

    things: tuple[Thing, ...]
    ground: Ground = Ground()

    def named(self, name: str) -> tuple[Thing, ...]:
        """The things of that name."""
        return tuple(thing for thing in self.things if thing.name == name)


class Sprites:
    """Cut-out drawings by name and artist, each a square RGBA picture."""

    def __init__(self, cutouts: Mapping[tuple[str, str], Image.Image]) -> None:
        if not cutouts:
            raise InputError("A scene needs sprites, and there are none: give a sprite sheet or a folder of cut-outs.")
        self._sources = dict(cutouts)
        self._reduced: dict[tuple[str, str, int], Image.Image] = {}
        self._tones: dict[tuple[str, str], tuple[int, int]] = {}

    def __repr__(self) -> str:
        return f"Sprites({len(self.names)} names, {len(self.artists)} artists, {len(self._sources)} drawings)"

    @classmethod
    def from_folder(cls, folder: Path | str) -> Sprites:
        """Read ``<folder>/<artist>/<name>.png``."""
        paths = sorted(Path(folder).glob("*/*.png"))
        return cls({(path.stem, path.parent.name): _squared(Image.open(path)) for path in paths})

    @classmethod
    def from_sheet(cls, folder: Path | str) -> Sprites:
        """Read a sheet: ``sheet.png``, a grid of square cells, and ``sheet.json``, which names them.

        The JSON holds ``side``, ``columns`` and ``cells``: ``[name, artist]`` pairs in reading order.
        """
        folder = Path(folder)
        if not (folder / "sheet.json").is_file():
            raise InputError(f"No sprite sheet in {folder}: expected sheet.json and sheet.png there.")
        index = json.loads((folder / "sheet.json").read_text(encoding="utf-8"))
        sheet = Image.open(folder / "sheet.png").convert("RGBA")
        side, columns = index["side"], index["columns"]
        cutouts = {}
        for place, (name, artist) in enumerate(index["cells"]):
            row, column = divmod(place, columns)
            box = (column * side, row * side, (column + 1) * side, (row + 1) * side)
            cutouts[name, artist] = sheet.crop(box)
        return cls(cutouts)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name drawn by anybody, sorted."""
        return tuple(sorted({name for name, _ in self._sources}))

    @cached_property
    def artists(self) -> tuple[str, ...]:
        """Every artist, sorted."""
        return tuple(sorted({artist for _, artist in self._sources}))

    @cached_property
    def artists_of(self) -> Mapping[str, tuple[str, ...]]:
        """The artists who drew a name, sorted."""
        return {name: tuple(sorted(a for n, a in self._sources if n == name)) for name in self.names}

    def cutout(self, name: str, artist: str, colour: str | None, side: int) -> Image.Image:
        """The drawing in a square of ``side`` pixels, in its own colours or tinted in shades of one."""
        try:
            source = self._sources[name, artist]
        except KeyError:
            drawn_by = ", ".join(self.artists_of.get(name, ())) or "nobody"
            raise InputError(f"There is no {name!r} drawn by {artist!r}: here it is drawn by {drawn_by}.") from None
        level = next((size for size in (32, 64) if side <= size < source.width), source.width)
        if level < source.width:  # most are wanted small: halve once, not each time
            if (name, artist, level) not in self._reduced:
                self._reduced[name, artist, level] = source.resize((level, level), Image.Resampling.BOX)
            source = self._reduced[name, artist, level]
        cutout = source.resize((side, side), Image.Resampling.BILINEAR)
        if colour is None:
            return cutout
        if (name, artist) not in self._tones:
            self._tones[name, artist] = _tone(source)
        return _tinted(cutout, COLOURS[colour], self._tones[name, artist])


def direction(thing: Thing, of: Thing) -> str | None:
    """Which relation ``thing`` stands in to ``of``: ``left`` if it is left of it; ``None`` if on the slant."""
    dx, dy = thing.x - of.x, thing.y - of.y
    if abs(dx) >= CLEARLY * abs(dy):
        return "left" if dx < 0 else "right"
    if abs(dy) >= CLEARLY * abs(dx):
        return "above" if dy < 0 else "below"
    return None


def arrange(
    rng: Random,
    sprites: Sprites,
    names: Sequence[str],
    *,
    artists: Iterable[str] | None = None,
    tinted: float = 0.5,
    cells: Sequence[tuple[int, int]] | None = None,
    clutter: int | None = None,
) -> Scene:
    """Place the named things, in that order, in the cells of a layout drawn at random (or in the ``cells`` given).

    Size, place, tilt, artist, tint and ground vary. No two things overlap, and neighbours in a row or a column stand
    in a clear relation. ``tinted`` is the share of things that get a colour of ``COLOURS``.
    """
    allowed = frozenset(sprites.artists if artists is None else artists)
    if cells is None:
        if len(names) not in LAYOUTS:
            raise InputError(f"A scene holds 1 to {max(LAYOUTS)} things unless cells are given; {len(names)} asked for.")
        cells = list(rng.choice(LAYOUTS[len(names)]))
        if len(names) < max(LAYOUTS):  # in the cross the first thing is the anchor and stays in the middle
            rng.shuffle(cells)
    columns, rows = 1 + max(column for column, _ in cells), 1 + max(row for _, row in cells)
    across = max(columns, rows)
    cell = rng.uniform(0.45, 1.0) if across == 1 else rng.uniform(0.88, 1.0) / across
    left, top = rng.uniform(0, 1 - columns * cell), rng.uniform(0, 1 - rows * cell)
    smallest = {1: 0.85, 2: 0.58}.get(across, 0.8)
    things = []
    for name, (column, row) in zip(names, cells, strict=True):
        size = cell * rng.uniform(smallest, 0.97)
        slack = min((cell - size) / 2, 0.1 * cell)
        choices = [artist for artist in sprites.artists_of.get(name, ()) if artist in allowed]
        if not choices:
            raise InputError(f"None of the artists {sorted(allowed)} drew {name!r}.")
        things.append(
            Thing(
                name,
                rng.choice(choices),
                rng.choice(tuple(COLOURS)) if rng.random() < tinted else None,
                left + (column + 0.5) * cell + rng.uniform(-slack, slack),
                top + (row + 0.5) * cell + rng.uniform(-slack, slack),
                size,
                rng.uniform(-18, 18) if rng.random() < 0.5 else 0.0,
                rng.random() < 0.5,
            )
        )
    style = rng.choice(("plain", "gradient", "texture"))
    return Scene(tuple(things), Ground(style, rng.randrange(7) if clutter is None else clutter, rng.getrandbits(32)))


def draw(scene: Scene, sprites: Sprites, side: int = 96, ground: Image.Image | None = None) -> Image.Image:
    """The scene as an RGB picture of ``side`` by ``side`` pixels, over its own ground or over a picture of that size."""
    canvas = _paint(scene.ground, side) if ground is None else ground.convert("RGB")
    for thing in scene.things:
        cutout, corner = _placed(thing, sprites, side)
        canvas.paste(cutout, corner, cutout)
    return canvas


def extent(thing: Thing, sprites: Sprites, side: int = 96) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what can be seen of a thing in a picture of that side, without its clear rim."""
    cutout, (x, y) = _placed(thing, sprites, side)
    seen = cutout.getchannel("A").point(lambda alpha: 255 * (alpha >= _SEEN)).getbbox()
    left, top, right, bottom = seen or (0, 0, *cutout.size)

    def within(edge: int) -> float:
        return min(max(edge / side, 0.0), 1.0)

    return within(x + left), within(y + top), within(x + right), within(y + bottom)


def _placed(thing: Thing, sprites: Sprites, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """A thing as it is drawn, and where its upper left corner comes."""
    cutout = sprites.cutout(thing.name, thing.artist, thing.colour, max(4, round(thing.size * side)))
    if thing.flipped:
        cutout = ImageOps.mirror(cutout)
    if thing.angle:
        cutout = cutout.rotate(thing.angle, Image.Resampling.BILINEAR)
    return cutout, (round(thing.x * side - cutout.width / 2), round(thing.y * side - cutout.height / 2))


def _paint(ground: Ground, side: int) -> Image.Image:
    """A plain, shaded or textured ground with some small shapes strewn over it, all decided by the seed."""
    rng = Random(ground.seed)  # noqa: S311  (pictures, not secrets)
    base = _any_colour(rng)
    if ground.style == "plain":
        canvas = Image.new("RGB", (side, side), base)
    else:
        knots, reach = (2, 60) if ground.style == "gradient" else (rng.randrange(4, 24), rng.randrange(12, 60))
        noise = np.frombuffer(rng.randbytes(3 * knots * knots), np.uint8).reshape(knots, knots, 3)
        knot_colours = np.asarray(base) + (noise.astype(np.int16) - 128) * reach // 128
        small = Image.fromarray(knot_colours.clip(0, 255).astype(np.uint8))
        canvas = small.resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(canvas)
    for _ in range(ground.clutter):
        x, y = rng.uniform(0, side), rng.uniform(0, side)
        dx, dy = (rng.uniform(0.02, 0.12) * side for _ in range(2))
        colour = _any_colour(rng)
        match rng.randrange(3):
            case 0:
                pen.ellipse((x, y, x + dx, y + dy), fill=colour)
            case 1:
                pen.rectangle((x, y, x + dx, y + dy), fill=colour)
            case _:
                ends = (x, y, x + rng.choice((-2, 2)) * dx, y + 2 * dy)
                pen.line(ends, fill=colour, width=max(1, round(0.02 * side)))
    return canvas


def _any_colour(rng: Random) -> RGB:
    """Any colour; half of the time a light one, as paper is."""
    low = 170 if rng.random() < 0.5 else 0
    return (rng.randint(low, 255), rng.randint(low, 255), rng.randint(low, 255))


def _squared(image: Image.Image) -> Image.Image:
    """The picture centred in the smallest transparent square that holds it."""
    image = image.convert("RGBA")
    side = max(image.size)
    square = Image.new("RGBA", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def _tone(cutout: Image.Image) -> tuple[int, int]:
    """Mean and spread of a drawing's brightness over what is visible of it, in steps of 8."""
    light = np.asarray(cutout.convert("L"), np.float32)
    weight = np.asarray(cutout.getchannel("A"), np.float32) + 1e-3
    mean = float((light * weight).sum() / weight.sum())
    spread = float(np.sqrt(((light - mean) ** 2 * weight).sum() / weight.sum()))
    return 8 * round(mean / 8), max(8, 8 * round(spread / 8))


def _tinted(cutout: Image.Image, colour: RGB, tone: tuple[int, int]) -> Image.Image:
    """The drawing in shades of one colour: its mean brightness becomes the colour itself."""
    light = cutout.convert("L")
    tinted = Image.merge("RGB", (light, light, light)).point(_shades(colour, *tone))
    tinted.putalpha(cutout.getchannel("A"))
    return tinted


@lru_cache(maxsize=4096)
def _shades(colour: RGB, mean: int, spread: int) -> list[int]:
    """For each brightness a shade, from a third of the colour over itself to halfway to white; channel by channel."""
    shade = 128 + (np.arange(256) - mean) * 48 / spread
    return [
        int(value)
        for channel in colour
        for value in np.interp(shade, (0, 128, 255), (channel / 3, channel, (channel + 255) / 2))
    ]
