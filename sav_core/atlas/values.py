"""An atlas with all that follows from it, as JSON values: on the command line, in downloads, and as it comes with the app.

report = survey(atlas, transfer)             # overlaps, sharing and clusters of the atlas
path.write_text(json.dumps(atlas_values(report)))
read_atlas(path)                             # the same again: rows and transfer are read, the rest follows from them
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sav_core.atlas.clusters import Clusters, cluster_heads
from sav_core.atlas.overlap import Overlap, overlaps
from sav_core.atlas.rows import Atlas, TaskRow
from sav_core.atlas.sharing import Sharing, share_heads
from sav_core.atlas.transfer import Transfer, Transferred, TransferTo
from sav_core.errors import InputError
from sav_core.evaluation.intervals import Comparison
from sav_core.types import Head

__all__ = ["AtlasReport", "atlas_values", "read_atlas", "survey"]

_FORMAT = "sav-atlas/1"


@dataclass(frozen=True, eq=False)
class AtlasReport:
    """An atlas and what follows from it.

    Attributes:
        atlas: the rows.
        overlaps: of every two tasks.
        sharing: by how many tasks heads are kept.
        clusters: of heads; ``None`` where there is nothing to compare.
        transfer: how heads do on other tasks; ``None`` where that was not tried.
    """

    atlas: Atlas
    overlaps: tuple[Overlap, ...]
    sharing: Sharing
    clusters: Clusters | None
    transfer: Transfer | None = None

    def __repr__(self) -> str:
        return f"AtlasReport({self.atlas!r})"


def survey(atlas: Atlas, transfer: Transfer | None = None) -> AtlasReport:
    """Work out what follows from an atlas."""
    return AtlasReport(atlas, overlaps(atlas), share_heads(atlas), cluster_heads(atlas), transfer)


def atlas_values(report: AtlasReport) -> dict[str, Any]:
    """Return everything as JSON values; heads by their names, tasks by theirs."""
    atlas, clusters = report.atlas, report.clusters
    first = atlas.rows[0]
    return {
        "format": _FORMAT,
        "model": {"name": first.model, "identity": first.identity, "layers": atlas.shape[0], "heads": atlas.shape[1]},
        "tasks": [_row(row) for row in atlas.rows],
        "overlaps": [_overlap(atlas, each) for each in report.overlaps],
        "sharing": _sharing(atlas, report.sharing),
        "clusters": None if clusters is None else _clusters(atlas, clusters),
        "transfer": None if report.transfer is None else _transfer(report.transfer),
    }


def read_atlas(path: Path) -> AtlasReport:
    """Read what ``atlas_values`` wrote.

    Raises:
        InputError: the file is missing, or is no such atlas.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The atlas {path.name} cannot be read ({error.strerror}): make it again.") from error
    except ValueError as error:
        raise InputError(f"{path.name} is no JSON ({error}): make the atlas again.") from error
    try:
        return _unpack(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path.name} holds no usable atlas ({error}): make it again.") from error


def _unpack(told: Any) -> AtlasReport:
    if told["format"] != _FORMAT:
        raise ValueError(f"its format is {told['format']!r}, this program reads {_FORMAT!r}")
    model, transfer = told["model"], told["transfer"]
    rows = [_read_row(row, str(model["name"]), str(model["identity"])) for row in told["tasks"]]
    return survey(Atlas.of(rows), None if transfer is None else _read_transfer(transfer))


def _row(row: TaskRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "labels": list(row.labels),
        "examples": list(row.examples),
        "counted": row.counted,
        "n": row.n,
        "chance": row.chance,
        "right": row.correct.tolist(),
        "kept": [str(head) for head in row.kept],
        "best": str(row.best),
    }


def _read_row(told: Any, model: str, identity: str) -> TaskRow:
    correct, n = np.array(told["right"], dtype=np.int64), int(told["n"])
    kept, examples = tuple(_head(name) for name in told["kept"]), tuple(int(count) for count in told["examples"])
    if correct.ndim != 2 or not correct.size or not 0 <= correct.min() <= correct.max() <= n <= sum(examples):
        raise ValueError(f"the counts of {told['name']!r} are not possible")
    if len(examples) != len(told["labels"]) or len(examples) < 2 or min(examples) < 1:
        raise ValueError(f"the labels of {told['name']!r} are not possible")
    if not all(0 <= head.layer < correct.shape[0] and 0 <= head.index < correct.shape[1] for head in kept) or not kept:
        raise ValueError(f"the kept heads of {told['name']!r} are not possible")
    labels = tuple(str(label) for label in told["labels"])
    return TaskRow(str(told["name"]), labels, examples, correct, n, told["counted"] == "left out", kept, model, identity)


def _overlap(atlas: Atlas, each: Overlap) -> dict[str, Any]:
    values = {name: value for name, value in asdict(each).items() if name not in ("first", "second", "shared")}
    return {
        "tasks": [atlas.names[each.first], atlas.names[each.second]],
        "shared": [str(head) for head in each.shared],
        **values,
        "kept": list(each.kept),
    }


def _sharing(atlas: Atlas, found: Sharing) -> dict[str, Any]:
    return {
        "kept_by": found.kept_by.tolist(),
        "observed": found.observed.tolist(),
        "expected": found.expected.tolist(),
        "one_task": {name: [str(head) for head in own] for name, own in zip(atlas.names, found.alone, strict=True)},
        "all_tasks": [str(head) for head in found.every],
        "all_tasks_p": found.every_p,
    }


def _clusters(atlas: Atlas, found: Clusters) -> dict[str, Any]:
    return {
        "silhouette": found.silhouette,
        "explained": found.explained,
        "shuffled": found.shuffled.tolist(),
        "p": found.p,
        "clusters": [
            {"heads": [str(head) for head in each.heads], "skill": dict(zip(atlas.names, each.skill.tolist(), strict=True))}
            for each in found.clusters
        ],
    }


def _transfer(found: Transfer) -> dict[str, Any]:
    return {"draws": found.draws, "seed": found.seed, "targets": [_target(each) for each in found.targets]}


def _target(found: TransferTo) -> dict[str, Any]:
    """Its fields by their names, tuples as lists."""
    told: dict[str, Any] = json.loads(json.dumps(asdict(found)))
    return told


def _read_transfer(told: Any) -> Transfer:
    targets = []
    for each in told["targets"]:
        sources = tuple(
            Transferred(
                **{
                    **source,
                    "interval": _pair(source["interval"]),
                    "against_own": Comparison(
                        **{**source["against_own"], "interval": _pair(source["against_own"]["interval"])}
                    ),
                }
            )
            for source in each["sources"]
        )
        pairs = {name: _pair(each[name]) for name in ("own_interval", "random_interval")}
        targets.append(TransferTo(**{**each, **pairs, "sources": sources}))
    return Transfer(tuple(targets), int(told["draws"]), int(told["seed"]))


def _pair(told: Any) -> tuple[float, float]:
    low, high = told
    return float(low), float(high)


def _head(name: str) -> Head:
    """The head of a name such as ``L14.H3``."""
    layer, _, index = name.removeprefix("L").partition(".H")
    return Head(int(layer), int(index))
