"""What the embedded model's heads are worth, and which rule reads them best: the figures of the README and docs/report.md.

    python -m tools.report                    # everything, seed 0: some minutes on two quiet cores
    python -m tools.report --episodes 4       # a quick look; --to FOLDER writes it elsewhere

Everything comes from a fresh clone's assets: the ready tasks, and scenes of the shipped drawings. Each picture is read
once, in float32; what follows is array work with fixed seeds, so two runs on one model agree.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from sav_core import load_backbone
from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.examples import Example
from sav_core.data.sets.datasets import read_examples
from sav_core.evaluation.baselines import vector_baselines
from sav_core.evaluation.episodes import Episode, draw_episodes
from sav_core.evaluation.intervals import bootstrap_interval, compare
from sav_core.evaluation.metrics import wilson_interval
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.scoring import cosines
from sav_core.models.backbones import Backbone
from sav_core.scenes.draw import Sprites, arrange, draw
from sav_core.settings import settings
from sav_core.types import HeadVectors, at_heads
from tools.report.heads_text import write_report
from tools.world import HELD_OUT, HELD_OUT_ARTIST

ROOT = Path(__file__).resolve().parents[2]
WAYS, SHOTS, SIZES = 5, 5, (1, 2, 5, 10)
DRAWN_QUERIES = 6  # of each label in an episode of drawn scenes
RULES = {
    "majority, resubstitution (the paper)": HeadClassifier(),
    "majority, leave-one-out": HeadClassifier(scoring="leave_one_out"),
    "gaussian, resubstitution": HeadClassifier(voting="gaussian"),
    "gaussian, leave-one-out": HeadClassifier(voting="gaussian", scoring="leave_one_out"),
    "reliability": HeadClassifier(voting="reliability", scoring="leave_one_out"),
}
PAPER = next(iter(RULES))
Values = dict[str, Any]


@dataclass(frozen=True)
class Material:
    """Pictures read once, and the episodes drawn from them for each number of examples a label."""

    vectors: HeadVectors
    episodes: Mapping[int, Sequence[Episode]]
    split: Episode | None = None


def ready_tasks(backbone: Backbone, names: Sequence[str], count: int, seed: int) -> dict[str, Material]:
    """The ready tasks: each as it is shipped, and drawn anew from all of its pictures."""
    found = {}
    for name in names:
        folder = settings().assets / "examples" / name
        question = question_of(folder)
        parts = []
        for part in ("support", "queries"):
            lines = folder / f"{part}.jsonl"
            parts.append(list(read_examples(lines if lines.exists() else folder / part, question=question)))
        vectors = _read(backbone, [*parts[0], *parts[1]])
        episodes = {size: _draw(vectors, size, None, count, seed) for size in SIZES}
        labels = tuple(sorted({str(label) for label in vectors.labels}))
        split = Episode(np.arange(len(parts[0])), np.arange(len(parts[0]), len(vectors)), labels)
        found[name] = Material(vectors, episodes, split)
    return found


def never_trained(task: Material, count: int, seed: int) -> Material:
    """5-way episodes over the objects of the ready task that no training saw: the only ones whose drawings ship."""
    return Material(task.vectors, {size: _draw(task.vectors, size, WAYS, count, seed + 1) for size in SIZES})


def unseen_artist(backbone: Backbone, count: int, seed: int) -> Material:
    """5-way episodes of scenes drawn for this: supports by the artists of training, queries by the one never trained on."""
    sprites = Sprites.from_sheet(settings().assets / "sprites")
    others = [artist for artist in sprites.artists if artist != HELD_OUT_ARTIST]
    rng = Random(f"report {seed}")
    examples: list[Example] = []
    most = max(SIZES)
    episodes = []
    for _ in range(count):
        labels = sorted(rng.sample(sprites.names, WAYS))
        first = len(examples)
        # One of each label, then another of each, as ``Episode`` has it.
        examples += [_scene(rng, sprites, name, others) for _ in range(most) for name in labels]
        between = len(examples)
        examples += [_scene(rng, sprites, name, [HELD_OUT_ARTIST]) for _ in range(DRAWN_QUERIES) for name in labels]
        episodes.append(Episode(np.arange(first, between), np.arange(between, len(examples)), tuple(labels)))
    drawn = {size: [episode.with_shots(size) for episode in episodes] for size in SIZES}
    return Material(_read(backbone, examples), drawn)


def judge_split(tasks: Mapping[str, Material]) -> tuple[Values, Values]:
    """Every rule and every baseline on the ready tasks as they are shipped, the queries of all tasks taken together."""
    rules: dict[str, list[np.ndarray]] = {name: [] for name in RULES}
    baselines: dict[str, list[np.ndarray]] = {}
    for task in tasks.values():
        assert task.split is not None
        for name, rule in RULES.items():
            rules[name].append(_right(rule, task.vectors, task.split))
        for each in _baselines(task.vectors, task.split):
            baselines.setdefault(each.name, []).append(each.right)
    paper = np.concatenate(rules[PAPER])

    def summary(parts: Sequence[np.ndarray]) -> Values:
        right = np.concatenate(parts)
        found = {"accuracy": float(right.mean()), "interval": wilson_interval(round(float(right.sum())), len(right))}
        if set(np.unique(right)) <= {0.0, 1.0}:
            found["p"] = compare(right > 0, paper).p  # the mean of many draws is nothing that McNemar could count
        return found | _gained(right.astype(np.float64) - paper)

    return {name: summary(parts) for name, parts in rules.items()}, {
        name: summary(parts) for name, parts in baselines.items()
    }


def judge_episodes(material: Material) -> tuple[Values, Values]:
    """Every rule and every baseline over the episodes of ``SHOTS`` examples a label."""
    vectors, episodes = material.vectors, material.episodes[SHOTS]
    rules = {name: np.array([_right(rule, vectors, e).mean() for e in episodes]) for name, rule in RULES.items()}
    baselines: dict[str, list[float]] = {}
    for seed, episode in enumerate(episodes):
        for each in _baselines(vectors, episode, seed):
            baselines.setdefault(each.name, []).append(each.accuracy)
    paper = rules[PAPER]

    def summary(accuracy: np.ndarray) -> Values:
        found = {"accuracy": float(accuracy.mean()), "interval": bootstrap_interval(accuracy)}
        return found | _gained(accuracy - paper)

    return (
        {name: summary(accuracy) for name, accuracy in rules.items()},
        {name: summary(np.array(accuracy)) for name, accuracy in baselines.items()},
    )


def _gained(gains: np.ndarray) -> Values:
    """The mean gain over the paper's rule at 95 %, and at the level at which any one of the other rules may be off."""
    return {
        "difference": float(gains.mean()),
        "difference_interval": bootstrap_interval(gains),
        "shared_interval": bootstrap_interval(gains, draws=10_000, level=1 - 0.05 / (len(RULES) - 1)),
    }


