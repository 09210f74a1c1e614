"""What the commands of function vectors have in common: the model, the items, the mediation, the place of a vector."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sav_core.command_parts import open_backbone
from sav_core.console import progress_bar
from sav_core.errors import CancelledError, SkippedWarning

# Imported inside the functions otherwise: help and mistakes are answered at once.
if TYPE_CHECKING:
    import numpy as np

    from sav_core.vectors import (
        Effects,
        FunctionVector,
        MeanVectors,
        Outcome,
        Prompting,
        PromptReader,
        PromptSet,
        RelationTask,
    )

__all__ = ["Sweeps", "keeping", "means_of", "mediated", "open_reader", "placed", "swept", "task_from"]

_COUNTS = (1, 2, 3, 5, 10, 20, 50)  # of heads, as far as a vector has so many
_SHOWN = (0, 1, 2, 4, 8)  # demonstrations, up to as many as the vector's prompts had
SCALES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)  # tried on validation where no scale is given


@dataclass(frozen=True)
class Sweeps:
    """How accuracy changes with each setting.

    Attributes:
        heads: by how many of the vector's leading heads, on validation; empty for a vector that has none.
        demonstrations: by how many stand in context, without the vector, on the test part.
        layers: the rows of ``places``.
        scales: its columns.
        places: ``float (layer, scale)``, the vector's accuracy there on validation.
    """

    heads: dict[int, Outcome]
    demonstrations: dict[int, Outcome]
    layers: tuple[int, ...]
    scales: tuple[float, ...]
    places: np.ndarray[Any, Any]


@contextmanager
def keeping(resume: Path | None) -> Iterator[None]:
    """While open, an interruption says what of the work is kept: what ``--resume`` names, for nothing else is."""
    try:
        yield
    except KeyboardInterrupt as error:
        said = "nothing was kept; with --resume FILE the effects found so far would have been"
        if resume is not None:
            said = f"{resume} holds the effects found so far: the same command goes on from there"
            if not resume.exists():
                said = "nothing was kept, for no head's effect had been looked at yet"
        raise CancelledError(f"stopped; {said}") from error


def open_reader(model: str | None, dtype: str) -> PromptReader:
    """Load the model, saying so on a terminal."""
    backbone = open_backbone(model, dtype)
    from sav_core.vectors import PromptReader

    return PromptReader(backbone)


def task_from(data: Path | None, images: Path | None, seed: int, relation: str) -> RelationTask:
    """Return the items of a relation that ``--data`` names, parted; drawn scenes when it names none."""
    from sav_core.vectors import cutouts_from, draw_task, read_relation_task, shipped_sprites

    if data is None:
        return draw_task(shipped_sprites(), seed=seed).of(relation)
    if data.is_dir():
        return draw_task(cutouts_from(data), seed=seed, name=data.name).of(relation)
    task, skipped = read_relation_task(data, images, relations=[relation], seed=seed)
    if skipped:
        reason = f"{len(skipped)} images were left out, the first because: {skipped[0].reason}"
        warnings.warn(reason, SkippedWarning, stacklevel=2)
    return task


def means_of(
    reader: PromptReader, task: RelationTask, prompts: int, prompting: Prompting, *, only_right: bool
) -> MeanVectors:
    """Return the mean head vectors of the first items of the training part."""
    from sav_core.vectors import mean_head_vectors

    clean = prompting.clean(task.train[:prompts], task.train)
    (means,) = mean_head_vectors(reader, clean, only_right=only_right).values()
    return means


def mediated(
    reader: PromptReader, task: RelationTask, prompts: int, prompting: Prompting, resume: Path | None, *, only_right: bool
) -> tuple[MeanVectors, Effects]:
    """Return mean head vectors and effects on the first items of the training part.

    Prompts that cannot be corrupted have no effects, with a warning.
    """
    from sav_core.vectors import mediate

    items = task.train[:prompts]
    corrupted = prompting.corrupted(items, task.train)  # before the means, which take long: it may be refused
    if missing := len(items) - len(corrupted):
        reason = f"{missing} of {len(items)} prompts were left out, for nothing can be put in them that is wrong."
        warnings.warn(reason, SkippedWarning, stacklevel=2)
    means = means_of(reader, task, prompts, prompting, only_right=only_right)
    with progress_bar("patching heads") as progress:
        return means, mediate(reader, corrupted, {means.relation: means}, progress=progress, resume=resume)


def placed(vector: FunctionVector, prompt_set: PromptSet, layer: int | None, scale: float | None) -> FunctionVector:
    """Return the vector at the layer and scale given, or the best on validation: the lower and smaller when they tie."""
    from sav_core.vectors import layer_scale_map

    if layer is not None and scale is not None:
        return vector.at(layer, scale)
    layers = list(range(prompt_set.reader.backbone.geometry.layers)) if layer is None else [layer]
    scales = SCALES if scale is None else (scale,)
    with progress_bar("choosing layer and scale") as progress:
        accuracy: np.ndarray[Any, Any] = layer_scale_map(prompt_set, vector, layers, scales, progress)
    row, column = divmod(int(accuracy.argmax()), len(scales))
    return vector.at(layers[row], scales[column])


def swept(
    reader: PromptReader, task: RelationTask, vector: FunctionVector, means: MeanVectors | None, prompting: Prompting
) -> Sweeps:
    """Return the accuracy by number of heads, of demonstrations, and by layer and scale."""
    from sav_core.vectors import PromptSet, demonstration_sweep, layer_scale_map, number_of_heads_sweep, zero_shot

    prompt_set, heads = PromptSet(reader, zero_shot(task.validation)), {}
    if means is not None and vector.heads:
        counts = sorted({*(count for count in _COUNTS if count < len(vector.heads)), len(vector.heads)})
        heads = number_of_heads_sweep(prompt_set, means, vector.heads, vector, counts)
    shown = sorted({*(count for count in _SHOWN if count < prompting.demonstrations), prompting.demonstrations})
    demonstrations = demonstration_sweep(reader, task, vector.relation, shown, prompting.seed)
    layers = tuple(range(reader.backbone.geometry.layers))
    with progress_bar("trying layers and scales") as progress:
        places = layer_scale_map(prompt_set, vector, layers, SCALES, progress)
    return Sweeps(heads, demonstrations, layers, SCALES, places)
