"""The ready tasks: small labelled sets of picture files to load in one click, with queries that are not among them.

    python -m tools.make_examples --photographs FOLDER     # -> assets/examples/<task>/
    python -m tools.make_examples --measure                # write the accuracy reached into each task.toml

`FOLDER` holds clones of the sets of photographs (`tools/photograph_tasks.py` says which). A task is a folder:

    task.toml                 title, description, question, labels, licence, accuracy
    support/<label>/*.jpg     what to teach with        (or support.jsonl, where each picture has its own text)
    queries/<label>/*.jpg     what to ask afterwards    (or queries.jsonl)

Of a task of clips the files are `*.mp4`, and `task.toml` says how many `frames` of each are looked at.
"""

import argparse
import json
import shutil
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from sav_core.scenes.draw import COLOURS, Scene, Sprites, arrange, direction, draw
from sav_core.scenes.questions import questions
from tools.artwork import SETS
from tools.bank import held_out_artist_bank, held_out_names_bank, training_bank
from tools.export import ASSETS
from tools.moving_tasks import FRAMES, MOVERS, WAYS, Reel, moved, went
from tools.photograph_tasks import PLANS, chosen, terms
from tools.sprite_sheet import SHIPPED, licences
from tools.world import HELD_OUT_ARTIST, SCENE_WORDS

SIDE = 192  # px
EXAMPLES = ASSETS / "examples"
OPEN = tuple(package for package in SHIPPED if package != HELD_OUT_ARTIST)  # artists known to the model, no share-alike
DRAWN = "Apache-2.0, MIT and CC-BY-4.0; see LICENSES.md"


@dataclass(frozen=True)
class Item:
    """One picture or clip with its label and, where it has one of its own, its text."""

    picture: Image.Image | Reel
    label: str
    text: str = ""


@dataclass(frozen=True)
class Task:
    """A ready task in the making; `support` and `queries` give the items of a part, `frames` how many of a clip count."""

    name: str
    title: str
    description: str
    question: str
    labels: tuple[str, ...]
    support: list[Item]
    queries: list[Item]
    licence: str = DRAWN
    frames: int = 0


def drawn_tasks() -> Iterable[Task]:
    """The tasks made of drawings; their queries are by the artist the model never saw, where that artist drew them."""
    known, unseen, novel = training_bank(0, names_beyond=False), held_out_artist_bank(), held_out_names_bank()
    yield from _naming(known, unseen, novel)
    yield from _scenes(known, unseen)


def _naming(known: Sprites, unseen: Sprites, novel: Sprites) -> Iterable[Task]:
    def alone(name: str, bank: Sprites, artists: Iterable[str], seed: str) -> Image.Image:
        return draw(arrange(Random(seed), bank, [name], artists=artists, tinted=0), bank, SIDE)

    labels = ("butterfly", "lion", "owl", "robot", "shark", "zebra")
    yield Task(
        "new-things",
        "Things it was never taught",
        "Six things that the demo model never saw in training.",
        "What is this?",
        labels,
        [Item(alone(n, novel, OPEN[1:], f"new {n} {i}"), n) for n in labels for i in range(6)],
        [Item(alone(n, novel, OPEN[:1], f"new query {n} {i}"), n) for n in labels for i in range(4)],
    )
    labels = ("castle", "guitar", "mushroom", "rabbit", "turtle")
    yield Task(
        "other-artists",
        "The same thing by another artist",
        "Four artists teach; a fifth, never seen, is asked about.",
        "What is this?",
        labels,
        [Item(alone(n, known, OPEN, f"artists {n} {i}"), n) for n in labels for i in range(6)],
        [Item(alone(n, unseen, unseen.artists, f"artists query {n} {i}"), n) for n in labels for i in range(5)],
    )


