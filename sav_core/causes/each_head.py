"""What the model's own answer loses without each head alone: a map of causes beside the map of what can be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sav_core.causes.ablation import truth_codes
from sav_core.causes.label_scores import label_scores
from sav_core.causes.stand_ins import stand_ins
from sav_core.causes.ways import KnockOut
from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone
from sav_core.types import Cancel, HeadVectors, ProgressCallback

__all__ = ["lost_by_each"]


def lost_by_each(
    backbone: Backbone,
    queries: Sequence[Example],
    labels: Sequence[str],
    *,
    support: Sequence[Example] = (),
    vectors: HeadVectors | None = None,
    how: KnockOut | None = None,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> npt.NDArray[np.float64]:
    """Return ``float64 (query, layer, head)``, what the right label's log-likelihood loses without that head.

    Args and errors are those of ``ablate``.
    """
    how, labels, shape = how or KnockOut(), tuple(dict.fromkeys(labels)), backbone.geometry.shape[:2]
    truth = truth_codes(queries, labels)
    count = shape[0] * shape[1]
    off = np.zeros((count + 1, count), dtype=np.bool_)
    off[np.arange(1, count + 1), np.arange(count)] = True  # none first, then each alone
    scores = label_scores(
        backbone,
        queries,
        labels,
        off.reshape(-1, *shape),
        stand_ins(backbone, queries, how, support, vectors),
        how.tokens,
        progress=progress,
        cancel=cancel,
    )
    right = scores[:, np.arange(len(queries)), truth]
    return np.asarray((right[0] - right[1:]).T.reshape(len(queries), *shape))
