"""CLIP or SigLIP as rows beside the kept heads: their features made in slices, and judged in three ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.evaluation.baselines import Baseline
from sav_core.evaluation.costs import Cost
from sav_core.reports.reading import Run, Watch, further
from sav_core.reports.wording import RIVALS
from sav_core.rivals.pictures_alone import (
    judge_pictures_alone,
    picture_features,
    prompt_features,
    why_not_pictures_alone,
)
from sav_core.rivals.spec import Rival
from sav_core.types import Cancel, ProgressCallback

__all__ = ["pictures_alone_rows"]

_SLICE_SECONDS = 20.0  # after which the model is free for others


def pictures_alone_rows(
    run: Run,
    rival: Rival,
    names: Mapping[str, str],
    support: Sequence[Example],
    queries: Sequence[Example],
    labels: Sequence[str],
    hub_only: bool,
    watch: Watch,
    cancel: Cancel | None,
) -> tuple[tuple[Baseline, ...], Mapping[str, str]]:
    """Judge a model of pictures and texts in its three ways; see ``rival_answers`` for the arguments.

    Raises:
        BackboneError: there is no such model, or it cannot serve.
        CancelledError: ``cancel`` said so.
    """
    if why := why_not_pictures_alone(support, queries):
        return (), dict.fromkeys(names.values(), f"{why}.")
    with watch(RIVALS) as progress:
        every = (*queries, *support)
        asked = _features(run, rival, list(queries), hub_only, progress, 0, len(every), cancel)
        learnt = _features(run, rival, list(support), hub_only, progress, len(queries), len(every), cancel)
        texts = run(prompt_features, rival, list(labels), hub_only)
    return judge_pictures_alone(names, rival.model, support, queries, labels, learnt, asked, texts)


def _features(
    run: Run,
    rival: Rival,
    examples: list[Example],
    hub_only: bool,
    progress: ProgressCallback | None,
    before: int,
    total: int,
    cancel: Cancel | None,
) -> tuple[npt.NDArray[np.float32], Cost]:
    """Image features of all, a slice of time after another; ``before`` of the ``total`` that is told of are done."""
    parts: list[npt.NDArray[np.float32]] = []
    cost, done = Cost(0, 0.0, 0), 0
    while done < len(examples):
        options = (rival, examples[done:], _SLICE_SECONDS, hub_only)
        some, took = run(picture_features, *options, progress=further(progress, before + done, total), cancel=cancel)
        parts.append(some)
        cost, done = cost.and_then(took), done + len(some)
    return np.concatenate(parts), cost
