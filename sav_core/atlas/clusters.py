"""Heads that know the same tasks, as clusters: each head a point with one coordinate a task, how well it knows that.

Ward's tree (1963) joins heads, and is cut where clusters are most apart by the mean silhouette (Rousseeuw 1987). A tree
is always found, so the same number of clusters is cut from atlases in which every task's cells are dealt anew to the heads:
the tasks are as well known, and a head that knows one knows another no more often than chance. Only where clusters explain
more of how heads differ than in all of those, heads do know the same tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_score

from sav_core.atlas.rows import Atlas
from sav_core.types import Head

__all__ = ["Cluster", "Clusters", "cluster_heads"]

_MOST = 8  # clusters
_DRAWS = 19  # of shuffled atlases: to lie above all of them by luck has a chance of 1 in 20

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cluster:
    """Some heads that know the same tasks.

    Attributes:
        heads: layer by layer.
        skill: ``float (task,)``, how well they know each, in the mean.
    """

    heads: tuple[Head, ...]
    skill: Array

    def __repr__(self) -> str:
        return f"Cluster({len(self.heads)} heads, mean skill {self.skill.mean():.2f})"


@dataclass(frozen=True, eq=False)
class Clusters:
    """The heads of an atlas in clusters.

    Attributes:
        clusters: those that know most first.
        silhouette: how far they are apart, -1 to 1; of the numbers tried, this has the largest.
        explained: of the heads' variance, the share that lies between the clusters.
        shuffled: ``float (draw,)``, the same of as many clusters where tasks are dealt anew to the heads.
        order: every head, those beside each other that know alike.
    """

    clusters: tuple[Cluster, ...]
    silhouette: float
    explained: float
    shuffled: Array
    order: tuple[Head, ...]

    def __repr__(self) -> str:
        return (
            f"Clusters({len(self.clusters)}, {self.explained:.0%} explained, {self.shuffled.max():.0%} at most by chance)"
        )

    @property
    def p(self) -> float:
        """How likely chance has clusters that explain as much."""
        return float((1 + (self.shuffled >= self.explained).sum()) / (1 + len(self.shuffled)))


def cluster_heads(atlas: Atlas, seed: int = 0) -> Clusters | None:
    """Cluster the heads of the layers that every task was read to.

    Args:
        atlas: of two tasks or more.
        seed: of the shuffled atlases.

    Returns:
        ``None`` where there is nothing to compare: one task, or hardly a head that differs from another.
    """
    width = atlas.shape[1]
    points = atlas.skill[:, : atlas.shared_layers].reshape(len(atlas.rows), -1).T  # (head, task)
    different = len(np.unique(points.round(9), axis=0))
    if len(atlas.rows) < 2 or different < 3:
        return None
    tree = linkage(points, "ward")
    names, silhouette = _cut(points, tree, min(_MOST, different - 1))
    number, rng = len(np.unique(names)), np.random.default_rng(seed)
    draws = [rng.permuted(points, axis=0) for _ in range(_DRAWS)]
    shuffled = [_explained(draw, fcluster(linkage(draw, "ward"), number, "maxclust")) for draw in draws]
    heads = [Head(*divmod(row, width)) for row in range(len(points))]
    clusters = [
        Cluster(tuple(heads[row] for row in np.flatnonzero(names == name)), points[names == name].mean(0))
        for name in np.unique(names)
    ]
    return Clusters(
        clusters=tuple(sorted(clusters, key=lambda one: (-round(float(one.skill.mean()), 9), one.heads))),
        silhouette=silhouette,
        explained=_explained(points, names),
        shuffled=np.array(shuffled),
        order=tuple(heads[row] for row in leaves_list(tree)),
    )


def _cut(points: Array, tree: Array, most: int) -> tuple[npt.NDArray[np.intp], float]:
    """Each head's cluster and their silhouette, at the number of clusters that has the largest."""
    apart = squareform(pdist(points))
    best: tuple[npt.NDArray[np.intp], float] | None = None
    for number in range(2, most + 1):
        names = fcluster(tree, number, "maxclust")
        if len(np.unique(names)) < 2:
            continue  # equal heights cannot be cut apart
        silhouette = float(silhouette_score(apart, names, metric="precomputed"))
        if best is None or silhouette > best[1] + 1e-9:
            best = names, silhouette
    return best or (fcluster(tree, 2, "maxclust"), 0.0)


def _explained(points: Array, names: npt.NDArray[np.intp]) -> float:
    """The share of the variance that lies between the clusters."""
    parts = [points[names == name] for name in np.unique(names)]
    within = sum(float(((part - part.mean(0)) ** 2).sum()) for part in parts)
    return 1 - within / float(((points - points.mean(0)) ** 2).sum())
