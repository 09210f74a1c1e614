"""Ready tasks of real photographs, from labelled sets whose licences let us ship a few of them.

    git clone --depth 1 https://github.com/marcusklasson/GroceryStoreDataset
    git clone --depth 1 https://github.com/garythung/trashnet        # and unzip data/dataset-resized.zip where it lies
    git clone --depth 1 https://github.com/ardamavi/Sign-Language-Digits-Dataset

No training sees a picture of these sets. Where a set has parts for training and testing, examples come from the one and
queries from the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image, ImageOps

SIDE = 256  # px, the longer one
SUPPORT, QUERIES = 8, 5  # pictures a label


@dataclass(frozen=True)
class Collection:
    """A labelled set of photographs: where a clone of it keeps the pictures, whose they are, and on what terms.

    Attributes:
        name: the repository's name, which a clone's folder has.
        credit: who made it.
        licence: its SPDX name.
        support: folder of the pictures to teach with.
        queries: folder of the pictures to ask about; the same one where the set has no parts.
    """

    name: str
    owner: str
    credit: str
    licence: str
    support: str
    queries: str


GROCERIES = Collection(
    "GroceryStoreDataset", "marcusklasson", "Copyright (c) 2019 Marcus Klasson", "MIT", "dataset/train", "dataset/test"
)
TRASH = Collection(
    "trashnet", "garythung", "Copyright (c) 2017 Gary Thung", "MIT", "data/dataset-resized", "data/dataset-resized"
)
HANDS = Collection(
    "Sign-Language-Digits-Dataset", "ardamavi", "Arda Mavi and Zeynep Dikle, Ankara Ayrancı Anadolu High School",
    "Apache-2.0", "Dataset", "Dataset",
)  # fmt: skip
COLLECTIONS = (GROCERIES, TRASH, HANDS)


@dataclass(frozen=True)
class Plan:
    """One task: the folder, within its collection, of each label's pictures."""

    name: str
    title: str
    description: str
    question: str
    collection: Collection
    labels: Mapping[str, str]


PLANS = (
    Plan("greengrocer", "Fruit and vegetables", "Photographed in shops, with a telephone.", "What is this?",
         GROCERIES, {"avocado": "Fruit/Avocado", "banana": "Fruit/Banana", "carrots": "Vegetables/Carrots",
                     "kiwi": "Fruit/Kiwi", "lemon": "Fruit/Lemon", "pineapple": "Fruit/Pineapple"}),
    Plan("apples", "Kinds of apple", "Five kinds of one fruit, which few models can name.", "Which kind of apple is this?",
         GROCERIES, {"Golden Delicious": "Fruit/Apple/Golden-Delicious", "Granny Smith": "Fruit/Apple/Granny-Smith",
                     "Pink Lady": "Fruit/Apple/Pink-Lady", "Red Delicious": "Fruit/Apple/Red-Delicious",
                     "Royal Gala": "Fruit/Apple/Royal-Gala"}),
    Plan("materials", "What is it made of?", "Things thrown away: a material, not an object.", "What is this made of?",
         TRASH, {name: name for name in ("cardboard", "glass", "metal", "paper")}),
    Plan("fingers", "How many fingers?", "A hand shows a number, from none to five.", "How many fingers are up?",
         HANDS, {str(number): str(number) for number in range(6)}),
)  # fmt: skip


def chosen(plan: Plan, label: str, root: Path) -> tuple[list[Image.Image], list[Image.Image]]:
    """The pictures of a label to teach with and to ask about, the same every time."""
    place, folder = plan.collection, root / plan.collection.name
    first = _files(folder / place.support / plan.labels[label])
    rng = Random(f"{plan.name} {label}")
    if place.queries == place.support:
        drawn = rng.sample(first, SUPPORT + QUERIES)
        support, queries = drawn[:SUPPORT], drawn[SUPPORT:]
    else:
        support = rng.sample(first, SUPPORT)
        queries = rng.sample(_files(folder / place.queries / plan.labels[label]), QUERIES)
    return [_opened(path) for path in support], [_opened(path) for path in queries]


def _files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})


def _opened(path: Path) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def terms(root: Path) -> str:
    """Who made the photographs and on what terms, with the notices that the licences ask to be kept."""
    rows = ["| photographs of | from | licence |", "| --- | --- | --- |"]
    for place in COLLECTIONS:
        tasks = ", ".join(f"`{plan.name}`" for plan in PLANS if plan.collection is place)
        rows.append(
            f"| {tasks} | [{place.name}](https://github.com/{place.owner}/{place.name}), {place.credit} | {place.licence} |"
        )
    notice = (root / GROCERIES.name / "LICENSE").read_text(encoding="utf-8").split("\n\n", 2)[2].strip()
    return (
        "\n".join(rows)
        + "\n\nChanges made: reduced to 256 pixels, and a few chosen by a seed in `tools/photograph_tasks.py`. The text of "
        "Apache-2.0 is at <https://www.apache.org/licenses/LICENSE-2.0>. The MIT licence of both sets:\n\n"
        + "\n".join(f"> {line}".rstrip() for line in notice.splitlines())
        + "\n"
    )
