"""Whether heads of the embedded model point at the thing a question is about: docs/pointing.md and docs/pointing.json.

    python -m tools.report.pointing                            # a minute or two on two quiet cores
    python -m tools.report.pointing --chosen 20 --judged 40    # a quick look; --to FOLDER writes it elsewhere

Heads are chosen on some drawn scenes and judged on others, which show none of the same things. What the judged scenes say
of each head is stored beside the weights too, in assets/model/pointing.json, for the app and the command line.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sav_core import load_backbone
from sav_core.models.backbones import Backbone
from sav_core.pointing import (
    PointingHeads,
    StoredPointing,
    draw_two_sets,
    judge,
    rank_by_boxes,
    rank_by_entropy,
    read_looks,
)
from sav_core.pointing.drawn import ALONE, FAMILIES
from sav_core.pointing.judgement import HEADS, judgement_values
from sav_core.pointing.stored import FILE_NAME, write_pointing
from sav_core.vectors import shipped_sprites
from tools.report.pointing_text import write_report

ROOT = Path(__file__).resolve().parents[2]
COUNT = 3  # heads that point, as in the paper
COUNTS = (1, COUNT, 10)
LISTED = 10
Values = dict[str, Any]


def measure(
    backbone: Backbone, chosen: int, judged: int, *, seed: int = 0, draws: int = 20, say: Callable[[str], object] = print
) -> tuple[Values, StoredPointing]:
    """Choose heads in both ways, judge them, and return what was found and what is stored beside the weights.

    Args:
        backbone: the model.
        chosen: how many scenes to choose on.
        judged: how many to judge on.
        seed: of every draw.
        draws: of random heads.
        say: told what is being done.
    """
    started = time.perf_counter()
    first, second = draw_two_sets(shipped_sprites(), chosen, judged, seed=seed)
    looks, others = (read_looks(backbone, [one.example for one in side]) for side in (first, second))
    alone = draw_two_sets(shipped_sprites(), 1, judged // len(FAMILIES), seed=seed, families=(ALONE,))[1]
    looks_alone = read_looks(backbone, [one.example for one in alone])
    say(f"all scenes looked at, {time.perf_counter() - started:.0f} s after the start")
    by_boxes, by_entropy, held_out = rank_by_boxes(looks, first), rank_by_entropy(looks), rank_by_boxes(others, second)

    def way(found: PointingHeads, count: int) -> Any:
        return judge(others, second, found.best(count), size=by_boxes.size, draws=draws, seed=seed)

    def of_one_thing(found: PointingHeads) -> Values:
        return judgement_values(judge(looks_alone, alone, found.best(COUNT), size=by_boxes.size, draws=draws, seed=seed))

    ways: Values = {}
    for found in (by_boxes, by_entropy):
        own = way(found, COUNT)
        ways[found.by] = {
            "heads": [str(head) for head in own.heads],
            "ranking": [held_out.of(head) for head in found.ranking[:LISTED]],
            "judged": judgement_values(own),
            "families": {family: judgement_values(own.of(family)) for family in FAMILIES} | {ALONE: of_one_thing(found)},
            "counts": {str(count): judgement_values(way(found, count))["conditions"][HEADS] for count in COUNTS},
        }
        say(f"by {found.by}: {', '.join(ways[found.by]['heads'])}, {time.perf_counter() - started:.0f} s after the start")
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "draws": draws,
        "chosen": chosen,
        "judged": judged,
        "grid": list(others[0].pictures[0].shape[2:]),
        "even": held_out.even,
        "pointing": sum(held_out.points(head) for head in held_out.ranking),
        "model": {
            "geometry": str(backbone.geometry),
            "heads": len(held_out.ranking),
            "fingerprint": backbone.fingerprint,
        },
        "ways": ways,
    }
    outcome = {"heads": COUNT, "n": judged, **ways["boxes"]["judged"]["conditions"][HEADS]}
    stored = StoredPointing(backbone.identity, replace(held_out, ranking=by_boxes.ranking, size=by_boxes.size), outcome)
    return _rounded(told), replace(stored, outcome=_rounded(outcome))


def _rounded(value: Any) -> Any:
    """To four decimals: the same on any machine."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then write the data, the page and what ships with the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chosen", type=int, default=210)
    parser.add_argument("--judged", type=int, default=420)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    found, stored = measure(load_backbone(dtype="float32"), given.chosen, given.judged, seed=given.seed)
    data = given.to / "docs" / "pointing.json"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_report(json.loads(data.read_text(encoding="utf-8")), given.to)
    write_pointing(given.to / "assets" / "model", stored)
    print(f"wrote {data}, its page and {FILE_NAME}")


if __name__ == "__main__":
    main()
