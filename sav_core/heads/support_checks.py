"""Which labelled examples a classifier can be fitted on, checked before any head is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sav_core.errors import InputError
from sav_core.types import HeadVectors

__all__ = ["check_labels", "check_vectors"]

_ALIKE = 1e-6  # of a vector's length: what the order of sums changes in single precision


def check_labels(labels: Sequence[str | None], names: Sequence[str]) -> list[str]:
    """Return the labels of a support set that a classifier can be fitted on.

    Args:
        labels: one for each example.
        names: what to call the examples in the message.

    Raises:
        InputError: an example has no label, or there are fewer than two different ones.
    """
    present: list[str] = []
    for label, name in zip(labels, names, strict=True):
        if label is None:
            raise InputError(f"Every support example needs a label, and {name} has none.")
        present.append(label)
    if len(set(present)) < 2:
        found = f"all {len(present)} are of {present[0]!r}" if present else "there is no example at all"
        raise InputError(f"A classifier needs examples of at least two labels, but {found}: add another label.")
    return present


def check_vectors(vectors: HeadVectors) -> None:
    """Refuse a support whose examples all are the same to the model: there is nothing to tell its labels apart by.

    Args:
        vectors: of all examples of the support.

    Raises:
        InputError: the vectors of all are alike.
    """
    first = vectors.values[:1].astype(np.float64)
    limit = _ALIKE * np.abs(first).max(initial=0.0)
    if len(vectors) > 1 and all(np.abs(each - first[0]).max() <= limit for each in vectors.values):
        raise InputError(
            f"All {len(vectors)} examples are the same to the model, so that nothing tells their labels apart: check that "
            "each has its own picture or question, and that its picture was read."
        )
