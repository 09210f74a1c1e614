"""What the heads know: few-shot classification by Sparse Attention Vectors, beside everything simpler.

All figures are means over episodes with their standard error; within an episode every method sees the same pictures.
"""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import numpy as np
from PIL import Image

from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.scoring import cosines
from sav_core.models.backbones import Backbone
from sav_core.scenes.draw import COLOURS, Ground, Scene, Sprites, Thing, arrange, draw
from tools.bank import held_out_artist_bank, held_out_names_bank, training_bank
from tools.figures import Figure, over_episodes
from tools.model import SIDE
from tools.reading import Readings, nearest_mean, read
from tools.world import HELD_OUT, HELD_OUT_ARTIST, SCENE_WORDS, TRAINED

KEPT = 20
Scores = dict[str, list[float]]


def few_shot(backbone: Backbone, untrained: Backbone, episodes: int, seed: int, held_out: bool) -> dict[str, Figure]:
    """5-way, 5 examples a label, 3 queries a label; supports and queries by different artists.

    `held_out` takes names never trained, the queries by any one artist; else trained names, queries by the artist never
    trained.
    """
    known, unseen = training_bank(variants=0, names_beyond=False), held_out_artist_bank()
    novel = held_out_names_bank()
    drawn_by = {
        a: [n for n in HELD_OUT if a in novel.artists_of[n] and len(novel.artists_of[n]) > 2] for a in novel.artists
    }
    able = [(artist, drawn) for artist, drawn in drawn_by.items() if len(drawn) >= 5]
    rng = Random(f"few-shot {seed} {held_out}")
    pictures: list[Image.Image] = []
    truth: list[str] = []
    for _ in range(episodes):
        if held_out:
            artist, drawn = rng.choice(able)
            labels = rng.sample(drawn, 5)
            others = [a for a in novel.artists if _hand(a) != _hand(artist)]
            sources = [(novel, others, 5), (novel, [artist], 3)]
        else:
            labels = rng.sample(sorted(TRAINED), 5)
            sources = [(known, known.artists, 5), (unseen, [HELD_OUT_ARTIST], 3)]
        for bank, artists, count in sources:
            for label in labels:
                pictures += [draw(arrange(rng, bank, [label], artists=artists, tinted=0), bank, SIDE) for _ in range(count)]
                truth += [label] * count
    question = ["What is this?"] * len(pictures)
    read_by = {"trained": read(backbone, pictures, question), "untrained": read(untrained, pictures, question)}
    scores: Scores = defaultdict(list)
    for start in range(0, len(pictures), 40):
        support, queries = range(start, start + 25), range(start + 25, start + 40)
        _score(scores, read_by["trained"], support, queries, truth, "")
        other = read_by["untrained"]
        fitted = HeadClassifier(n_kept=KEPT).fit(other.vectors(support, [truth[i] for i in support]))
        scores["SAV, untrained model"].append(fitted.score(other.vectors(queries, [truth[i] for i in queries])))
    return {name: over_episodes(values) for name, values in scores.items()}


def _hand(icon_set: str) -> str:
    """The artist behind a set: `noto` and `noto-v1` are one, so are the Fluent sets."""
    return icon_set.removesuffix("-v1").removesuffix("-flat")


def _score(
    scores: Scores, readings: Readings, support: Sequence[int], queries: Sequence[int], truth: Sequence[str], prefix: str
) -> np.ndarray:
    """Add one episode to the scores; return each head's accuracy on the queries, `(layer, head)`."""
    known, wanted = [truth[i] for i in support], [truth[i] for i in queries]
    classifier = HeadClassifier(n_kept=KEPT).fit(readings.vectors(support, known))
    vectors = readings.vectors(queries, wanted)
    ranking = classifier.fitted_.scores.ranking
    sav, everyone = classifier.score(vectors), classifier.voting_with(ranking).score(vectors)
    scores[f"{prefix}SAV"].append(sav)
    gaussian = HeadClassifier(n_kept=KEPT, voting="gaussian").fit(readings.vectors(support, known))
    scores[f"{prefix}SAV, gaussian"].append(gaussian.score(vectors))
    scores[f"{prefix}all heads"].append(everyone)
    scores[f"{prefix}SAV minus all heads"].append(sav - everyone)
    for name, features in (
        ("last hidden state", readings.hidden),
        ("tower mean", readings.tower),
        ("pixels", readings.pixels),
    ):
        said = nearest_mean(features, support, known, queries)
        scores[f"{prefix}{name}"].append(float(np.mean([s == w for s, w in zip(said, wanted, strict=True)])))
    layers, heads, dim = vectors.values.shape[1:]
    similarity = cosines(
        vectors.values.reshape(len(vectors), layers * heads, dim),
        classifier.fitted_.centroids.reshape(layers * heads, -1, dim),
    )
    labels = np.array(classifier.fitted_.labels)
    right = labels[similarity.argmax(-1)] == np.array(wanted)[:, None]
    return right.mean(0).reshape(layers, heads)


