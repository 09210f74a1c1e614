"""The comparison with rivals in words and tables: docs/rivals.md, from docs/rivals.json and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sav_core.evaluation.costs import Cost
from sav_core.reports.wording import COSTS, told_costs

__all__ = ["page", "said", "write_report"]

Values = Mapping[str, Any]
TITLES = {
    "kept_heads": "kept heads (SAV)",
    "zero_shot_likelihood": "zero-shot, likeliest label",
    "zero_shot_text": "zero-shot, in words",
    "in_context": "in context",
    "lora": "LoRA",
}

_SMALL = 0.0001  # smaller ones are no longer in the data, which is rounded


def page(found: Values) -> str:
    """The whole page."""
    tasks, how = found["tasks"], found["lora"]
    ways = [way for way in TITLES if any(way in task["ways"] for task in tasks.values())]
    parts = [
        "# The kept heads and their rivals",
        f"Measured on {found['date']} on the embedded model ({found['model']['geometry']}): {len(tasks)} ready tasks, "
        f"{sum(task['n'] for task in tasks.values())} queries, {_counted(found['threads'], 'thread')}. `make report` "
        "measures it again; the numbers are in [rivals.json](rivals.json). How to measure your own, with CLIP and SigLIP "
        "too, is in [Rivals](evaluation-how-to.md#rivals).",
        "All ways learn from the same support and answer the same queries. **Kept heads** are 20, by the paper's rule. The "
        f"model itself is asked **zero-shot** and, **in context**, after {found['demonstrations']} examples in its prompt. "
        f"**LoRA** trains adapters of rank {how['rank']} (scale {how['alpha']}) on q, k, v and o of the language model to "
        f"say the label: AdamW at {how['rate']:g}, {how['at_once']} examples a step, {how['epochs']} epochs at most, ended "
        f"after {how['patience']} epochs in which a fifth of the examples, left out for that, became no likelier; the "
        "likeliest label is the answer, as for zero-shot. The model's weights are checked to be the same before and after.",
        "\n".join(f"- {line}" for line in said(found)),
        "## How often each is right",
        "Per cent of the queries, with Wilson's 95 % intervals. A dash: it cannot be asked so, see below.",
        _table(
            ["task", "support", "queries", "one label", *(TITLES[way] for way in ways)],
            [
                [name, str(task["support"]), str(task["n"]), _percent(task["chance"]), *(_share(task, way) for way in ways)]
                for name, task in tasks.items()
            ],
        ),
        *_refused(tasks),
        "## What each costs",
        "Examples that a way learns from or is shown, seconds of learning and answering together, the most memory that the "
        "process held meanwhile (Python and the model are most of it), and numbers that are trained.",
        _table(
            ["task", "way", *COSTS],
            [
                [name, TITLES[way], *told_costs(_cost(task["ways"][way]))]
                for name, task in tasks.items()
                for way in ways
                if way in task["ways"]
            ],
        ),
        "## CLIP and SigLIP",
        "`--rival clip:ID` and `--rival siglip:ID` need a model to be downloaded, and this report is made without a "
        "network, so there are no rows of them here. They see pictures alone. Where the answer depends on text, they are "
        "not judged, and the reason stands in place of a number:",
        "\n".join(f"- {name}: {task['pictures_alone']}." for name, task in tasks.items() if task["pictures_alone"])
        or "- This is so on none of these tasks.",
        "## How far this goes",
        "- The embedded model is small, and so is each task: a difference of a few points on one task is within its "
        "interval. The first lines are over the queries of all tasks.\n"
        "- LoRA has one set of settings for every task. Others may do better on one, as other numbers of heads may.\n"
        "- Seconds and memory are of this machine; a GPU moves them all, and LoRA's most.",
    ]
    return "\n\n".join(parts) + "\n"


def said(found: Values) -> list[str]:
    """What follows, and what does not."""
    tasks, lines = found["tasks"], []
    for way, beside in found["over_all"].items():
        gains = [task["ways"]["kept_heads"]["accuracy"] - task["ways"][way]["accuracy"] for task in tasks.values()]
        better, equal = sum(gain > 0 for gain in gains), sum(gain == 0 for gain in gains)
        low, high = beside["interval"]
        least = f"{beside['p']:.2g}" if beside["p"] >= _SMALL else f"below {_SMALL}"
        sure = "which may be luck" if low <= 0 <= high else f"McNemar's p {least}"
        lines.append(
            f"Against {TITLES[way]}: the kept heads are {_points(beside['difference'])} points better over all "
            f"{beside['n']} queries (95 % interval {_points(low)} to {_points(high)}, {sure}); better on {better} tasks, "
            f"equal on {equal}, worse on {len(tasks) - better - equal}."
        )
    costs = {way: [_cost(task["ways"][way]) for task in tasks.values() if way in task["ways"]] for way in TITLES}
    if costs["lora"]:
        kept, lora = (np.mean([cost.seconds for cost in costs[way] if cost]) for way in ("kept_heads", "lora"))
        trained = costs["lora"][0].trained if costs["lora"][0] else 0
        lines.append(
            f"LoRA trains {trained:,} numbers and takes {lora:.0f} seconds a task in the mean, learning and answering; the "
            f"kept heads train none and take {kept:.1f}."
        )
    return lines


def write_report(found: Values, root: Path) -> None:
    """Write docs/rivals.md."""
    (root / "docs" / "rivals.md").write_text(page(found), encoding="utf-8")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _refused(tasks: Values) -> list[str]:
    lines = [
        f"- {name}, {TITLES.get(way, way)}: {why}" for name, task in tasks.items() for way, why in task["refused"].items()
    ]
    return ["\n".join(lines)] if lines else []


def _cost(way: Values) -> Cost | None:
    return None if way["cost"] is None else Cost(**way["cost"])


def _share(task: Values, way: str) -> str:
    if way not in task["ways"]:
        return "–"
    low, high = task["ways"][way]["interval"]
    return f"{_percent(task['ways'][way]['accuracy'])} [{_percent(low)}, {_percent(high)}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
