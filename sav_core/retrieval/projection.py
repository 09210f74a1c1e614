"""The space in which some heads tell labels apart as a picture in two dimensions, and how much of its distances that keeps.

    found = project(support, [head], queries)            # or the kept heads together
    found.examples, found.means, found.queries           # (..., 2), to be drawn to one scale
    found.kept                                           # 0.64: of the distance between the examples, what is seen

The space is that of the vote, see ``sav_core.retrieval.nearest``: every head's vector at length one, the heads side by
side. A label's mean lies where the vote has it, so that the nearest mean is the label a single head votes for. Two ways to
flatten the space: ``pca`` looks at it from where the examples are spread most; ``distances`` moves them until they lie as
far apart as in the space, as far as two dimensions allow (metric multidimensional scaling by SMACOF, de Leeuw 1977).

The examples alone decide, means and queries are put beside them: one query more moves nothing. The same vectors give the
same picture: an axis points to where labels that sort later lie, so that a label stays on its side from head to head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, orthogonal_procrustes
from scipy.spatial.distance import cdist

from sav_core.errors import InputError, SettingError
from sav_core.heads.chunks import one_thread
from sav_core.retrieval.nearest import laid_side_by_side
from sav_core.types import Head, HeadVectors

__all__ = ["PROJECTIONS", "HeadMap", "Projection", "project"]

Projection: TypeAlias = Literal["pca", "distances"]
PROJECTIONS: tuple[str, ...] = get_args(Projection)
"""The ways to flatten the space, the usual one first."""

Array: TypeAlias = npt.NDArray[np.float64]

_MOST_MOVED = 400  # examples that are moved together; more are put beside evenly chosen ones
_MOST_PAIRED = 600  # examples, evenly chosen, whose distances are counted
_STEPS, _AT_REST = 60, 1e-4  # of moving: at most so many, until a step is so small beside the whole
_ROUNDING = 1e-12  # of squared lengths: below it nothing is left of a difference
_TOLD = 1e-9  # below it two shares are equal, and a label lies on neither side


@dataclass(frozen=True)
class HeadMap:
    """Places of examples, label means and queries in one picture, and what is true of them in the space.

    Attributes:
        labels: sorted.
        codes: ``int (example,)``, each example's label's number.
        examples: ``float64 (example, 2)``.
        means: ``float64 (label, 2)``.
        queries: ``float64 (query, 2)``.
        example_similarity: ``float64 (example, label)``, cosines to the labels' means, averaged over the heads.
        query_similarity: ``float64 (query, label)``, likewise.
        kept: the share of the distance between the examples that the picture shows, 0 to 1: one less what all pairs are
            drawn too near or too far, by the sum of their distances; 1 where all are equal.
        spread: of the examples' variance, what each axis shows; ``None`` where axes mean nothing.
    """

    labels: tuple[str, ...]
    codes: npt.NDArray[np.intp]
    examples: Array
    means: Array
    queries: Array
    example_similarity: Array
    query_similarity: Array
    kept: float
    spread: tuple[float, float] | None

    def __repr__(self) -> str:
        return f"HeadMap({len(self.examples)} examples, {len(self.labels)} labels, {self.kept:.0%} of the distances kept)"


def project(support: HeadVectors, heads: Sequence[Head], queries: HeadVectors | None = None, *, by: str = "pca") -> HeadMap:
    """Put examples, their labels' means and queries into one picture.

    Args:
        support: the labelled examples.
        heads: whose space it is.
        queries: of the same model; none by default.
        by: one of ``PROJECTIONS``.

    Raises:
        SettingError: there is no such projection, there are no heads, or one does not exist.
        InputError: there is no example, one has no label, the two come from different models, or a vector is not finite.
    """
    _check(support, heads, queries, by)
    with one_thread():
        return _projected(support, heads, queries, by)


def _projected(support: HeadVectors, heads: Sequence[Head], queries: HeadVectors | None, by: str) -> HeadMap:
    names = np.array(support.labels, dtype=np.str_)
    labels, codes = np.unique(names, return_inverse=True)
    vectors = support.of(heads)
    members = (codes == np.arange(len(labels))[:, None]) / np.bincount(codes)[:, None]  # (label, example)
    points = laid_side_by_side(vectors)
    means = laid_side_by_side(np.einsum("le,ehd->lhd", members, vectors.astype(np.float64)))
    asked = points[:0] if queries is None else laid_side_by_side(queries.of(heads))
    others, middle = np.concatenate([means, asked]), points.mean(0)
    axes, spread = _principal_axes(points - middle)
    axes = axes @ _turn((points - middle) @ axes, codes, round_=abs(spread[0] - spread[1]) < _TOLD)
    flat, beside = (points - middle) @ axes, (others - middle) @ axes
    if by == "distances":
        flat, beside = _by_distances(points, flat, others, beside)
    return HeadMap(
        labels=tuple(str(label) for label in labels),
        codes=codes.astype(np.intp),
        examples=flat,
        means=beside[: len(labels)],
        queries=beside[len(labels) :],
        example_similarity=points @ means.T,
        query_similarity=asked @ means.T,
        kept=_kept(points, flat),
        spread=spread if by == "pca" else None,
    )


def _check(support: HeadVectors, heads: Sequence[Head], queries: HeadVectors | None, by: str) -> None:
    if by not in PROJECTIONS:
        raise SettingError(f"by must be one of {', '.join(PROJECTIONS)}, but is {by!r}.")
    if not heads or len(set(heads)) != len(heads):
        raise SettingError(f"heads must name one head or more, each once, but are {list(heads)}.")
    support.geometry.check(heads)
    if not len(support) or None in support.labels:
        raise InputError("A map needs examples, each with its label: label them all.")
    if queries is not None and (
        support.geometry != queries.geometry or (support.model and queries.model and support.model != queries.model)
    ):
        raise InputError(
            f"Examples and queries must be head vectors of one model, but the examples have {support.geometry} and the "
            f"queries have {queries.geometry}: extract both with the same model."
        )


def _principal_axes(centred: Array) -> tuple[Array, tuple[float, float]]:
    """``float64 (dim, 2)``, the two directions of most spread, of no length where there is none; and each one's share."""
    examples, dim = centred.shape
    wide = dim > examples
    scatter = centred @ centred.T if wide else centred.T @ centred
    first = max(0, len(scatter) - 2)
    values, vectors = eigh(scatter, subset_by_index=[first, len(scatter) - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    whole = float(np.trace(scatter))
    real = values > _ROUNDING * examples  # rows have length one at most
    axes, shares = np.zeros((dim, 2)), np.zeros(2)
    if wide:
        axes[:, : len(values)] = np.where(real, centred.T @ vectors / np.sqrt(np.where(real, values, 1.0)), 0.0)
    else:
        axes[:, : len(values)] = np.where(real, vectors, 0.0)
    shares[: len(values)] = np.where(real, values, 0.0) / (whole if real.any() else 1.0)
    return axes, (float(shares[0]), float(shares[1]))


def _turn(flat: Array, codes: npt.NDArray[np.intp], *, round_: bool) -> Array:
    """``float64 (2, 2)``, what turns a picture to how it is always shown: labels that sort later lie further along an axis.

    Args:
        flat: ``float64 (example, 2)``, around 0.
        codes: ``int (example,)``, each example's label's number.
        round_: whether both axes show equally much, so that any turn is as good.
    """
    ranks = codes - codes.mean()
    towards = ranks @ flat
    if round_ and np.linalg.norm(towards) > 0:
        across, up = towards / np.linalg.norm(towards)
        turn = np.array([[across, -up], [up, across]])
        return turn * _signs(flat @ turn, ranks)
    return np.diag(_signs(flat, ranks))


def _signs(flat: Array, ranks: Array) -> Array:
    """``float64 (2,)``, 1 or -1: which way each axis points; where labels do not tell, to its farthest example."""
    towards = ranks @ flat
    told = np.abs(towards) > _TOLD * np.linalg.norm(ranks) * np.linalg.norm(flat, axis=0)
    return np.where(np.where(told, towards, flat[np.abs(flat).argmax(0), [0, 1]]) < 0, -1.0, 1.0)


def _by_distances(points: Array, flat: Array, others: Array, beside: Array) -> tuple[Array, Array]:
    """Examples moved from where PCA has them until distances fit, turned back to how they lay, and others put beside."""
    chosen = _evenly(len(points), _MOST_MOVED)
    wanted = _distances(points[chosen], points[chosen])
    fixed = flat[chosen]
    for _ in range(_STEPS):
        moved = _drawn_to(fixed, fixed, wanted)
        moved -= moved.mean(0)
        still = np.linalg.norm(moved - fixed) <= _AT_REST * np.linalg.norm(fixed)
        fixed = moved
        if still:
            break
    turn, _ = orthogonal_procrustes(fixed, flat[chosen])
    fixed = fixed @ turn

    def put(rest: Array, start: Array) -> Array:
        far = _distances(rest, points[chosen])
        for _ in range(_STEPS):
            start = _drawn_to(start, fixed, far)
        return start

    if len(chosen) < len(points):
        places = put(points, flat)
        places[chosen] = fixed
    else:
        places = fixed
    return places, put(others, beside)


def _drawn_to(places: Array, fixed: Array, wanted: Array) -> Array:
    """One step of majorization: each place goes to the mean of where the fixed ones would have it."""
    drawn = cdist(places, fixed)
    pull = np.divide(wanted, drawn, out=np.zeros_like(wanted), where=drawn > 0)
    moved: Array = fixed.mean(0) + (pull.sum(1, keepdims=True) * places - pull @ fixed) / len(fixed)
    return moved


def _kept(points: Array, flat: Array) -> float:
    chosen = _evenly(len(points), _MOST_PAIRED)
    true, drawn = _distances(points[chosen], points[chosen]), cdist(flat[chosen], flat[chosen])
    whole = float(true.sum())
    return 1.0 if whole == 0 else max(0.0, 1 - float(np.abs(true - drawn).sum()) / whole)


def _distances(some: Array, others: Array) -> Array:
    """``float64 (some, other)``; exactly 0 between what is equal up to rounding."""
    lengths = np.einsum("ed,ed->e", some, some)[:, None] + np.einsum("ed,ed->e", others, others)
    squares = lengths - 2 * some @ others.T
    distances: Array = np.sqrt(np.where(squares > _ROUNDING * lengths, squares, 0.0))
    return distances


def _evenly(count: int, most: int) -> npt.NDArray[np.intp]:
    """Rows: all, or so many of them at even distances."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.intp)