QUESTIONS = {
    "colour": "What colour is the {subject}?",
    "count": "How many {counted}s are there?",
    "position": "Where is the {subject}?",
    "presence": "Is there a {sought}?",
    "neutral": "Describe.",
}
CORNERS = {"top left": (0.25, 0.25), "top right": (0.75, 0.25), "bottom left": (0.25, 0.75), "bottom right": (0.75, 0.75)}


def question_scene(rng: Random, bank: Sprites, subject: str, counted: str, sought: str) -> tuple[Scene, dict[str, str]]:
    """A scene with one subject of some colour in some corner, 0 to 2 of the counted, the sought or not, and fillers.

    The four labels are drawn independently, so no question can be answered by another's answer.
    """
    colour, corner = rng.choice(("red", "yellow", "green", "blue")), rng.choice(tuple(CORNERS))
    count, present = rng.randrange(3), rng.random() < 0.5
    others = [counted] * count + [sought] * present
    fillers = [word for word in SCENE_WORDS if word not in (subject, counted, sought)]
    others += [rng.choice(fillers) if rng.random() < 0.6 else "" for _ in range(3 - len(others))]
    rng.shuffle(others)
    places = [corner, *(c for c in CORNERS if c != corner)]
    things = []
    for name, place in zip([subject, *others], places, strict=True):
        if name:
            x, y = (v + rng.uniform(-0.05, 0.05) for v in CORNERS[place])
            tint = colour if name == subject else rng.choice((None, *COLOURS))
            things.append(
                Thing(name, rng.choice(bank.artists_of[name]), tint, x, y, rng.uniform(0.3, 0.42), 0.0, rng.random() < 0.5)
            )
    rng.shuffle(things)
    ground = Ground(rng.choice(("plain", "gradient", "texture")), rng.randrange(6), rng.getrandbits(32))
    labels = {"colour": colour, "count": str(count), "position": corner, "presence": "yes" if present else "no"}
    return Scene(tuple(things), ground), labels


def question_dependent(backbone: Backbone, episodes: int, seed: int, a_label: int = 10) -> tuple[dict[str, Figure], dict]:
    """The same pictures by the held-out artist under four questions and a neutral one, `a_label` examples a label."""
    bank = held_out_artist_bank()
    rng = Random(f"questions {seed}")
    scores: Scores = defaultdict(list)
    by_head: dict[str, list[np.ndarray]] = defaultdict(list)
    for _ in range(episodes):
        subject, counted, sought = rng.sample([w for w in SCENE_WORDS if not w.endswith(("s", "y", "x", "h"))], 3)
        made = [question_scene(rng, bank, subject, counted, sought) for _ in range(100)]
        pictures = [draw(scene, bank, SIDE) for scene, _ in made]
        readings = {
            task: read(backbone, pictures, [text.format(subject=subject, counted=counted, sought=sought)] * len(pictures))
            for task, text in QUESTIONS.items()
        }
        for task in ("colour", "count", "position", "presence"):
            truth = [labels[task] for _, labels in made]
            support = [i for label in set(truth) for i in [j for j, t in enumerate(truth) if t == label][:a_label]]
            queries = [i for i in range(len(made)) if i not in support][-40:]
            by_head[task].append(_score(scores, readings[task], support, queries, truth, f"{task}: "))
            _score(scores, readings["neutral"], support, queries, truth, f"{task}, neutral question: ")
    for kind in ("SAV", "SAV, gaussian", "tower mean", "pixels", "last hidden state", "all heads", "SAV minus all heads"):
        tasks = [scores[f"{task}: {kind}"] for task in by_head]
        scores[f"mean of four: {kind}"] = list(np.mean(tasks, axis=0))
    scores["mean of four, neutral question: SAV"] = list(
        np.mean([scores[f"{task}, neutral question: SAV"] for task in by_head], axis=0)
    )
    heads = {}
    for task, maps in by_head.items():
        mean = np.mean(maps, axis=0)
        order = np.argsort(-mean, axis=None)[:5]
        heads[task] = {
            "best": [f"L{i // mean.shape[1]}.H{i % mean.shape[1]}" for i in order],
            "best accuracy": 100 * float(mean.max()),
            "median accuracy": 100 * float(np.median(mean)),
            "map": (100 * mean).round(1).tolist(),
        }
    return {name: over_episodes(values) for name, values in scores.items()}, heads
