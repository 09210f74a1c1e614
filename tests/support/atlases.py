"""Atlases without a model: rows whose kept heads are named, and vectors in which only some heads know the labels."""

import numpy as np

from sav_core.atlas import Atlas, TaskRow
from sav_core.types import Head
from tests.support.problems import head_vectors


def row(name, kept, *, correct=None, shape=(2, 4), n=10, identity="one", model="a model", left_out=True):
    """A row of two labels of five examples; each head is right on half of them unless told otherwise."""
    counts = np.full(shape, n // 2, dtype=np.int64) if correct is None else np.asarray(correct, dtype=np.int64)
    heads = tuple(Head(layer, index) for layer, index in kept)
    return TaskRow(name, ("no", "yes"), (n // 2, n // 2), counts, n, left_out, heads, model, identity)


def atlas(*kept, shape=(2, 4)):
    """An atlas of rows called a, b, ..., each of which keeps the heads that are named."""
    return Atlas.of([row(chr(97 + place), heads, shape=shape) for place, heads in enumerate(kept)])


def knowing(heads, *, per_label=8, seed=0, shape=(2, 4, 6)):
    """Vectors of two labels that the heads named tell apart, and that are noise in all others."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((2 * per_label, *shape))
    for layer, index in heads:
        values[:, layer, index, 0] += np.repeat([-9.0, 9.0], per_label)
    return head_vectors(values, np.repeat(["no", "yes"], per_label).tolist())
