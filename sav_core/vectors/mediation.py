"""Which heads carry a relation, by intervention: patch its mean vector into corrupted prompts, one head at a time.

    means = mean_head_vectors(reader, in_context(...))                    # of prompts that the model answers right
    effects = mediate(reader, corrupt(prompts), {"above": means})
    effects.aie()                                                         # float (layer, head)

Every corrupted prompt is read once, up to its last token; all heads are then patched side by side, each in its own
copy.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.hooks import Patch, patch_last_token
from sav_core.errors import DatasetError, SettingError
from sav_core.types import Cancel, Head, Progress, ProgressCallback
from sav_core.vectors.effects import Effects, read_partial, write_partial
from sav_core.vectors.prefix_cache import PromptReader
from sav_core.vectors.prompt_set import PromptSet
from sav_core.vectors.prompts import RelationPrompt

__all__ = ["MeanVectors", "mean_head_vectors", "mediate"]

_SAVE_EVERY = 10.0  # seconds: what a run that is killed may lose


@dataclass(frozen=True)
class MeanVectors:
    """The mean head vectors of in-context prompts of one relation.

    Attributes:
        values: ``float32 (layer, head, dim)``.
        relation: whose.
        used: how many prompts went into the mean.
        asked: how many were asked.
        accuracy: share of those asked that the model answered right.
    """

    values: npt.NDArray[np.float32]
    relation: str
    used: int
    asked: int
    accuracy: float

    def __repr__(self) -> str:
        return f"MeanVectors({self.relation!r}, {self.used} of {self.asked} prompts, {self.accuracy:.1%} right)"


def mean_head_vectors(
    reader: PromptReader, prompts: Sequence[RelationPrompt], *, only_right: bool = True, cancel: Cancel | None = None
) -> dict[str, MeanVectors]:
    """Return for each relation of the prompts the mean head vectors at their last token.

    Args:
        reader: of the model.
        prompts: in context; choose them from the training part.
        only_right: whether only prompts count that the model answers right, as the method has it.
        cancel: asked while prompts are read; ``CancelledError`` once it says true.

    Raises:
        DatasetError: the model answers no prompt of a relation right.
    """
    answers, vectors = PromptSet(reader, prompts, cancel=cancel).ask_capturing()
    relations = np.array([prompt.item.relation for prompt in prompts])
    means = {}
    for relation in sorted(set(relations.tolist())):
        own = relations == relation
        used = own & answers.right if only_right else own
        if not used.any():
            raise DatasetError(
                f"{reader.backbone.name} answers none of {own.sum()} prompts of {relation!r} right, so there is "
                "nothing to average: tell the relation by words in place of demonstrations, or choose a larger model."
            )
        mean = vectors[used].mean(0, dtype=np.float64).astype(np.float32)
        means[relation] = MeanVectors(mean, relation, int(used.sum()), int(own.sum()), float(answers.right[own].mean()))
    return means


def mediate(
    reader: PromptReader,
    prompts: Sequence[RelationPrompt],
    means: Mapping[str, MeanVectors],
    *,
    known: Effects | None = None,
    progress: ProgressCallback | None = None,
    watch: Callable[[Effects], None] | None = None,
    cancel: Cancel | None = None,
    resume: Path | None = None,
    heads_at_once: int | None = None,
) -> Effects:
    """Return, for every corrupted prompt and every head, how much its mean vector raises the right answer.

    Args:
        reader: of the model.
        prompts: corrupted in-context prompts.
        means: the mean head vectors of each of their relations.
        known: the effects on the first of these prompts, found before; the work goes on after them.
        progress: called after every prompt.
        watch: shown the effects so far after every prompt, to draw them as they grow.
        cancel: asked after every prompt; once it says true, what is done by then is returned.
        resume: a file that keeps what is done, also when the work is interrupted; if it is there, the work goes on where
            it ended, with the mean vectors it began with.
        heads_at_once: how many heads are patched in one forward; as many as memory allows by default.

    Raises:
        SettingError: a relation has no mean vectors, ``known`` is of other prompts, or ``resume`` holds another run's work.
    """
    if missing := sorted({prompt.item.relation for prompt in prompts} - set(means)):
        raise SettingError(f"means must have the relation {missing[0]!r} of the prompts, but has {', '.join(means)}.")
    if known is not None and resume is not None:
        raise SettingError("known and resume both say where the work goes on: give one of them.")
    values = {relation: means[relation].values for relation in sorted(means)}
    run = "" if resume is None else _run_id(reader, prompts)
    if resume is not None and (partial := read_partial(resume, run, values)) is not None:
        known, values = partial[0], dict(partial[1])
    found = _Found(reader, prompts, known)
    vectors = {relation: torch.from_numpy(value).to(reader.backbone.device) for relation, value in values.items()}
    start = saved = time.perf_counter()
    try:
        for prompt in prompts[found.done :]:
            if cancel and cancel():
                break
            at_once = heads_at_once or reader.budget.most**2
            found.add(*_effects(reader, prompt, vectors[prompt.item.relation], at_once))
            now = time.perf_counter()
            if progress:
                progress(Progress(found.done, len(prompts), now - start))
            if watch:
                watch(found.so_far())
            if resume and now - saved > _SAVE_EVERY:
                write_partial(resume, run, found.so_far(), values)
                saved = now
    finally:  # interrupted too: what was paid for is kept
        if resume:
            write_partial(resume, run, found.so_far(), values)
    return found.so_far()


class _Found:
    """The effects on the prompts that are done, in arrays with room for all: what was shown of them stays as it was.

    Attributes:
        done: how many prompts are done.
    """

    def __init__(self, reader: PromptReader, prompts: Sequence[RelationPrompt], known: Effects | None) -> None:
        geometry = reader.backbone.geometry
        self._relations = tuple(prompt.item.relation for prompt in prompts)
        self._changes = np.zeros((len(prompts), geometry.layers, geometry.heads), dtype=np.float32)
        self._baseline = np.zeros(len(prompts), dtype=np.float32)
        self.done = 0
        if known is not None:
            self.done = len(known.changes)
            if known.relations != self._relations[: self.done] or known.changes.shape[1:] != self._changes.shape[1:]:
                raise SettingError(
                    f"known must be the effects on the first of {len(prompts)} prompts with this model, but {known} is of "
                    "others: leave it out to begin anew."
                )
            self._changes[: self.done], self._baseline[: self.done] = known.changes, known.baseline

    def add(self, baseline: float, changes: npt.NDArray[np.float32]) -> None:
        """Take in the effects ``(layer, head)`` on the next prompt."""
        self._baseline[self.done], self._changes[self.done] = baseline, changes
        self.done += 1

    def so_far(self) -> Effects:
        """Return the effects on the prompts done; views of the whole table, never copies."""
        done = self.done
        return Effects(self._changes[:done], self._baseline[:done], self._relations[:done], len(self._relations))


def _effects(
    reader: PromptReader, prompt: RelationPrompt, vectors: torch.Tensor, at_once: int
) -> tuple[float, npt.NDArray[np.float32]]:
    """The answer's probability with nothing patched, and its change by each head: ``(layer, head)``."""
    backbone, example = reader.backbone, prompt.example
    token = backbone.answer_ids(example, prompt.answer)[0]
    prefix = reader.prefill([backbone.encode(example)])
    layers, heads, _ = backbone.geometry.shape
    every = backbone.geometry.every_head()
    found = []
    # The unpatched prompt goes as one more copy, so that both were computed in forwards of the same shape.
    for part in _parts([None, *every], min(at_once, reader.copies(prefix))):
        patches = [Patch(row, head, vectors[head.layer, head.index]) for row, head in enumerate(part) if head]
        with patch_last_token(backbone, patches):
            found.append(prefix.finish(len(part)).softmax(-1)[:, token])
    probability = torch.cat(found).double().cpu().numpy()
    return float(probability[0]), (probability[1:] - probability[0]).reshape(layers, heads).astype(np.float32)


def _parts(items: Sequence[Head | None], size: int) -> Iterator[Sequence[Head | None]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _run_id(reader: PromptReader, prompts: Sequence[RelationPrompt]) -> str:
    """Names what the effects depend on besides the mean vectors, whose last digits no two runs share."""
    digest = hashlib.sha256(reader.backbone.fingerprint.encode())
    for prompt in prompts:
        digest.update(f"{reader.backbone.key(prompt.example)}:{prompt.answer}:{prompt.item.relation}".encode())
    return digest.hexdigest()
