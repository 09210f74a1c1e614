"""The kept heads beside LoRA and the model's own answers on every ready task: docs/rivals.md and docs/rivals.json.

    python -m tools.report.rivals                          # every ready task: minutes on two quiet cores
    python -m tools.report.rivals --tasks fingers          # a quick look; --to FOLDER writes it elsewhere

All learn from a task's support and answer its queries, each with what it costs. CLIP and SigLIP need a download, so they
are not in it; what they could not do is.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sav_core import SavClassifier, load_backbone
from sav_core.data.examples import Example
from sav_core.data.sets.datasets import read_examples
from sav_core.evaluation.intervals import compare
from sav_core.models.backbones import Backbone
from sav_core.reports.measure import measure
from sav_core.rivals.lora_state import DEFAULTS
from sav_core.rivals.pictures_alone import why_not_pictures_alone
from sav_core.rivals.spec import LORA
from sav_core.settings import settings
from tools.report.heads import all_tasks, question_of
from tools.report.rivals_text import write_report

ROOT = Path(__file__).resolve().parents[2]
Values = dict[str, Any]


def judge_task(backbone: Backbone, name: str, *, demonstrations: int) -> Values:
    """Every way to answer one ready task."""
    support, queries = (_part(name, part) for part in ("support", "queries"))
    found = measure(
        SavClassifier(backbone, cache=None),
        support,
        queries,
        own_answers=True,
        demonstrations=demonstrations,
        rivals=[LORA],
    )
    ways = {
        row.name: {
            "accuracy": row.accuracy,
            "interval": row.interval,
            "right": [int(each) for each in row.right],
            "cost": None if row.cost is None else dict(row.cost.as_dict()),
            **({"about": row.about} if row.about else {}),
        }
        for row in found.beside.judged
    }
    return {
        "labels": len(found.evaluation.labels),
        "support": len(support),
        "n": len(queries),
        "chance": found.chance,
        "ways": ways,
        "refused": dict(found.beside.refused),
        "pictures_alone": why_not_pictures_alone(support, queries),
    }


def _part(name: str, part: str) -> list[Example]:
    folder = settings().assets / "examples" / name
    lines = folder / f"{part}.jsonl"
    return list(read_examples(lines if lines.exists() else folder / part, question=question_of(folder)))


def judge(
    backbone: Backbone, names: Sequence[str], *, demonstrations: int = 4, say: Callable[[str], object] = print
) -> Values:
    """Judge every task, and the kept heads against each other way over the queries of all.

    Args:
        backbone: the model.
        names: of the ready tasks.
        demonstrations: how many examples the model is shown in context.
        say: told what is being done.
    """
    started, tasks = time.perf_counter(), {}
    for name in names:
        tasks[name] = judge_task(backbone, name, demonstrations=demonstrations)
        shares = ", ".join(f"{way} {found['accuracy']:.0%}" for way, found in tasks[name]["ways"].items())
        say(f"{name}: {shares}; {time.perf_counter() - started:.0f} s after the start")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "threads": torch.get_num_threads(),
        "demonstrations": demonstrations,
        "lora": {
            name: getattr(DEFAULTS, name) for name in ("rank", "alpha", "rate", "at_once", "epochs", "patience", "seed")
        },
        "model": {"geometry": str(backbone.geometry), "fingerprint": backbone.fingerprint},
        "tasks": tasks,
        "over_all": _over_all(tasks),
    }


def _over_all(tasks: Values) -> Values:
    """The kept heads against each way that was judged on every task, query by query."""
    found = {}
    shared = set.intersection(*(set(task["ways"]) for task in tasks.values()))
    for way in [way for way in next(iter(tasks.values()))["ways"] if way in shared and way != "kept_heads"]:
        kept, other = (
            np.array([right > 0 for task in tasks.values() for right in task["ways"][name]["right"]])
            for name in ("kept_heads", way)
        )
        beside = compare(kept, other)
        found[way] = {"difference": beside.difference, "interval": beside.interval, "p": beside.p, "n": beside.n}
    return found


def rounded(value: Any) -> Any:
    """Shares to five decimals, so that they are the same on any machine; what varies with it, to three digits."""
    if isinstance(value, dict):
        return {
            name: float(f"{each:.3g}") if name == "seconds" else round(each, -6) if name == "peak_bytes" else rounded(each)
            for name, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then write the data and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=all_tasks(), help="ready tasks; all of them by default")
    parser.add_argument("--to", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:  # a training that is kept from another day would tell of that
        os.environ["SAV_CACHE_DIR"] = folder
        settings.cache_clear()
        found = rounded(judge(load_backbone(dtype="float32"), given.tasks))
    data = given.to / "docs" / "rivals.json"
    data.parent.mkdir(exist_ok=True)
    data.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_report(json.loads(data.read_text(encoding="utf-8")), given.to)


if __name__ == "__main__":
    main()
