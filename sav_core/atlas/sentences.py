"""What an atlas says, in sentences: the same on the command line, on the page and in reports."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sav_core.atlas.clusters import Clusters
from sav_core.atlas.values import AtlasReport
from sav_core.wording import percent

__all__ = ["findings"]

_LEVEL = 0.05


def findings(report: AtlasReport, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a sentence or two for each part of an atlas; a part of which there is nothing to say is missing.

    Args:
        report: the atlas.
        names: of tasks as they are shown, by the names of their rows; those by default.
    """
    shown = names or {}
    trained = [shown.get(row.name, row.name) for row in report.atlas.rows if not row.left_out]
    found = {
        "counts": _training(trained) if trained else "",
        "overlaps": _overlaps(report),
        "sharing": _sharing(report),
        "clusters": "" if report.clusters is None else _clusters(report.clusters),
        "transfer": _transfer(report),
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def _training(names: list[str]) -> str:
    few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"Of {few} training scores are shown: the file is of an earlier version, or every label has one example. They are "
        "too good, the fewer the examples the more, and no match for counts of examples left out."
    )


def _overlaps(report: AtlasReport) -> str:
    pairs = len(report.overlaps)
    if not pairs:
        return ""
    more, by_layer = (sum(getattr(each, name) < _LEVEL for each in report.overlaps) for name in ("q", "q_by_layer"))
    if not more:
        return (
            f"Of {_counted(pairs, 'pair')} of tasks, none shares more kept heads than chance would give it (5 % false "
            "discoveries)."
        )
    return (
        f"Of {_counted(pairs, 'pair')} of tasks, {more} {'shares' if more == 1 else 'share'} more kept heads than chance "
        "would give them (5 % false discoveries). Against heads drawn in the layers that each task keeps heads in, "
        f"{by_layer or 'none'} still {'does' if by_layer < 2 else 'do'}."
    )


def _sharing(report: AtlasReport) -> str:
    found, tasks = report.sharing, report.sharing.tasks
    if tasks < 2:
        return ""
    every = len(found.every)
    if every:
        which = ", ".join(map(str, found.every[:4])) + (" and others" if every > 4 else "")
        all_tasks = (
            f"{_counted(every, 'head')} ({which}) {'serves' if every == 1 else 'serve'} all {tasks} tasks; by chance that "
            f"many or more do with p {found.every_p:.2g}."
        )
    else:
        most = found.most_shared[:1]
        best = f"; {most[0]} serves {found.kept_by[most[0].layer, most[0].index]}" if most else ""
        all_tasks = f"No head serves all {tasks} tasks{best}."
    one = sum(map(len, found.alone))
    none = int(found.observed[0])
    return (
        f"{all_tasks} {_counted(one, 'head')} {'serves' if one == 1 else 'serve'} one task alone ({found.expected[1]:.1f} "
        f"by chance), {none} {'serves' if none == 1 else 'serve'} none ({found.expected[0]:.1f})."
    )


def _clusters(found: Clusters) -> str:
    drawn = len(found.shuffled)
    reach = int((found.shuffled >= found.explained).sum())
    number, chance = len(found.clusters), percent(float(found.shuffled.mean()))
    beside = (
        f"as many clusters explain {chance} where each task's cells are dealt anew to the heads, and in {reach or 'none'} "
        f"of {drawn} such draws as much"
    )
    if reach:
        return (
            f"The heads fall into no clusters by what they know: {number} explain {percent(found.explained)} of how heads "
            f"differ, but {beside}."
        )
    return (
        f"The heads fall into {number} clusters by what they know, which explain {percent(found.explained)} of how heads "
        f"differ; {beside}. The silhouette is {found.silhouette:.2f}."
    )


def _transfer(report: AtlasReport) -> str:
    found = report.transfer
    if found is None or math.isnan(found.foreign):
        return ""
    pairs = [(target, each) for target in found.targets for each in target.sources]
    worse = sum(each.against_own.p < _LEVEL and each.against_own.difference > 0 for _, each in pairs)
    beaten = sum(each.random_as_good <= _LEVEL for _, each in pairs)
    own, foreign = (found.gain_over_random(own=whose) for whose in (True, False))
    return (
        f"A task's own heads are right on {percent(found.own)} of its examples, those of another task on "
        f"{percent(found.foreign)}, random ones on {percent(found.random)} (means over tasks). Over random ones, a task's "
        f"own gain {_points(*own)}, those of others {_points(*foreign)}. Of {_counted(len(pairs), 'pair')}, others' heads "
        f"do worse than the task's own on {worse} (McNemar's p below 5 %), and better than 95 % of the random draws on "
        f"{beaten} (about {_LEVEL * len(pairs):.0f} would by luck)."
    )


def _points(gain: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
