"""The shipped model and the ready tasks, as a fresh clone has them: in a process of its own, with no network."""

import json
import os
import subprocess
import sys
import tomllib
from random import Random

import pytest
import torch

from sav_core import Example, read_examples
from sav_core.activations.extraction import extract_head_vectors
from sav_core.evaluation.unfamiliar import read_unfamiliar
from sav_core.heads.classifier import HeadClassifier
from sav_core.settings import settings
from tools.strangers import KINDS

ASSETS = settings().assets
TASKS = sorted(path.parent for path in (ASSETS / "examples").glob("*/task.toml"))

OFFLINE = """
import json, sys
from pathlib import Path
from random import Random

assert "torchvision" not in sys.modules
from sav_core import load_backbone
from sav_core.scenes.draw import Sprites, arrange, draw
import torch

assets = Path(sys.argv[1])
backbone = load_backbone(assets / "model", dtype="float32")
sprites, words = Sprites.from_sheet(assets / "sprites"), []
drawn = [name for name in sprites.names if "fxemoji" in sprites.artists_of[name]]
drawn = drawn[:: max(1, len(drawn) // 90)]
pictures = [
    draw(arrange(Random(seed), sprites, [word], artists=["fxemoji"], tinted=0), sprites) for seed, word in enumerate(drawn)
]
prompt = backbone.processor.apply_chat_template(
    [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is this?"}]}],
    add_generation_prompt=True,
)
for first in range(0, len(drawn), 16):
    some = pictures[first : first + 16]
    inputs = backbone.processor(images=some, text=[prompt] * len(some), return_tensors="pt")
    with torch.inference_mode():
        out = backbone.model.generate(**inputs, max_new_tokens=4)
    said = backbone.processor.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    words += [[word, each.strip()] for word, each in zip(drawn[first:], said, strict=False)]
print(json.dumps({"said": words, "torchvision": "torchvision" in sys.modules}))
"""


def test_a_fresh_process_without_network_names_drawings_of_an_artist_it_never_saw():
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", OFFLINE, str(ASSETS)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["torchvision"] is False
    assert len(found["said"]) >= 20
    assert sum(word == said for word, said in found["said"]) >= 0.7 * len(found["said"]), found["said"]


def test_the_weights_are_small_enough_to_ship():
    assert sum(path.stat().st_size for path in (ASSETS / "model").glob("*.safetensors")) <= 40e6
    assert sum(path.stat().st_size for path in (ASSETS / "sprites").iterdir()) <= 4e6
    assert sum(path.stat().st_size for path in (ASSETS / "examples").rglob("*") if path.is_file()) <= 10e6


def test_there_are_enough_ready_tasks_and_their_licences_are_named():
    assert len(TASKS) >= 6
    assert (ASSETS / "examples" / "LICENSES.md").is_file()


@pytest.mark.parametrize("folder", TASKS, ids=lambda folder: folder.name)
def test_a_ready_task_is_whole(folder):
    task = tomllib.loads((folder / "task.toml").read_text())
    assert task.keys() >= {"title", "description", "question", "labels", "licence", "accuracy"}

    def read(part):
        lines = folder / f"{part}.jsonl"
        return read_examples(lines if lines.exists() else folder / part, question=task["question"])

    support, queries = read("support"), read("queries")
    assert not support.skipped
    assert not queries.skipped
    assert list(support.labels) == list(queries.labels) == sorted(task["labels"])
    assert 2 <= len(task["labels"]) <= 6
    assert all(5 <= [e.label for e in support].count(label) <= 16 for label in task["labels"])
    assert all(example.question for example in (*support, *queries))
    digests = {(e.images[0].digest, e.question) for e in support}
    assert not digests & {(e.images[0].digest, e.question) for e in queries}


@pytest.mark.parametrize("name", ["how-many", "greengrocer"])
def test_the_same_heads_are_kept_whatever_shares_a_batch(name, embedded_backbone):
    """Vectors move by rounding with the batch; the grid on which heads are compared is coarser than that."""
    folder = ASSETS / "examples" / name
    question = tomllib.loads((folder / "task.toml").read_text())["question"]
    every = read_examples(folder / "support", question=question)
    examples = [each for label in every.labels for each in [e for e in every if e.label == label][:2]]
    backbone, steps = embedded_backbone, {}
    alone, together = (
        extract_head_vectors(backbone, examples, cache=None, batch_bytes=size, progress=steps.setdefault(size, []).append)
        for size in (1, None)
    )
    assert len(steps[1]) == len(examples) >= 8
    assert len(steps[None]) <= len(examples) / 4
    for scoring in ("resubstitution", "leave_one_out"):
        kept = [HeadClassifier(20, scoring=scoring).fit(vectors).kept_heads_ for vectors in (alone, together)]
        assert kept[0] == kept[1]


def test_pictures_of_no_kind_it_learnt_from_are_told_by_what_is_stored_for_just_these_weights(embedded_backbone):
    """After other weights: ``python -m tools.unfamiliar``."""
    weak, backbone = read_unfamiliar(ASSETS / "model"), embedded_backbone
    assert weak.model == backbone.identity, "fitted for other weights"
    for name in ("greengrocer", "materials", "other-artists", "where"):
        folder = ASSETS / "examples" / name
        question = tomllib.loads((folder / "task.toml").read_text())["question"]
        examples = list(read_examples(folder / "support", question=question))[::4]
        assert not weak.holds(extract_head_vectors(backbone, examples)), name
    for kind in KINDS:
        examples = [Example(kind(Random(seed)), "Which kind is it?") for seed in range(6)]  # a question of no task
        assert weak.holds(extract_head_vectors(backbone, examples)), kind.__name__


def test_the_tower_keeps_its_channels_together(embedded_backbone):
    """On a CPU that halves its time."""
    tower = embedded_backbone.model.base_model.vision_tower
    weights = [weight for weight in tower.parameters() if weight.ndim == 4 and weight.shape[1] > 1]
    assert weights
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)