def _scenes(known: Sprites, unseen: Sprites) -> Iterable[Task]:
    """Tasks where one kind of picture can be asked different things."""

    def part(make: Callable[[Random, Sprites, tuple[str, ...]], list[Item]], count: int, key: str) -> list[Item]:
        bank, artists = (unseen, unseen.artists) if "query" in key else (known, OPEN)
        return [item for i in range(count) for item in make(Random(f"{key} {i}"), bank, artists)]

    def task(name: str, title: str, description: str, question: str, labels: tuple[str, ...], make: Callable) -> Task:
        return Task(name, title, description, question, labels, part(make, 8, name), part(make, 5, f"{name} query"))

    def counted(rng: Random, bank: Sprites, artists: tuple[str, ...]) -> list[Item]:
        items = []
        for count in range(1, 5):
            others = rng.sample([w for w in SCENE_WORDS if w != "star"], rng.randint(0, 4 - count))
            names = ["star"] * count + others
            items.append(Item(draw(arrange(rng, bank, names, artists=artists), bank, SIDE), str(count)))
        return items

    def placed(rng: Random, bank: Sprites, artists: tuple[str, ...]) -> list[Item]:
        items = {}
        while len(items) < 4:
            scene = arrange(rng, bank, ["umbrella", "whale"], artists=artists)
            side = direction(scene.things[0], scene.things[1])
            if side and side not in items:
                items[side] = Item(draw(scene, bank, SIDE), side)
        return list(items.values())

    def coloured(rng: Random, bank: Sprites, artists: tuple[str, ...]) -> list[Item]:
        items = []
        for colour in ("blue", "green", "red", "yellow"):
            others = rng.sample([w for w in SCENE_WORDS if w != "car"], rng.randint(1, 3))
            scene = arrange(rng, bank, ["car", *others], artists=artists, tinted=1)
            items.append(Item(draw(_tinted(scene, "car", colour), bank, SIDE), colour))
        return items

    def present(rng: Random, bank: Sprites, artists: tuple[str, ...]) -> list[Item]:
        items = []
        for label in ("no", "yes"):
            names = rng.sample([w for w in SCENE_WORDS if w != "key"], rng.randint(2, 4))
            names[0] = "key" if label == "yes" else names[0]
            items.append(Item(draw(arrange(rng, bank, names, artists=artists), bank, SIDE), label))
        return items

    def claimed(rng: Random, bank: Sprites, artists: tuple[str, ...]) -> list[Item]:
        items: dict[str, Item] = {}
        while len(items) < 2:  # each label with a picture of its own: a picture under both would pull their means together
            scene = arrange(rng, bank, rng.sample(SCENE_WORDS, rng.randint(2, 4)), artists=artists, tinted=0.7)
            asked = [q for q in questions(scene, rng, SCENE_WORDS) if q.family == "claim" and q.answer not in items]
            if asked and asked[0].text.startswith("True or false:"):
                items[asked[0].answer] = Item(draw(scene, bank, SIDE), asked[0].answer, asked[0].text)
        return list(items.values())

    yield task(
        "how-many",
        "How many stars?",
        "One to four stars among other things.",
        "How many stars are there?",
        ("1", "2", "3", "4"),
        counted,
    )
    yield task(
        "where",
        "Where is the umbrella?",
        "An umbrella and a whale, arranged differently.",
        "On which side of the whale is the umbrella?",
        ("above", "below", "left", "right"),
        placed,
    )
    yield task(
        "which-colour",
        "Which colour is the car?",
        "A coloured car among things of other colours.",
        "What colour is the car?",
        ("blue", "green", "red", "yellow"),
        coloured,
    )
    yield task(
        "is-there-a-key",
        "Is there a key?",
        "Scenes with and without a key.",
        "Is there a key?",
        ("no", "yes"),
        present,
    )
    yield task(
        "true-or-false",
        "True or false?",
        "Each picture has a statement; false ones are off by a word.",
        "",
        ("false", "true"),
        claimed,
    )


def _tinted(scene: Scene, name: str, colour: str) -> Scene:
    """The scene with one thing in a given colour and no other thing in it."""
    from dataclasses import replace

    others = [c for c in COLOURS if c != colour]
    things = [
        replace(t, colour=colour if t.name == name else others[i % len(others)] if t.colour == colour else t.colour)
        for i, t in enumerate(scene.things)
    ]
    return Scene(tuple(things), scene.ground)


