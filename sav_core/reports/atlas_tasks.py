"""Tasks read by a model for an atlas: each fitted on its support, which makes its row, with the vectors to try heads on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sav_core.atlas.rows import Atlas, TaskRow, row_of
from sav_core.atlas.transfer import TaskVectors, transfer_heads
from sav_core.atlas.values import AtlasReport, survey
from sav_core.data.examples import Example
from sav_core.heads.classifier import HeadClassifier
from sav_core.models.backbones import Backbone
from sav_core.sav import CacheChoice, SavClassifier
from sav_core.types import Cancel, HeadVectors, ProgressCallback

__all__ = ["FittedTask", "fit_task", "survey_tasks"]


@dataclass(frozen=True, eq=False)
class FittedTask:
    """A task as its support taught it.

    Attributes:
        row: of the atlas.
        support: its vectors.
        test: those of its queries; ``None`` where it has none.
    """

    row: TaskRow
    support: HeadVectors
    test: HeadVectors | None


def fit_task(
    backbone: Backbone,
    name: str,
    support: Sequence[Example],
    queries: Sequence[Example] = (),
    settings: HeadClassifier | None = None,
    *,
    cache: CacheChoice = "user",
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> FittedTask:
    """Show the model a task's examples and fit its heads.

    Args:
        backbone: the model.
        name: of the task.
        support: labelled.
        queries: labelled, for others' heads to be tried on; none where each example of the support is left out instead.
        settings: number of heads, voting rule and scoring; the paper's by default.
        cache: where head vectors are kept between runs.
        progress: called as examples are done.
        cancel: asked between batches; true stops the work.

    Raises:
        SavError: as ``SavClassifier.fit`` and ``extract`` do.
    """
    given = HeadClassifier() if settings is None else settings
    fitted = SavClassifier(backbone, given.n_kept, given.voting, given.scoring, cache, given.belief)
    fitted.fit(support, progress=progress, cancel=cancel)
    asked = [fitted.as_query(query) for query in queries]
    test = fitted.extract(asked, progress=progress, cancel=cancel) if asked else None
    heads = fitted.head_classifier_.fitted_
    row = row_of(name, heads, fitted.kept_heads_, model=backbone.name, identity=backbone.identity)
    return FittedTask(row, fitted.vectors_, test)


def survey_tasks(
    tasks: Sequence[FittedTask | TaskRow],
    settings: HeadClassifier | None = None,
    *,
    seed: int = 0,
    cancel: Cancel | None = None,
) -> AtlasReport:
    """Make the atlas of tasks, and try every row's heads on those that were fitted here.

    Args:
        tasks: fitted ones, and rows that come from elsewhere, such as files.
        settings: those that the tasks were fitted with.
        seed: of the random heads.
        cancel: asked between tasks; true stops the work.

    Raises:
        InputError: there are none, or they are of different models.
        CancelledError: ``cancel`` said so.
    """
    atlas = Atlas.of([each.row if isinstance(each, FittedTask) else each for each in tasks])
    tried = [
        TaskVectors(name, each.support, each.test)
        for name, each in zip(atlas.names, tasks, strict=True)
        if isinstance(each, FittedTask)
    ]
    if not tried or len(tasks) < 2:
        return survey(atlas)
    return survey(atlas, transfer_heads(tried, atlas, settings, seed=seed, cancel=cancel))
