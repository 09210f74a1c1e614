"""What the commands of function vectors open and choose with a progress bar: the model, the items, heads and site."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sav_core.cli.console import progress_bar
from sav_core.cli.opening import open_backbone
from sav_core.errors import CancelledError, SkippedWarning

# Imported inside the functions otherwise: help and mistakes are answered at once.
if TYPE_CHECKING:
    from sav_core.vectors import FunctionVector, Mediation, Prompting, PromptReader, PromptSet, RelationTask

__all__ = ["at_chosen_site", "keeping", "mediated", "open_reader", "task_from"]


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
        from sav_core.data.sets.kinds import kinds_of

        left_out = f"{kinds_of(each.name for each in skipped)} {'was' if len(skipped) == 1 else 'were'} left out"
        reason = f"{left_out}, the first because: {skipped[0].reason}"
        warnings.warn(reason, SkippedWarning, stacklevel=2)
    return task


def mediated(
    reader: PromptReader, task: RelationTask, prompts: int, prompting: Prompting, resume: Path | None, *, only_right: bool
) -> Mediation:
    """Return every head's effect; that prompts could not be corrupted, and so have none, is a warning."""
    from sav_core.vectors import mediate_relation

    with progress_bar("patching heads") as progress:
        found = mediate_relation(reader, task, prompts, prompting, only_right=only_right, resume=resume, progress=progress)
    if found.left_out:
        asked = found.left_out + found.effects.asked
        reason = f"{found.left_out} of {asked} prompts were left out, for nothing can be put in them that is wrong."
        warnings.warn(reason, SkippedWarning, stacklevel=2)
    return found


def at_chosen_site(vector: FunctionVector, validation: PromptSet, layer: int | None, scale: float | None) -> FunctionVector:
    """Return the vector at the layer and scale given, or at the best on validation."""
    from sav_core.vectors import SCALES, map_sites

    if layer is not None and scale is not None:
        return vector.at(layer, scale)
    layers, scales = None if layer is None else [layer], SCALES if scale is None else (scale,)
    with progress_bar("choosing layer and scale") as progress:
        return vector.at(*map_sites(validation, vector, layers=layers, scales=scales, progress=progress).best)
