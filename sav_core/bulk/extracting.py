"""The head vectors of a set of any size -> one file, part after part; and what compression costs, on a share of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.bulk.gathering import Engine, Gathered
from sav_core.bulk.task import PORTION, Facts, Outcome, portions
from sav_core.data.folders.listings import Listing
from sav_core.heads.classifier import HeadClassifier
from sav_core.retrieval.compression import CompressionCost, compress, compression_cost
from sav_core.retrieval.export import AboutVectors, VectorWriter, open_export
from sav_core.types import Geometry, Head, HeadVectors, ProgressCallback

__all__ = ["Extracted", "extract_parts", "extract_to"]

_MOST_JUDGED = 2000  # examples, evenly chosen, that the cost is judged on: each is compared with every other
_JUDGED_BYTES = 256 << 20  # of their vectors of all heads


@dataclass(frozen=True)
class Extracted:
    """What was written.

    Attributes:
        count: how many examples.
        heads: whose vectors they are, in the file's order.
        cost: what compression costs; ``None`` where no two of the examples that it is judged on have a label in common.
        gathered: what was left out and noted.
    """

    count: int
    heads: tuple[Head, ...]
    cost: CompressionCost | None
    gathered: Gathered


def extract_to(
    out: Path,
    listing: Listing,
    engine: Engine,
    *,
    half: bool = False,
    choose: int | None = None,
    of_lines: bool = False,
    progress: ProgressCallback | None = None,
) -> Extracted:
    """Write the vectors of a set.

    Args:
        out: ends in ``.npz`` or ``.parquet``.
        listing: the set.
        engine: what works on it, with a task of vectors.
        half: in half precision, as the engine's task has it.
        choose: so many heads, those that tell the set's own labels apart best. All vectors go through the disk for that,
            and the engine's task is in single precision.
        of_lines: whether the set's lines each say their label.
        progress: called as examples are done.

    Raises:
        SavError: as `Worker.work`; nothing could be read; the disk refuses. There is no file then.
    """
    facts, gathered = engine.facts, Gathered(listing, of_lines=of_lines)
    labelled = any(one.label is not None for one in listing.examples)
    parts = portions(listing.examples, _judged(len(listing.examples), facts.geometry) if labelled else ())
    outcomes = gathered.watch(engine.run(parts, progress))
    sample = _Sample(facts)
    if choose is None:
        heads = facts.heads
        with open_export(out, _about(facts, heads, half=half)) as writer:
            for outcome in outcomes:
                assert outcome.values is not None, "the task is of vectors"
                writer.add(outcome.names, outcome.labels, outcome.values)
                sample.add(outcome)
            gathered.finish()
    else:
        with tempfile.TemporaryFile(dir=out.resolve().parent) as spool:
            names: list[str] = []
            labels: list[str | None] = []
            for outcome in outcomes:
                assert outcome.values is not None, "the task is of vectors"
                outcome.values.tofile(spool)
                names += outcome.names
                labels += outcome.labels
                sample.add(outcome)
            gathered.finish()
            spool.flush()
            file: Any = spool  # as good a file to NumPy, whose types know others
            values: Any = np.memmap(file, np.float32, "r", shape=(len(names), *facts.geometry.shape))
            everything = _vectors(facts, values, names, labels)
            heads = HeadClassifier(choose, scoring="leave_one_out").fit(everything).kept_heads_
            with open_export(out, _about(facts, heads, half=half)) as writer:
                _write(writer, everything, heads, half=half)
    return Extracted(len(gathered), heads, sample.cost(heads, half=half), gathered)


def extract_parts(
    listing: Listing, engine: Engine, *, of_lines: bool = False, progress: ProgressCallback | None = None
) -> Extracted:
    """Let an engine write the vectors of a set into a folder of parts; what compression costs is not judged.

    Arguments and errors are those of ``extract_to``.
    """
    gathered = Gathered(listing, of_lines=of_lines)
    for _ in gathered.watch(engine.run(portions(listing.examples), progress)):
        pass
    gathered.finish()
    return Extracted(len(gathered), engine.facts.heads, None, gathered)


class _Sample:
    """The vectors of all heads of the examples that the cost is judged on."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._values: list[npt.NDArray[np.float32]] = []
        self._labels: list[str | None] = []

    def add(self, outcome: Outcome) -> None:
        if outcome.judged is not None:
            self._values.append(outcome.judged.values)
            self._labels += outcome.judged.labels

    def cost(self, heads: Sequence[Head], *, half: bool) -> CompressionCost | None:
        known = [label for label in self._labels if label is not None]
        if len(set(known)) == len(known):
            return None
        vectors = _vectors(self._facts, np.concatenate(self._values), [""] * len(self._labels), self._labels)
        return compression_cost(vectors, compress(vectors, heads, half=half))


def _judged(count: int, geometry: Geometry) -> Sequence[int]:
    """Places of examples to judge the cost on: all, or so many at even distances."""
    most = max(2, min(_MOST_JUDGED, _JUDGED_BYTES // (4 * int(np.prod(geometry.shape)))))
    return range(count) if count <= most else [int(place) for place in np.linspace(0, count - 1, most).round()]


def _write(writer: VectorWriter, vectors: HeadVectors, heads: Sequence[Head], *, half: bool) -> None:
    for start in range(0, len(vectors), PORTION):
        rows = range(start, min(start + PORTION, len(vectors)))
        stored = compress(vectors.take(rows), heads, half=half).vectors
        writer.add(stored.names, stored.labels, stored.values[:, 0])


def _vectors(facts: Facts, values: Any, names: Sequence[str], labels: Sequence[str | None]) -> HeadVectors:
    return HeadVectors(
        values, tuple(labels), tuple(names), tuple(range(len(names))), len(names), facts.fingerprint, facts.dtype
    )


def _about(facts: Facts, heads: tuple[Head, ...], *, half: bool) -> AboutVectors:
    return AboutVectors(facts.fingerprint, facts.name, facts.dtype, heads, facts.geometry.dim, half)
