"""What function vectors do in the embedded model: the figures of the README and docs/vectors.md.

    python -m tools.report.vectors                 # everything, seed 0: some two minutes on two quiet cores
    python -m tools.report.vectors --prompts 4     # a quick look; --to FOLDER writes it elsewhere

Everything comes from a fresh clone's assets: scenes of the shipped drawings. Heads are found on the training part, one
layer and scale for all relations is chosen on the validation part, and every figure is of the test part.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sav_core import load_backbone
from sav_core.evaluation.metrics import wilson_interval
from sav_core.models.backbones import Backbone
from sav_core.scenes.draw import RELATIONS
from sav_core.vectors import (
    BASES_OF,
    IN_CONTEXT,
    LAYER_MEAN_BEST,
    TUNED,
    FunctionVector,
    MeanVectors,
    Prompting,
    PromptReader,
    PromptSet,
    RelationTask,
    SiteMap,
    build_vector,
    draw_task,
    evaluate_vector,
    in_context,
    judge_composition,
    judge_tuned,
    map_sites,
    mediate_relation,
    outcome_of,
    pair_weights,
    shipped_sprites,
    side_effects,
    tune_with_controls,
    unrelated_questions,
    zero_shot,
)
from sav_core.vectors.evaluation import layer_mean_vectors
from tools.report.vectors_text import write_report

ROOT = Path(__file__).resolve().parents[2]
HEADS = 10
Values = dict[str, Any]
Counts = dict[str, list[tuple[int, int]]]  # condition -> right and asked, of each relation


def find(
    reader: PromptReader, task: RelationTask, prompts: int, prompting: Prompting
) -> tuple[dict[str, FunctionVector], Values, dict[str, MeanVectors]]:
    """Mediate every base relation; return its vector of the leading heads, what was found, and the mean vectors."""
    vectors, means, effects = {}, {}, {}
    for relation in RELATIONS:
        found = mediate_relation(reader, task.of(relation), prompts, prompting)
        means[relation], effects[relation] = found.means, found.effects
        vectors[relation] = build_vector(reader.backbone, found.means, found.effects.ranking[:HEADS], seed=prompting.seed)
    average = np.mean([each.aie() for each in effects.values()], axis=0)
    order = np.argsort(-average, axis=None)
    positive = np.clip(average, 0, None)
    values = {
        "top_share": {
            **{relation: each.concentration(HEADS) for relation, each in effects.items()},
            "average": float(positive.flat[order[:HEADS]].sum() / positive.sum()),
        },
        "leading": {relation: [str(head) for head in each.ranking[:HEADS]] for relation, each in effects.items()},
        "baseline": {relation: float(each.baseline.mean()) for relation, each in effects.items()},
        "in_context_on_train": {relation: each.accuracy for relation, each in means.items()},
        "aie": average.tolist(),
    }
    return vectors, values, means


def at_one_site(
    reader: PromptReader, task: RelationTask, vectors: Mapping[str, FunctionVector]
) -> dict[str, FunctionVector]:
    """Put all vectors at one layer and scale, the best on validation over all relations: only so can they be summed."""
    maps = [
        map_sites(PromptSet(reader, zero_shot(task.of(relation).validation)), vector)
        for relation, vector in vectors.items()
    ]
    best = SiteMap.mean(maps).best
    return {relation: vector.at(*best) for relation, vector in vectors.items()}


def best_layer_mean(
    reader: PromptReader, task: RelationTask, like: FunctionVector, prompts: int, prompting: Prompting
) -> FunctionVector:
    """The layer's mean difference where validation likes it best: the strongest rival, for it carries everything."""
    few = task.train[:prompts]
    validation = PromptSet(reader, zero_shot(task.validation))
    rivals = layer_mean_vectors(reader, prompting.clean(few, task.train), zero_shot(few), like.at(like.layer, 1.0))
    return max(rivals, key=lambda rival: outcome_of(validation, rival).right)


def judge(
    reader: PromptReader,
    task: RelationTask,
    vectors: Mapping[str, FunctionVector],
    means: Mapping[str, MeanVectors],
    prompts: int,
    prompting: Prompting,
) -> Counts:
    """Every condition and control on the test items of each relation."""
    counts: Counts = {}
    for relation, vector in vectors.items():
        others = [other for name, other in vectors.items() if name != relation]
        outcomes = evaluate_vector(reader, task, vector, means=means[relation], others=others, prompting=prompting)
        own = task.of(relation)
        rival = best_layer_mean(reader, own, vector, prompts, prompting)
        outcomes[LAYER_MEAN_BEST] = outcome_of(PromptSet(reader, zero_shot(own.test)), rival)
        for name, outcome in outcomes.items():
            counts.setdefault(name, []).append((outcome.right, outcome.n))
    return counts


