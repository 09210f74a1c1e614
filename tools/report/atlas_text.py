"""The atlas in words and tables: docs/atlas.md, from assets/atlas/atlas.json and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sav_core.atlas import AtlasReport, findings
from sav_core.reports.atlas_page import TASK_COLUMNS, cluster_rows, overlap_rows, task_rows, transfer_rows

__all__ = ["page", "write_report"]

_PAIRS = 20  # that are listed


def page(report: AtlasReport, date: str) -> str:
    """The whole page."""
    atlas = report.atlas
    names, said = list(atlas.names), findings(report)
    layers, heads = atlas.shape
    parts = [
        "# Which heads of the embedded model know which tasks?",
        f"Measured on {date} on the embedded model ({layers} layers x {heads} heads): {len(names)} ready tasks. `make "
        "report` measures it again; the numbers are in [atlas.json](../assets/atlas/atlas.json), the app shows them on its "
        "page Atlas, and `python -m sav_core atlas` makes the same for your own tasks and models.",
        "On each task 20 heads are kept on its support, by the paper's rule. How well a head knows a task is how many of "
        "the support's examples it alone gives their own label, each example left out of its label's mean.",
        "\n".join(f"- {said[name]}" for name in ("overlaps", "sharing", "clusters", "transfer") if name in said),
        "## The tasks",
        _table(TASK_COLUMNS, task_rows(atlas, names)),
        "## Which tasks share heads",
        f"The {min(_PAIRS, len(report.overlaps))} least likely overlaps of {len(report.overlaps)}. Chance draws a task's "
        "heads from all, or in each layer as many as the task keeps there; q is p adjusted over all pairs (Benjamini and "
        "Hochberg).",
        _table(
            ["task", "and", "shared", "by chance", "p", "q", "by chance in the same layers", "p", "q"],
            overlap_rows(report, names)[:_PAIRS],
        ),
        "## Heads of one task, heads of all",
        "How many heads are kept by so many tasks, and how many chance would have so, were each task's heads drawn from "
        "all.",
        _table(
            ["tasks that keep a head", *map(str, range(len(report.sharing.observed)))],
            [
                ["heads", *map(str, report.sharing.observed.tolist())],
                ["by chance", *(f"{each:.1f}" for each in report.sharing.expected)],
            ],
        ),
        _shared(report),
        *_clusters(report, names),
        *_transfer(report),
        "## How far this goes",
        "- A task has a few dozen examples: a head's count moves by several points with which they are, and so does which "
        "20 heads are kept. That two tasks keep different heads does not show that the others know nothing.\n"
        "- The ready tasks are alike: drawings and photographs of things, some from the same sets. Tasks farther apart may "
        "share less.\n"
        "- Tasks keep more heads of some layers than of others, and not all the same. What the test within layers does not "
        "find says no more than that two tasks are read from the same layers.\n"
        "- On tasks where many heads get every example right, it is the margin that decides which 20 are kept.\n"
        "- Where random heads do nearly as well as a task's own, transfer has little to show: others' heads then do well "
        "too.\n"
        "- What a head knows is what can be read from it. Whether the model uses it is measured in [causes.md](causes.md).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_report(report: AtlasReport, date: str, root: Path) -> None:
    """Write docs/atlas.md."""
    (root / "docs" / "atlas.md").write_text(page(report, date), encoding="utf-8")


def _shared(report: AtlasReport) -> str:
    most = report.sharing.most_shared[:8]
    lines = [f"Kept by most tasks: {', '.join(f'{h} ({report.sharing.kept_by[h.layer, h.index]})' for h in most)}."]
    lines += [
        f"- Kept by {name} alone: {', '.join(map(str, own))}."
        for name, own in zip(report.atlas.names, report.sharing.alone, strict=True)
        if own
    ]
    return "\n".join(["\n".join(lines[:1]), "", *lines[1:]]).strip()


def _clusters(report: AtlasReport, names: list[str]) -> list[str]:
    if report.clusters is None:
        return []
    return [
        "## Heads that know alike",
        "Each head is a point with one coordinate a task, its skill: 0 at guessing, 1 where all is right. Ward's tree is "
        "cut where the silhouette is largest.",
        _table(["cluster", "heads", "mean skill", "knows best", "which"], cluster_rows(report.clusters, names)),
    ]


def _transfer(report: AtlasReport) -> list[str]:
    found = report.transfer
    if found is None:
        return []
    sources = [name for name in report.atlas.names if any(e.source == name for t in found.targets for e in t.sources)]
    matrix = []
    for target in found.targets:
        right = {each.source: f"{100 * each.accuracy:.0f}" for each in target.sources}
        right[target.target] = f"**{100 * target.own:.0f}**"
        matrix.append([target.target, *(right.get(name, "") for name in sources), f"{100 * target.random:.0f}"])
    return [
        "## Do heads travel?",
        "Every row's queries are answered by 20 heads found on each column's support, with label means of the row's own "
        "support: per cent right; bold, its own heads; last, the mean of 20 draws of random heads.",
        _table(["on, heads of", *sources, "random"], matrix),
        _table(
            [
                "on",
                "queries",
                "commonest label",
                "its own (95 %)",
                "others'",
                "best of others",
                "worst",
                "random (95 % of draws)",
            ],
            transfer_rows(report, {name: name for name in report.atlas.names}),
        ),
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
