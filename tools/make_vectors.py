"""The ready function vectors: those of the base relations in the embedded model, so that the page can use them at once.

    python -m tools.make_vectors          # -> assets/vectors/<relation>.fv, some minutes on two cores

They are made as `sav vectors extract` makes them, of the training part of the drawn scenes; one layer and scale for all of
them is chosen on the validation part, so that they can be summed. Each carries the identity of the model that it was made
with and its accuracy at every site. To be made again whenever the embedded model is another one.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from sav_core import load_backbone
from sav_core.types import Progress
from sav_core.vectors import (
    SPATIAL,
    FunctionVector,
    Prompting,
    PromptReader,
    PromptSet,
    SiteMap,
    build_vector,
    draw_task,
    map_sites,
    mediate_relation,
    shipped_sprites,
    zero_shot,
)

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "vectors"
PROMPTS = 25
HEADS = 10


def make(folder: Path, prompts: int = PROMPTS) -> None:
    """Make every vector, and only then write them all: a folder holds those of one model."""
    reader, task = PromptReader(load_backbone(dtype="float32")), draw_task(shipped_sprites(), seed=0)
    prompting = Prompting("demonstrations", 4, task.seed)
    made: dict[str, tuple[FunctionVector, SiteMap]] = {}
    for relation in SPATIAL:
        own = task.of(relation)
        found = mediate_relation(reader, own, prompts, prompting, progress=_say(relation))
        vector = build_vector(reader.backbone, found.means, found.effects.ranking[:HEADS], seed=task.seed)
        made[relation] = vector, map_sites(PromptSet(reader, zero_shot(own.validation)), vector)
    best = SiteMap.mean([sites for _, sites in made.values()]).best
    folder.mkdir(parents=True, exist_ok=True)
    for relation, (vector, sites) in made.items():
        how = {"asked": prompts, "demonstrations": prompting.demonstrations, "only_right": True, "sites": _in_json(sites)}
        replace(vector.at(*best), notes={**vector.notes, **how}).save(folder / f"{relation}.fv")
        at_best = sites.accuracy[sites.cell(best)]
        print(f"{relation}: {at_best:.0%} of {sites.n} validation items after layer {best.layer} at scale {best.scale:g}")


def _in_json(sites: SiteMap) -> dict[str, Any]:
    """A map as the page reads it from the notes of a vector."""
    return {
        "accuracy": [[round(float(each), 4) for each in row] for row in sites.accuracy],
        "layers": list(sites.layers),
        "scales": list(sites.scales),
        "n": sites.n,
    }


def _say(relation: str) -> Any:
    def say(progress: Progress) -> None:
        if progress.done == progress.total:
            print(f"{relation}: every head patched in {progress.total} prompts, {progress.seconds:.0f} s")

    return say


def main() -> None:
    """Make them where they ship from."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--to", type=Path, default=FOLDER, help="the folder to write")
    options.add_argument("--prompts", type=int, default=PROMPTS, help="how many the heads are judged on")
    asked = options.parse_args()
    make(asked.to, asked.prompts)


if __name__ == "__main__":
    main()