def moving_tasks() -> Iterable[Task]:
    """The tasks made of clips, drawn with the sheet that ships; the queries are by the artist the model never saw."""
    sprites = Sprites.from_sheet(ASSETS / "sprites")

    def part(shown: Callable[..., Reel], labels: Iterable[str], count: int, key: str, artists: Iterable[str]) -> list[Item]:
        return [
            Item(shown(Random(f"{key} {label} {i}"), label, sprites, tuple(artists)), label)
            for label in labels
            for i in range(count)
        ]

    support, queries = (
        part(moved, MOVERS, 8, "what-moved", OPEN),
        part(moved, MOVERS, 5, "what-moved query", [HELD_OUT_ARTIST]),
    )
    description = "Clips of four things; one of them moves, which no single frame tells."
    yield Task("what-moved", "What moved?", description, "What moved?", MOVERS, support, queries, DRAWN, FRAMES)
    support, queries = (
        part(went, WAYS, 16, "which-way", OPEN),
        part(went, WAYS, 10, "which-way query", [HELD_OUT_ARTIST]),
    )
    title, description = "Which way?", "Clips of two things; one goes left or right, which only their order tells."
    yield Task("which-way", title, description, "Which way did it move?", WAYS, support, queries, DRAWN, FRAMES)


def photographed_tasks(root: Path) -> Iterable[Task]:
    """The tasks made of photographs, from a folder of clones."""
    for plan in PLANS:
        parts = {label: chosen(plan, label, root) for label in plan.labels}
        support, queries = ([Item(p, label) for label, pair in parts.items() for p in pair[part]] for part in (0, 1))
        licence = f"{plan.collection.licence}; see LICENSES.md"
        labels = tuple(plan.labels)
        yield Task(plan.name, plan.title, plan.description, plan.question, labels, support, queries, licence)


def write(task: Task) -> None:
    """The task's folder, anew."""
    folder = EXAMPLES / task.name
    shutil.rmtree(folder, ignore_errors=True)
    for part, items in (("support", task.support), ("queries", task.queries)):
        lines = []
        numbers: dict[str, int] = {}
        for item in items:
            numbers[item.label] = numbers.get(item.label, 0) + 1
            path = folder / part / item.label / f"{numbers[item.label]}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(item.picture, Reel):
                path = path.with_suffix(".mp4")
                item.picture.save(path)
            else:
                item.picture.save(path, quality=92, subsampling=0)
            lines.append({"image": path.relative_to(folder).as_posix(), "question": item.text, "label": item.label})
        if any(item.text for item in items):
            (folder / f"{part}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    fields = {
        "title": task.title,
        "description": task.description,
        "question": task.question,
        "labels": list(task.labels),
        "licence": task.licence,
        **({"frames": task.frames} if task.frames else {}),
    }
    (folder / "task.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items()))


def measure() -> None:
    """Teach the embedded model each task, ask the queries, and write down the share it gets right."""
    from sav_core import SavClassifier, load_backbone

    backbone = load_backbone(ASSETS / "model", dtype="float32")
    for path in sorted(EXAMPLES.glob("*/task.toml")):
        task = tomllib.loads(path.read_text())
        support, queries = (read_part(path.parent, part, task) for part in ("support", "queries"))
        accuracy = SavClassifier(backbone, cache=None).fit(support).score(queries)
        kept = [line for line in path.read_text().splitlines() if not line.startswith("accuracy")]
        path.write_text("\n".join([*kept, f"accuracy = {accuracy:.3f}  # of {len(queries)} queries, 20 heads"]) + "\n")
        print(f"{path.parent.name:16} {accuracy:.1%} of {len(queries)}")


def read_part(folder: Path, part: str, task: dict) -> list:
    """The support or the queries of a task."""
    from sav_core import read_examples
    from sav_core.data.clips.sampling import ClipSampling

    lines, clips = folder / f"{part}.jsonl", ClipSampling(task.get("frames", 8))
    return list(read_examples(lines if lines.exists() else folder / part, question=task["question"], clips=clips))


def main() -> None:
    """Write the tasks, or measure those there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, help="clones of the sets; without it those tasks stay as they are")
    parser.add_argument("--measure", action="store_true")
    arguments = parser.parse_args()
    if arguments.measure:
        measure()
        return
    for task in (*moving_tasks(), *drawn_tasks()):
        write(task)
    if arguments.photographs:
        for task in photographed_tasks(arguments.photographs):
            write(task)
        (EXAMPLES / "LICENSES.md").write_text(_terms(arguments.photographs))


def _terms(photographs: Path) -> str:
    opening = (
        "Tasks of photographs are listed at the end. All others are drawings from these sets; who drew what is decided by "
        "the seed in `tools/make_examples.py`."
    )
    packages = tuple(s.package for s in SETS if s.package in SHIPPED)
    return f"{licences(packages, opening)}\n## Photographs\n\n{terms(photographs)}"


if __name__ == "__main__":
    main()