def tune(
    reader: PromptReader, task: RelationTask, vectors: Mapping[str, FunctionVector], steps: int
) -> tuple[dict[str, FunctionVector], Counts]:
    """Tuned vectors, and how they answer the test items beside their controls."""
    tuned, counts = {}, {}
    for relation, vector in vectors.items():
        own = task.of(relation)
        train, validation, test = (PromptSet(reader, zero_shot(part)) for part in (own.train, own.validation, own.test))
        # without a goal: what is told here is how well a tuning does, and not how soon validation is content
        found = tune_with_controls(vector, train, validation, steps=steps, goal=None)
        tuned[relation] = found[TUNED].vector
        for name, outcome in judge_tuned(test, vector, found).items():
            counts.setdefault(name, []).append((outcome.right, outcome.n))
    return tuned, counts


def compose(
    reader: PromptReader, task: RelationTask, vectors: Mapping[str, FunctionVector], prompting: Prompting
) -> tuple[Counts, Values]:
    """The diagonal relations, which no vector was made for, as sums of two base vectors; and the weights of one pair."""
    counts: Counts = {}
    weighed: Values = {}
    for relation, bases in BASES_OF.items():
        own = task.of(relation)
        pair, source = [vectors[base] for base in bases], own.train[0]
        weights = pair_weights(PromptSet(reader, zero_shot([source])), pair).tolist()
        weighed[relation] = dict(zip(bases, weights, strict=True))
        outcomes = judge_composition(reader, own.test, pair, weights, source, rivals=list(vectors.values()))
        shown = in_context(own.test, own.train, prompting.demonstrations, prompting.seed)
        outcomes[IN_CONTEXT] = outcome_of(PromptSet(reader, shown))
        for name, outcome in outcomes.items():
            counts.setdefault(name, []).append((outcome.right, outcome.n))
    return counts, weighed


def measure(
    backbone: Backbone,
    *,
    prompts: int = 25,
    scenes: Sequence[int] = (200, 80, 120),
    steps: int = 300,
    seed: int = 0,
    say: Callable[[str], object] = print,
) -> Values:
    """Find, inject, tune and combine the vectors of the base relations.

    Args:
        backbone: the model.
        prompts: in-context prompts that each relation's heads are found on.
        scenes: drawn for training, validation and test.
        steps: of tuning, at most.
        seed: of the data and every draw.
        say: told what is being done.
    """
    started = time.perf_counter()
    reader, prompting = PromptReader(backbone), Prompting(seed=seed)
    task = draw_task(shipped_sprites(), scenes=scenes, seed=seed)
    say("finding heads")
    vectors, mediation, means = find(reader, task, prompts, prompting)
    vectors = at_one_site(reader, task, vectors)
    say("judging vectors")
    conditions = judge(reader, task, vectors, means, prompts, prompting)
    say("tuning")
    tuned, tuning = tune(reader, task, vectors, steps)
    say("combining")
    raw, raw_weights = compose(reader, task, vectors, prompting)
    of_tuned, tuned_weights = compose(reader, task, tuned, prompting)
    at = next(iter(vectors.values()))
    unrelated = unrelated_questions(shipped_sprites())
    broken = [side_effects(reader, unrelated, vector) for vector in vectors.values()]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "prompts": prompts,
        "demonstrations": prompting.demonstrations,
        "relations": list(RELATIONS),
        "model": {
            "geometry": str(backbone.geometry),
            "parameters": sum(weights.numel() for weights in backbone.model.parameters()),
            "fingerprint": backbone.fingerprint,
        },
        "layer": at.layer,
        "scale": at.scale,
        "mediation": mediation,
        "conditions": _shares(conditions),
        "tuning": _shares(tuning),
        "composition": {
            "raw": _shares(raw),
            "tuned": _shares(of_tuned),
            "weights": {"raw": raw_weights, "tuned": tuned_weights},
        },
        "diagonals": list(BASES_OF),
        "unrelated": {
            "n": sum(each.n for each in broken),
            "changed": float(np.average([each.changed for each in broken], weights=[each.n for each in broken])),
        },
        "seconds": time.perf_counter() - started,
    }


def _shares(counts: Counts) -> Values:
    """Accuracy over all relations with Wilson's interval, and of each relation."""
    shares = {}
    for name, parts in counts.items():
        right, asked = (sum(column) for column in zip(*parts, strict=True))
        shares[name] = {
            "accuracy": right / asked,
            "interval": list(wilson_interval(right, asked)),
            "n": asked,
            "each": [own / of for own, of in parts],
        }
    return shares


def _rounded(value: Any) -> Any:
    """To five decimals: enough for a tenth of a point, and the same on any machine."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then write the data, the page and the README's table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=25)
    parser.add_argument("--scenes", type=int, nargs=3, default=(200, 80, 120), help="for training, validation and test")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, default=ROOT, help="a folder with a README.md that has the report's markers")
    given = parser.parse_args(arguments)
    found = measure(
        load_backbone(dtype="float32"), prompts=given.prompts, scenes=given.scenes, steps=given.steps, seed=given.seed
    )
    data = given.to / "docs" / "vectors.json"
    data.parent.mkdir(exist_ok=True)
    data.write_text(json.dumps(_rounded(found), indent=1) + "\n", encoding="utf-8")
    write_report(json.loads(data.read_text(encoding="utf-8")), given.to)
    print(f"{data}: {found['seconds']:.0f} s")


if __name__ == "__main__":
    main()
