"""The atlas of the embedded model: assets/atlas/atlas.json, which the app shows, and docs/atlas.md, which tells of it.

    python -m tools.report.atlas                          # every ready task: four minutes on one quiet core
    python -m tools.report.atlas --tasks fingers apples   # a quick look; --to FOLDER writes it elsewhere

Heads are kept on a task's support, 20 by the paper's rule; each head is counted with every example left out of its label's
mean; and every task's heads are tried on every other's queries.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sav_core import load_backbone
from sav_core.atlas import AtlasReport, atlas_values, read_atlas
from sav_core.data.sets.ready_tasks import read_ready_task, ready_task_folders
from sav_core.models.backbones import Backbone
from sav_core.reports.atlas_tasks import fit_task, survey_tasks
from tools.report.atlas_text import write_report

ROOT = Path(__file__).resolve().parents[2]
DATA = Path("assets") / "atlas" / "atlas.json"


def measure(
    backbone: Backbone, names: Sequence[str], *, seed: int = 0, say: Callable[[str], object] = print
) -> AtlasReport:
    """Read the tasks and make their atlas.

    Args:
        backbone: the model.
        names: of the ready tasks.
        seed: of the random heads.
        say: told what is being done.
    """
    tasks = []
    for folder in ready_task_folders():
        if folder.name in names:
            task = read_ready_task(folder)
            tasks.append(fit_task(backbone, task.name, task.support, task.queries, cache=None))
            say(f"{task.name}: {len(task.support)} examples, {len(task.queries)} queries")
    return survey_tasks(tasks, seed=seed)


def rounded(value: Any) -> Any:
    """To five digits that count: the same on any machine."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then write the data and the page."""
    every = [folder.name for folder in ready_task_folders()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", default=every, help="ready tasks; all of them by default")
    parser.add_argument("--to", type=Path, default=ROOT)
    given = parser.parse_args(arguments)
    found = rounded(atlas_values(measure(load_backbone(dtype="float32"), given.tasks, seed=given.seed)))
    data = given.to / DATA
    data.parent.mkdir(parents=True, exist_ok=True)
    (given.to / "docs").mkdir(exist_ok=True)
    told = {"date": datetime.now(UTC).date().isoformat(), **found}
    data.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
    write_report(read_atlas(data), told["date"], given.to)


if __name__ == "__main__":
    main()
