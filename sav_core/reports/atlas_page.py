"""An atlas as one HTML page that opens anywhere: figures and plotly.js are in it, and it needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sav_core.atlas.clusters import Clusters
from sav_core.atlas.rows import Atlas
from sav_core.atlas.sentences import findings
from sav_core.atlas.values import AtlasReport
from sav_core.figures.atlas import (
    atlas_heatmap,
    atlas_size,
    names_width,
    overlap_heatmap,
    sharing_figure,
    transfer_heatmap,
)
from sav_core.reports.live_figures import as_script, packed_plotly
from sav_core.wording import percent, percent_range

__all__ = ["TASK_COLUMNS", "atlas_page", "cluster_rows", "overlap_rows", "task_rows", "transfer_rows"]

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,  # names of tasks are anybody's
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

TASK_COLUMNS = ["task", "labels", "examples", "counted", "guessing", "best head", "right", "heads kept"]
"""What ``task_rows`` says of a task."""

_NAMED = 12  # heads of a cluster that are named
_KNOWN = 4  # tasks that a cluster knows best


def atlas_page(report: AtlasReport, names: Mapping[str, str] | None = None, model: str = "") -> str:
    """Return the whole atlas as one page.

    Args:
        report: the atlas.
        names: of tasks as they are shown, by the names of their rows; those by default.
        model: what to call it; by default as the rows do.
    """
    atlas = report.atlas
    shown = {name: (names or {}).get(name, name) for name in atlas.names}
    titles = list(shown.values())
    drawn: dict[str, go.Figure] = {"atlas": atlas_heatmap(atlas, titles)}
    if report.overlaps:
        drawn |= {"overlaps": overlap_heatmap(report.overlaps, titles), "sharing": sharing_figure(report.sharing)}
    if report.transfer is not None:
        drawn["transfer"] = transfer_heatmap(report.transfer, shown)
    figures = {name: figure.to_plotly_json() for name, figure in drawn.items()}
    return _TEMPLATES.get_template("atlas_page.html.jinja").render(
        plotly=packed_plotly(),
        figures=as_script(figures),
        drawn={name: figure["layout"]["height"] for name, figure in figures.items()},
        width=names_width(titles) + atlas_size(atlas)[0],
        model=model or atlas.rows[0].model,
        shape=f"{atlas.shape[0]} layers x {atlas.shape[1]} heads",
        said=findings(report, shown),
        columns=TASK_COLUMNS,
        tasks=task_rows(atlas, titles),
        overlaps=overlap_rows(report, titles),
        clusters=[] if report.clusters is None else cluster_rows(report.clusters, titles),
        transfer=[] if report.transfer is None else transfer_rows(report, shown),
    )


def task_rows(atlas: Atlas, titles: list[str]) -> list[tuple[Any, ...]]:
    """Each task in a line: its name, labels, examples counted, how, guessing, best head, that head's share, heads kept."""
    return [
        (
            title,
            len(row.labels),
            row.n,
            row.counted,
            percent(row.chance),
            str(row.best),
            percent(float(row.accuracy[row.best.layer, row.best.index]), 1),
            len(row.kept),
        )
        for row, title in zip(atlas.rows, titles, strict=True)
    ]


def overlap_rows(report: AtlasReport, titles: list[str]) -> list[tuple[Any, ...]]:
    """Every two tasks in a line, the least likely overlap first: names, shared heads, and both tests."""
    ordered = sorted(report.overlaps, key=lambda each: (each.p, -len(each.shared)))
    return [
        (
            titles[each.first],
            titles[each.second],
            len(each.shared),
            f"{each.expected:.1f}",
            f"{each.p:.2g}",
            f"{each.q:.2g}",
            f"{each.expected_by_layer:.1f}",
            f"{each.p_by_layer:.2g}",
            f"{each.q_by_layer:.2g}",
        )
        for each in ordered
    ]


def cluster_rows(found: Clusters, titles: list[str]) -> list[tuple[Any, ...]]:
    """Each cluster in a line: its number, how many heads, some of their names, and the tasks that it knows best."""
    lines = []
    for number, each in enumerate(found.clusters, start=1):
        named = ", ".join(map(str, each.heads[:_NAMED])) + (" and more" if len(each.heads) > _NAMED else "")
        best = (-each.skill).argsort(kind="stable")[:_KNOWN]
        known = ", ".join(f"{titles[place]} {each.skill[place]:.2f}" for place in best)
        lines.append((number, len(each.heads), f"{each.skill.mean():.2f}", known, named))
    return lines


def transfer_rows(report: AtlasReport, shown: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """Each task that heads were tried on in a line: own heads, others' in the mean, the best and worst of them, random."""
    assert report.transfer is not None
    lines = []
    for target in report.transfer.targets:
        ordered = sorted(target.sources, key=lambda each: each.accuracy)
        ends = [f"{shown[each.source]} {percent(each.accuracy)}" for each in (ordered[-1:] + ordered[:1])] or ["–", "–"]
        lines.append(
            (
                shown[target.target],
                f"{target.n} {'left out' if target.left_out else 'of its test'}",
                percent(target.chance),
                f"{percent(target.own)} ({percent_range(target.own_interval)})",
                percent(target.foreign) if target.sources else "–",
                *ends,
                f"{percent(target.random)} ({percent_range(target.random_interval)})",
            )
        )
    return lines
