"""Pictures of what the embedded model was never shown, drawn from a seed: pages of text, charts, patterns and scans.

A scan is what instruments give: bright cells or soft masses, in grey or in one stain's colours.
"""

from collections.abc import Callable
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tools.names import CLASSES

KIND = "pages of text, charts, patterns or scans"
SIDES = (240, 420)  # px

Values = npt.NDArray[np.float64]


def page(rng: Random) -> Image.Image:
    """Lines of words, some of them under a heading, in ink on paper or the other way round."""
    paper, ink = rng.randint(225, 255), rng.randint(0, 90)
    if rng.random() < 0.2:
        paper, ink = 255 - paper, 255 - ink
    image = Image.new("L", (rng.randint(*SIDES), rng.randint(*SIDES)), paper)
    pen, size, edge = ImageDraw.Draw(image), rng.randint(8, 22), rng.randint(4, 30)
    down = edge
    while down < image.height - edge:
        heading = rng.random() < 0.1
        font = ImageFont.load_default(size * 1.6 if heading else size)
        words = " ".join(rng.sample(CLASSES, 3 if heading else 10))
        pen.text((edge, down), words, fill=ink, font=font)
        down += int(font.size * 1.4) * rng.choice((1, 1, 1, 1, 2))
    return image.convert("RGB")


def chart(rng: Random) -> Image.Image:
    """Bars, lines or dots between axes with numbers."""
    width, height = rng.randint(*SIDES), rng.randint(*SIDES)
    image = Image.new("RGB", (width, height), "white")
    pen, left, floor = ImageDraw.Draw(image), 34, height - 26
    colours = [tuple(rng.randint(0, 210) for _ in range(3)) for _ in range(4)]
    for step in range(6):
        level = 12 + step * (floor - 12) // 5
        pen.line((left, level, width - 8, level), fill=(222, 222, 222))
        pen.text((6, level - 6), str((5 - step) * rng.choice((20, 20, 5))), fill=(70, 70, 70))
    rng.choice((_bars, _lines, _dots))(rng, pen, (left, 12, width - 8, floor), colours)
    pen.line((left, 8, left, floor, width - 8, floor), fill=(60, 60, 60), width=2)
    return image


def _bars(rng: Random, pen: ImageDraw.ImageDraw, box: tuple[int, ...], colours: list) -> None:
    left, top, right, floor = box
    count = rng.randint(3, 12)
    wide = (right - left) / count
    for bar in range(count):
        start = left + wide * (bar + 0.15)
        pen.rectangle(
            (start, rng.randint(top, floor - 4), start + wide * 0.7, floor), fill=colours[bar % rng.randint(1, 3)]
        )


def _lines(rng: Random, pen: ImageDraw.ImageDraw, box: tuple[int, ...], colours: list) -> None:
    left, top, right, floor = box
    for colour in colours[: rng.randint(1, 4)]:
        level, points = rng.randint(top, floor), []
        for across in range(left, right, rng.randint(6, 30)):
            level = min(floor, max(top, level + rng.randint(-24, 24)))
            points.append((across, level))
        pen.line(points, fill=colour, width=rng.randint(1, 3))


def _dots(rng: Random, pen: ImageDraw.ImageDraw, box: tuple[int, ...], colours: list) -> None:
    left, top, right, floor = box
    for _ in range(rng.randint(20, 160)):
        across, down, wide = rng.randint(left, right), rng.randint(top, floor), rng.randint(2, 4)
        pen.ellipse((across - wide, down - wide, across + wide, down + wide), fill=rng.choice(colours[:2]))


def pattern(rng: Random) -> Image.Image:
    """Noise of one scale, stripes or checks, in two colours or in any."""
    side, numbers = rng.randint(*SIDES), np.random.default_rng(rng.getrandbits(32))
    kind = rng.choice(("noise", "noise", "stripes", "checks"))
    if kind == "noise":
        if rng.random() < 0.4:
            return Image.fromarray(_stretched(np.stack([_noise(numbers, side, rng.choice((1, 2))) for _ in range(3)], -1)))
        return _two_colours(rng, _noise(numbers, side, rng.choice((1, 2, 4, 8))))
    down, across = np.mgrid[:side, :side]
    turn, wave = rng.uniform(0, np.pi), rng.uniform(6, 40)
    one = np.sin((across * np.cos(turn) + down * np.sin(turn)) * 2 * np.pi / wave)
    other = np.sin((across * np.sin(turn) - down * np.cos(turn)) * 2 * np.pi / wave)
    return _two_colours(rng, np.sign(one * other) if kind == "checks" else one)


def scan(rng: Random) -> Image.Image:
    """Cells or masses, bright on dark or stained."""
    side, numbers = rng.randint(*SIDES), np.random.default_rng(rng.getrandbits(32))
    down, across = np.mgrid[:side, :side].astype(np.float64)
    ground = 0.5 * _noise(numbers, side, rng.choice((4, 16)))
    for _ in range(rng.randint(3, 60)):
        wide, high, turn = rng.uniform(0.02, 0.14) * side, rng.uniform(0.02, 0.14) * side, rng.uniform(0, np.pi)
        x, y = across - rng.uniform(0, side), down - rng.uniform(0, side)
        x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        far = np.sqrt((x / wide) ** 2 + (y / high) ** 2)
        ground += rng.uniform(1, 4) / (1 + np.exp((far - 1) * rng.choice((3, 12))))
    if rng.random() < 0.5:
        return Image.fromarray(_stretched(ground)).convert("RGB")
    return _two_colours(rng, ground)


def _noise(numbers: np.random.Generator, side: int, scale: int) -> Values:
    """Grey noise whose grains are so many pixels wide."""
    small = Image.fromarray(numbers.standard_normal((side // scale + 1, side // scale + 1)).astype(np.float32))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), np.float64)


def _stretched(values: Values) -> npt.NDArray[np.uint8]:
    low, high = np.percentile(values, (1, 99))
    return (255 * np.clip((values - low) / (high - low + 1e-9), 0, 1)).astype(np.uint8)


def _two_colours(rng: Random, values: Values) -> Image.Image:
    one, other = (np.array([rng.randint(0, 255) for _ in range(3)], np.float64) for _ in range(2))
    share = _stretched(values)[..., None] / 255
    return Image.fromarray((one * (1 - share) + other * share).astype(np.uint8))


KINDS: tuple[Callable[[Random], Image.Image], ...] = (page, chart, pattern, scan)


def strangers(count: int) -> list[Image.Image]:
    """So many of each kind, the same every time."""
    return [make(Random(f"{make.__name__} {number}")) for make in KINDS for number in range(count)]