def judge_selection(materials: Sequence[Material]) -> Values:
    """Both head scorings by number of examples: what the score promises of the kept heads, what they do, how the vote ends.

    Of several materials each figure is the mean, episode by episode, over those that have so many examples.
    """
    found = {}
    for size in SIZES:
        able = [each for each in materials if each.episodes.get(size)]
        if not able:
            continue
        by_scoring = {}
        for scoring in ("resubstitution", "leave_one_out"):
            if scoring == "leave_one_out" and size < 2:
                continue  # nothing can be left out of one
            rows = np.mean([[_selected(scoring, m.vectors, e) for e in m.episodes[size]] for m in able], axis=0)
            by_scoring[scoring] = rows  # (episode, what)
        found[str(size)] = {
            "materials": len(able),
            **{scoring: _selection_values(rows) for scoring, rows in by_scoring.items()},
        }
        if len(by_scoring) == 2:
            gains = by_scoring["leave_one_out"][:, 2] - by_scoring["resubstitution"][:, 2]
            found[str(size)] |= {"difference": float(gains.mean()), "difference_interval": bootstrap_interval(gains)}
    return found


def _selection_values(rows: np.ndarray) -> Values:
    training, queries, vote = rows.T
    return {
        "training": float(training.mean()),
        "queries": float(queries.mean()),
        "bias": float((training - queries).mean()),
        "bias_interval": bootstrap_interval(training - queries),
        "accuracy": float(vote.mean()),
        "interval": bootstrap_interval(vote),
    }


def _selected(scoring: str, vectors: HeadVectors, episode: Episode) -> tuple[float, float, float]:
    """The kept heads' mean score on the support, their mean accuracy on the queries, each alone, and the vote's."""
    fitted = HeadClassifier(scoring=scoring).fit(vectors, rows=episode.support.tolist())
    layer, index = at_heads(fitted.kept_heads_)
    points = vectors.values[episode.queries[:, None], layer, index]
    truth = np.array([vectors.labels[row] for row in episode.queries])
    alone = fitted.classes_[cosines(points, fitted.fitted_.centroids[layer, index]).argmax(-1)] == truth[:, None]
    vote = fitted.classes_[fitted.vote(vectors, episode.queries.tolist()).winner] == truth
    return float(fitted.head_scores_[layer, index].mean()), float(alone.mean()), float(vote.mean())


def _right(rule: HeadClassifier, vectors: HeadVectors, episode: Episode) -> np.ndarray:
    """``bool (example,)``, which queries a rule answers right."""
    fitted = HeadClassifier(**rule.get_params()).fit(vectors, rows=episode.support.tolist())
    truth = np.array([vectors.labels[row] for row in episode.queries])
    right: np.ndarray = fitted.classes_[fitted.vote(vectors, episode.queries.tolist()).winner] == truth
    return right


