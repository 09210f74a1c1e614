"""Measure the embedded model: what it says, what its heads know, how fast it is.

    python -m tools.evaluate_model                        # everything, 60 episodes: some 20 minutes on two quiet cores
    python -m tools.evaluate_model --episodes 10 --only answers
    python -m tools.evaluate_model --device cuda --only questions --to questions.json   # parts side by side on a lent GPU

Prints every figure with its standard error and writes `.build/training/figures.json`, from which `write_card` makes the
model card.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import torch

from sav_core import SavClassifier, load_backbone
from sav_core.data.examples import Example
from sav_core.scenes.draw import arrange, draw
from tools import evaluation_answers, evaluation_names, evaluation_photographs, evaluation_sav
from tools.artwork import BUILD
from tools.bank import held_out_artist_bank
from tools.export import ASSETS, save
from tools.figures import Figure
from tools.stage_language import untrained
from tools.world import TRAINED

PARTS = ("answers", "few-shot", "questions", "photographs", "speed")


def show(title: str, figures: dict[str, Figure]) -> dict[str, dict]:
    """Print a table; return it as JSON values."""
    print(f"\n{title}")
    for name, figure in figures.items():
        print(f"  {name:44} {figure}", flush=True)
    return {name: figure.as_dict() for name, figure in figures.items()}


def answers(backbone: object, episodes: int, seed: int) -> dict:
    """Names, scene questions and in-context relations, generated."""
    questions = max(50, 5 * episodes)
    return {
        "names": show(
            f"Names, {len(TRAINED)} of them, held-out artist",
            {"name": evaluation_answers.names(backbone, max(1, episodes // 20), seed)},
        ),
        "scenes": show(
            "Scene questions, scene nouns, held-out artist",
            evaluation_answers.scene_questions(backbone, questions, seed, all_names=False),
        ),
        "scenes of all names": show(
            "Scene questions, any trained name, held-out artist",
            evaluation_answers.scene_questions(backbone, questions // 2, seed, all_names=True),
        ),
        "in context": show(
            "In-context spatial relation, held-out artist",
            {f"{n} demonstrations": evaluation_answers.in_context(backbone, 3 * episodes, n, seed) for n in (0, 1, 2, 4)},
        ),
        "several pictures": show(
            "Questions about several pictures, held-out artist",
            evaluation_answers.of_several(backbone, questions // 3, seed),
        ),
    }


def few_shot(backbone: object, episodes: int, seed: int) -> dict:
    """5-way 5-shot, on trained names by the held-out artist and on held-out names."""
    blank = blank_model(backbone)
    return {
        title: show(title, evaluation_sav.few_shot(backbone, blank, episodes, seed, held_out))
        for title, held_out in (("trained names, held-out artist", False), ("held-out names, any artist", True))
    }


def blank_model(backbone: object) -> object:
    """The same shape before any training of its decoder."""
    with tempfile.TemporaryDirectory() as folder:
        save(untrained(), Path(folder))
        return load_backbone(folder, device=backbone.device, dtype=backbone.dtype)


def photographs(backbone: object, episodes: int, seed: int) -> dict:
    """Few-shot classification of photographs, and photographs by name."""
    measured = evaluation_photographs.measure(backbone, blank_model(backbone), episodes, seed)
    return {
        **{name: show(f"Photographs, {name}", figures) for name, figures in measured.items()},
        "by name": show("Photographs by name, among 200", evaluation_names.by_name(backbone, seed)),
    }


def questions(backbone: object, episodes: int, seed: int) -> dict:
    """The same pictures under four questions."""
    figures, heads = evaluation_sav.question_dependent(backbone, episodes, seed)
    table = show("The same pictures under four questions, held-out artist", figures)
    for task, found in heads.items():
        print(
            f"  {task}: best heads {' '.join(found['best'])}, {found['best accuracy']:.1f} against a median of "
            f"{found['median accuracy']:.1f}"
        )
    return {"figures": table, "heads": heads}


def speed(folder: Path) -> dict[str, float]:
    """Seconds, the least of several tries: others may use the machine."""
    bank, rng = held_out_artist_bank(), Random(0)
    words = list(TRAINED)[:10]
    pictures = [draw(arrange(rng, bank, [word]), bank, 256) for word in words * 40]
    code = (
        "import time; a = time.perf_counter(); from sav_core import load_backbone; b = time.perf_counter(); "
        f"load_backbone({str(folder)!r}); print(b - a, time.perf_counter() - b)"
    )
    starts = [subprocess.check_output([sys.executable, "-c", code], text=True).split() for _ in range(3)]
    imports, loads = (min(map(float, seconds)) for seconds in zip(*starts, strict=True))
    backbone = load_backbone(folder, device="cpu")
    support = [Example(p, "What is this?", w) for p, w in zip(pictures, words * 40, strict=True)]
    fits, ones = [], []
    for batch in (support[:200], support[200:]):
        started = time.perf_counter()
        classifier = SavClassifier(backbone, cache=None).fit(batch)
        fits.append(time.perf_counter() - started)
    for example in support[:30]:
        started = time.perf_counter()
        classifier.predict([example])
        ones.append(time.perf_counter() - started)
    return {
        "import_s": imports,
        "load_s": loads,
        "fit_200_s": min(fits),
        "classify_ms": 1000 * sorted(ones)[len(ones) // 2],
        "dtype": backbone.dtype_name,
    }


def main() -> None:
    """Measure the parts asked for, keeping what an earlier run found of the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ASSETS / "model")
    parser.add_argument("--episodes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--device", default="cpu", help="speed is always that of the CPU")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--to", type=Path, default=BUILD / "figures.json")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    backbone = load_backbone(arguments.model, device=arguments.device, dtype="float32")
    print(f"{backbone}, seed {arguments.seed}, {arguments.episodes} episodes")
    found = json.loads(arguments.to.read_text()) if arguments.to.exists() else {}
    found |= {
        "seed": arguments.seed,
        "episodes": arguments.episodes,
        "geometry": str(backbone.geometry),
        "parameters": sum(p.numel() for p in backbone.model.parameters()),
    }
    work = {
        "answers": lambda: answers(backbone, arguments.episodes, arguments.seed),
        "few-shot": lambda: few_shot(backbone, arguments.episodes, arguments.seed),
        "questions": lambda: questions(backbone, arguments.episodes, arguments.seed),
        "photographs": lambda: photographs(backbone, arguments.episodes, arguments.seed),
        "speed": lambda: speed(arguments.model),
    }
    for part in arguments.only:
        found[part] = work[part]()
        arguments.to.write_text(json.dumps(found, indent=1) + "\n")
    if "speed" in arguments.only:
        print("\nSpeed", found["speed"])


if __name__ == "__main__":
    main()
