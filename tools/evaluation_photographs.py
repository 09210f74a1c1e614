"""What the heads know of photographs, beside everything simpler: sets from packages that no training saw.

    python -m tools.evaluation_photographs --model assets/model

- `things`: fishes, monuments, windmills, solar panels, hammers, measuring tapes, pliers and scissors;
- `animals`: birds, hoofed animals and primates, each kind of animal once: the label is wider than any one of them;
- `paintings`: parts of old paintings; the label is the painting they are cut from, never what is on them.
"""

import argparse
import re
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from sav_core import load_backbone
from sav_core.heads.classifier import HeadClassifier
from sav_core.models.backbones import Backbone
from tools.artwork import BUILD
from tools.export import ASSETS, save
from tools.figures import Figure, over_episodes
from tools.photographs import download, pictures
from tools.reading import Readings, nearest_mean, read
from tools.stage_language import untrained

KEPT, RANDOM_DRAWS = 20, 20
MOST_LABELS, MOST_QUERIES = 7, 8  # of an episode; queries a label
FOLDER = BUILD / "photographs-apart"
PACKAGE = "gcompris-qt-data"


@dataclass(frozen=True)
class Collection:
    """One resource collection of the package: what to ask, and a pattern of the names of each label's pictures.

    The label ``""`` stands for what the pattern's group finds.
    """

    name: str
    file: str
    question: str
    shots: int
    labels: dict[str, str]


COLLECTIONS = (
    Collection("things", "categorization.rcc", "What is this?", 5, {
        "fish": r"fishes-.*", "monument": r"monuments-.*", "windmill": r".*-windmill\d*", "solar panel": r".*-solar\d+",
        "hammer": r".*-hammer\d+", "tape": r".*-measuringTape\d+", "pliers": r".*-(plier|sideCutter|scissors)\d+",
    }),
    Collection("animals", "erase.rcc", "What is this?", 3, {
        "bird": r".*-(gosling|heron|kingfisher|northern_harrier|penguin|spoonbills|swans|toucan)",
        "hoofed": r".*-(alpaca|calf|camels|giraffe|goat|horse|nubian_ibex|rhinoceros)",
        "primate": r".*-(gibbon|gorilla|long_nosed_monkey|macaque)",
    }),
    Collection("paintings", "paintings.rcc", "Which painting is this?", 5, {"": r".*-(.*)_[a-z]\d+"}),
)  # fmt: skip


def photographs_apart() -> dict[str, Image.Image]:
    """Every picture of the collections by `collection/name`; fetched once."""
    if not FOLDER.exists():
        with tempfile.TemporaryDirectory() as scratch:
            root = download(PACKAGE, Path(scratch))
            for collection in COLLECTIONS:
                target = FOLDER.with_suffix(".partial") / collection.name
                target.mkdir(parents=True, exist_ok=True)
                for name, image in pictures(root, f"usr/share/gcompris-qt/rcc/{collection.file}").items():
                    image.save(target / f"{name}.png")
        FOLDER.with_suffix(".partial").rename(FOLDER)
    return {f"{path.parent.name}/{path.stem}": Image.open(path).convert("RGB") for path in sorted(FOLDER.glob("*/*.png"))}


def collect() -> dict[str, list[tuple[Image.Image, str]]]:
    """The pictures of each collection that have a label, with it."""
    found = {}
    every = photographs_apart()
    for collection in COLLECTIONS:
        own = [(path.split("/")[1], image) for path, image in every.items() if path.startswith(f"{collection.name}/")]
        found[collection.name] = [(image, said) for name, image in own if (said := label(collection, name))]
    return found


def label(collection: Collection, name: str) -> str | None:
    """What a picture is labelled, by its name."""
    for said, pattern in collection.labels.items():
        if found := re.fullmatch(pattern, name):
            return said or found.group(1)
    return None


def episode(rng: Random, truth: list[str], shots: int) -> tuple[list[int], list[int]]:
    """Rows of the supports and of the queries."""
    by_label: dict[str, list[int]] = defaultdict(list)
    for row, said in enumerate(truth):
        by_label[said].append(row)
    able = sorted(said for said, rows in by_label.items() if len(rows) > shots)
    support, queries = [], []
    for said in rng.sample(able, min(MOST_LABELS, len(able))):
        rows = rng.sample(by_label[said], min(len(by_label[said]), shots + MOST_QUERIES))
        support += rows[:shots]
        queries += rows[shots:]
    return support, queries


def score(readings: Readings, blank: Readings, truth: list[str], shots: int, episodes: int, seed: int) -> dict[str, Figure]:
    """Every rule and control on the same episodes."""
    rng, scores = Random(f"photographs {seed}"), defaultdict(list)
    for _ in range(episodes):
        support, queries = episode(rng, truth, shots)
        known, wanted = [truth[row] for row in support], [truth[row] for row in queries]
        vectors, asked = readings.vectors(support, known), readings.vectors(queries, wanted)
        classifier = HeadClassifier(n_kept=KEPT).fit(vectors)
        ranking = classifier.fitted_.scores.ranking
        scores["SAV"].append(classifier.score(asked))
        scores["SAV, gaussian"].append(HeadClassifier(n_kept=KEPT, voting="gaussian").fit(vectors).score(asked))
        scores["all heads"].append(classifier.voting_with(ranking).score(asked))
        drawn = [classifier.voting_with(rng.sample(list(ranking), KEPT)).score(asked) for _ in range(RANDOM_DRAWS)]
        scores["random heads"].append(float(np.mean(drawn)))
        scores["SAV minus all heads"].append(scores["SAV"][-1] - scores["all heads"][-1])
        for name in ("hidden", "tower", "pixels"):
            said = nearest_mean(getattr(readings, name), support, known, queries)
            scores[name].append(float(np.mean([s == w for s, w in zip(said, wanted, strict=True)])))
        untaught = HeadClassifier(n_kept=KEPT).fit(blank.vectors(support, known))
        scores["SAV, untrained decoder"].append(untaught.score(blank.vectors(queries, wanted)))
    return {name: over_episodes(values) for name, values in scores.items()}


def measure(backbone: Backbone, blank: Backbone, episodes: int, seed: int) -> dict[str, dict[str, Figure]]:
    """The figures of each collection."""
    found = {}
    collected = collect()
    for collection in COLLECTIONS:
        images, truth = map(list, zip(*collected[collection.name], strict=True))
        questions = [collection.question] * len(images)
        found[collection.name] = score(
            read(backbone, images, questions), read(blank, images, questions), truth, collection.shots, episodes, seed
        )
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ASSETS / "model")
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    backbone = load_backbone(arguments.model, dtype="float32")
    with tempfile.TemporaryDirectory() as folder:
        save(untrained(), Path(folder))
        blank = load_backbone(folder, dtype="float32")
    for name, figures in measure(backbone, blank, arguments.episodes, arguments.seed).items():
        print(f"\n{name}")
        for kind, figure in figures.items():
            print(f"  {kind:24} {figure}", flush=True)


if __name__ == "__main__":
    main()
