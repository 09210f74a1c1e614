"""Head vectors without a model: random classification problems, and problems full of ties."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sav_core.types import HeadVectors


def head_vectors(values, labels=None, **details):
    """Wrap an array ``(example, layer, head, dim)`` as a complete extraction."""
    values = np.asarray(values, dtype=np.float32)
    n = len(values)
    return HeadVectors(
        values=values,
        labels=tuple(labels) if labels is not None else (None,) * n,
        names=tuple(f"example {row}" for row in range(n)),
        positions=tuple(range(n)),
        asked=n,
        **details,
    )


def clusters(n_labels=3, per_label=6, layers=4, heads=5, dim=8, noise=1.0, seed=0):
    """Labelled vectors in which heads differ in how well they separate the labels."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_labels), per_label)
    means = rng.standard_normal((n_labels, layers, heads, dim))
    spread = noise * rng.uniform(0.2, 3.0, size=(layers, heads, 1))
    values = means[codes] + spread * rng.standard_normal((len(codes), layers, heads, dim))
    return head_vectors(values, [f"label {code}" for code in codes])


@st.composite
def problems(draw):
    """A support set, its labels and some queries, small enough for the oracle; half of them full of exact ties."""
    n_labels = draw(st.integers(2, 5))
    counts = draw(st.lists(st.integers(1, 4), min_size=n_labels, max_size=n_labels))
    labels = [f"label {code}" for code, count in enumerate(counts) for _ in range(count)]
    labels = draw(st.permutations(labels))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    total = len(labels) + 3
    if draw(st.booleans()):  # small whole numbers: equal scores, equal margins, equal cosines, zero vectors
        values = rng.integers(-1, 2, size=(total, *shape)).astype(np.float32)
        if draw(st.booleans()):  # and heads that are copies of one another
            values[:, :, -1] = values[:, :, 0]
    else:
        values = rng.standard_normal((total, *shape)).astype(np.float32)
    return values[:-3], labels, values[-3:]
