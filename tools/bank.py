"""The sprites training draws from: every cut-out, and styled variants of it that no artist drew.

A model that is to read an artist it never saw must not lean on one artist's palette or line. So each drawing
comes also with its hues turned, its contrast changed, an outline added, flattened to few tones, blurred or in grey.
To the scene composer a variant is simply one more artist, `noto~2`.
"""

import json
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from sav_core.scenes.draw import Sprites
from tools.artwork import CUTOUTS, SETS
from tools.names import more
from tools.world import HELD_OUT, HELD_OUT_ARTIST, TRAINED

SIDE = 96  # px; the side at which a bank keeps its drawings


def load(path: Path) -> Image.Image:
    """A cut-out in a transparent square of `SIDE`."""
    image = ImageOps.contain(Image.open(path).convert("RGBA"), (SIDE, SIDE), Image.Resampling.BOX)
    square = Image.new("RGBA", (SIDE, SIDE))
    square.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return square


def restyle(image: Image.Image, rng: Random) -> Image.Image:
    """The same drawing in another hand: one to three changes of palette, tone and line."""
    alpha = image.getchannel("A")
    rgb = image.convert("RGB")
    for change in rng.sample(("hue", "contrast", "brightness", "posterise", "grey", "blur", "swap"), rng.randint(1, 3)):
        if change == "hue":
            hue, saturation, value = rgb.convert("HSV").split()
            turn = rng.choice((-1, 1)) * rng.randint(8, 60)
            hue = hue.point([(h + turn) % 256 for h in range(256)])
            rgb = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
        elif change == "contrast":
            rgb = ImageEnhance.Contrast(rgb).enhance(rng.uniform(0.5, 1.6))
        elif change == "brightness":
            rgb = ImageEnhance.Brightness(rgb).enhance(rng.uniform(0.6, 1.4))
        elif change == "posterise":
            rgb = ImageOps.posterize(rgb, rng.randint(2, 3))
        elif change == "grey":
            rgb = ImageEnhance.Color(rgb).enhance(rng.uniform(0.0, 0.6))
        elif change == "blur":
            rgb = rgb.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.6)))
        elif change == "swap":
            rgb = Image.merge("RGB", rng.sample(rgb.split(), 3))
    if rng.random() < 0.35:  # an outline, as comic artists draw it
        grown = alpha.filter(ImageFilter.MaxFilter(rng.choice((3, 5))))
        outlined = Image.new("RGB", image.size, tuple(rng.randint(0, 60) for _ in range(3)))
        outlined.paste(rgb, mask=alpha)
        rgb, alpha = outlined, grown
    if rng.random() < 0.5:  # another build: taller or broader, and sheared
        stretch, shear = rng.uniform(0.8, 1.25), rng.uniform(-0.2, 0.2)
        side = image.width
        matrix = (stretch, shear, side / 2 * (1 - stretch - shear), 0, 1 / stretch, side / 2 * (1 - 1 / stretch))
        rgb = rgb.transform(rgb.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        alpha = alpha.transform(rgb.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    rgb.putalpha(alpha)
    return rgb


def training_bank(variants: int, seed: int = 0, names_beyond: bool = True) -> Sprites:
    """Everything training may see: the world's words with so many variants a drawing, the names beyond them with one.

    Made once for each choice and then read from a file, which takes seconds where the restyling takes minutes.
    """
    stem = CUTOUTS.parent / f"bank-{variants}-{seed}{'' if names_beyond else '-words'}"
    if not stem.with_suffix(".json").exists():
        cutouts = _styled(variants, seed, names_beyond)
        partial = stem.with_suffix(f".{os.getpid()}.npy")
        np.save(partial, np.stack([np.asarray(cutout) for cutout in cutouts.values()]))
        partial.replace(stem.with_suffix(".npy"))
        stem.with_suffix(".json").write_text(json.dumps(list(cutouts)))
    pixels = np.load(stem.with_suffix(".npy"), mmap_mode="r")
    keys = json.loads(stem.with_suffix(".json").read_text())
    return Sprites({(name, artist): Image.fromarray(each) for (name, artist), each in zip(keys, pixels, strict=True)})


def _styled(variants: int, seed: int, names_beyond: bool) -> dict[tuple[str, str], Image.Image]:
    words = {icon: word for word, (icon, _) in TRAINED.items()}
    beyond = {icon: word for word, icon in more().items()} if names_beyond else {}
    wanted = [
        (name, path, seed, variants if name in TRAINED else min(variants, 1))
        for icon_set in SETS
        if icon_set.artist != HELD_OUT_ARTIST
        for path in sorted((CUTOUTS / icon_set.package).glob("*.png"))
        if (name := words.get(path.stem) or beyond.get(path.stem)) is not None
    ]
    with ProcessPoolExecutor() as processes:
        drawn = processes.map(_styles, wanted, chunksize=50)
        return {
            (name, path.parent.name + (f"~{place}" if place else "")): drawing
            for (name, path, _, _), drawings in zip(wanted, drawn, strict=True)
            for place, drawing in enumerate(drawings)
        }


def _styles(wanted: tuple[str, Path, int, int]) -> list[Image.Image]:
    """A drawing and its variants."""
    _, path, seed, variants = wanted
    drawing = load(path)
    rng = Random(f"{seed} {path.parent.name} {path.stem}")
    return [drawing, *(restyle(drawing, rng) for _ in range(variants))]


def held_out_artist_bank() -> Sprites:
    """The trained names as the held-out artist drew them."""
    folder = CUTOUTS / HELD_OUT_ARTIST
    return Sprites({(word, HELD_OUT_ARTIST): load(folder / f"{fx}.png") for word, (_, fx) in TRAINED.items()})


def held_out_names_bank() -> Sprites:
    """The held-out names by every artist who drew them, the held-out artist included."""
    cutouts = {}
    for word, (icon, fx) in HELD_OUT.items():
        for icon_set in SETS:
            path = CUTOUTS / icon_set.package / f"{fx if icon_set.artist == HELD_OUT_ARTIST else icon}.png"
            if path.exists():
                cutouts[word, icon_set.package] = load(path)
    return Sprites(cutouts)
