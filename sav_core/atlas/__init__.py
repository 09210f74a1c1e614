"""An atlas of one model: which of its heads know which tasks, which tasks share heads, and whether heads travel.

rows = [row_of_file(Path("pets.sav")), row_of_file(Path("cars.sav"))]       # or row_of(fitted, ...) of what was just fitted
atlas = Atlas.of(rows)                                  # refuses rows of different models
atlas.skill[0]                                          # (layer, head): how well each head knows the first task
overlaps(atlas)[0].p                                    # do two tasks keep more of the same heads than chance would?
share_heads(atlas).every                                # heads that every task keeps
cluster_heads(atlas)                                    # heads that know the same tasks
transfer_heads([TaskVectors("cars", support, test)], atlas)   # heads found on one task, voting on another

Arrays in, figures out: no model runs here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sav_core.lazy import lazy_names

if TYPE_CHECKING:
    from sav_core.atlas.clusters import Cluster, Clusters, cluster_heads
    from sav_core.atlas.overlap import Overlap, overlaps
    from sav_core.atlas.rows import Atlas, TaskRow, row_of, row_of_file
    from sav_core.atlas.sentences import findings
    from sav_core.atlas.sharing import Sharing, share_heads
    from sav_core.atlas.transfer import TaskVectors, Transfer, Transferred, TransferTo, transfer_heads
    from sav_core.atlas.values import AtlasReport, atlas_values, read_atlas, survey

_HOMES = {
    "Atlas": "rows",
    "AtlasReport": "values",
    "Cluster": "clusters",
    "Clusters": "clusters",
    "Overlap": "overlap",
    "Sharing": "sharing",
    "TaskRow": "rows",
    "TaskVectors": "transfer",
    "Transfer": "transfer",
    "TransferTo": "transfer",
    "Transferred": "transfer",
    "atlas_values": "values",
    "cluster_heads": "clusters",
    "findings": "sentences",
    "overlaps": "overlap",
    "read_atlas": "values",
    "row_of": "rows",
    "row_of_file": "rows",
    "share_heads": "sharing",
    "survey": "values",
    "transfer_heads": "transfer",
}

__all__ = [
    "Atlas",
    "AtlasReport",
    "Cluster",
    "Clusters",
    "Overlap",
    "Sharing",
    "TaskRow",
    "TaskVectors",
    "Transfer",
    "TransferTo",
    "Transferred",
    "atlas_values",
    "cluster_heads",
    "findings",
    "overlaps",
    "read_atlas",
    "row_of",
    "row_of_file",
    "share_heads",
    "survey",
    "transfer_heads",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