def _baselines(vectors: HeadVectors, episode: Episode, seed: int = 0) -> Sequence[Any]:
    support, queries = vectors.take(episode.support.tolist()), vectors.take(episode.queries.tolist())
    return vector_baselines(HeadClassifier().fit(support), support, queries, seed)


def _draw(vectors: HeadVectors, shots: int, n_way: int | None, count: int, seed: int) -> Sequence[Episode]:
    """Episodes, or none where a label has too few pictures."""
    least = min(list(vectors.labels).count(label) for label in set(vectors.labels))
    return draw_episodes(vectors.labels, shots=shots, n_way=n_way, count=count, seed=seed) if least > shots else ()


def _scene(rng: Random, sprites: Sprites, name: str, artists: Sequence[str]) -> Example:
    picture = draw(arrange(rng, sprites, [name], artists=artists, tinted=0), sprites)
    return Example(picture, "What is this?", name, name=name)


def _read(backbone: Backbone, examples: Sequence[Example]) -> HeadVectors:
    return extract_head_vectors(backbone, examples, cache=None, hidden=True)


def question_of(folder: Path) -> str:
    """What a ready task asks; empty where each of its pictures has a question of its own."""
    return str(tomllib.loads((folder / "task.toml").read_text(encoding="utf-8")).get("question", ""))


def measure(
    backbone: Backbone, names: Sequence[str], *, episodes: int, seed: int, say: Callable[[str], object] = print
) -> Values:
    """Read every picture once and judge everything on it.

    Args:
        backbone: the model.
        names: of the ready tasks to judge on; ``new-things`` must be among them.
        episodes: how many to draw of each kind.
        seed: of every draw.
        say: told what is being done.
    """
    started = time.perf_counter()
    say(f"reading {len(names)} ready tasks")
    tasks = ready_tasks(backbone, names, episodes, seed)
    say(f"reading scenes for {episodes} episodes")
    objects, artist = never_trained(tasks["new-things"], episodes, seed), unseen_artist(backbone, episodes, seed)
    assert set(objects.vectors.labels) <= set(HELD_OUT)
    say(f"judging, {time.perf_counter() - started:.0f} s after the start")
    ready_rules, ready_baselines = judge_split(tasks)
    objects_rules, objects_baselines = judge_episodes(objects)
    artist_rules, artist_baselines = judge_episodes(artist)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "episodes": episodes,
        "model": {
            "geometry": str(backbone.geometry),
            "parameters": sum(weights.numel() for weights in backbone.model.parameters()),
            "fingerprint": backbone.fingerprint,
        },
        "pictures": sum(len(task.vectors) for task in tasks.values()) + len(artist.vectors),
        "tasks": {
            name: {"labels": len(task.split.labels), "support": len(task.split.support), "queries": len(task.split.queries)}
            for name, task in tasks.items()
            if task.split is not None
        },
        "objects": sorted({str(label) for label in objects.vectors.labels}),
        "drawings_per_object": len(objects.vectors) // len(set(objects.vectors.labels)),
        "rules": {"ready": ready_rules, "objects": objects_rules, "artist": artist_rules},
        "controls": {"ready": ready_baselines, "objects": objects_baselines, "artist": artist_baselines},
        "selection": {
            "ready": judge_selection(list(tasks.values())),
            "objects": judge_selection([objects]),
            "artist": judge_selection([artist]),
        },
        "seconds": time.perf_counter() - started,
    }


def all_tasks() -> list[str]:
    """The names of the ready tasks of pictures, sorted."""
    return sorted(folder.name for folder in (settings().assets / "examples").iterdir() if _of_pictures(folder))


def _of_pictures(folder: Path) -> bool:
    task = folder / "task.toml"
    return task.is_file() and "frames" not in tomllib.loads(task.read_text(encoding="utf-8"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then write the data, the page and the README's table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", default=all_tasks(), help="ready tasks; all of them by default")
    parser.add_argument("--to", type=Path, default=ROOT, help="a folder with a README.md that has the report's markers")
    given = parser.parse_args(arguments)
    backbone = load_backbone(dtype="float32")
    found = measure(backbone, given.tasks, episodes=given.episodes, seed=given.seed)
    data = given.to / "docs" / "report.json"
    data.parent.mkdir(exist_ok=True)
    data.write_text(json.dumps(_rounded(found), indent=1) + "\n", encoding="utf-8")
    write_report(json.loads(data.read_text(encoding="utf-8")), given.to)
    print(f"{data}: {found['pictures']} pictures, {found['seconds']:.0f} s")


def _rounded(value: Any) -> Any:
    """To five decimals: enough for a tenth of a point, and the same on any machine."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
