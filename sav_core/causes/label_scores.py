"""How likely the model itself finds every label as its answer, while one set of heads after another is switched off.

At the last token alone, a prompt is read once up to it and all sets are tried side by side, as in mediation. At every
token a prompt is read for each set, its pictures once. The scores are those behind ``label_likelihoods``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.hooks import replace_heads
from sav_core.causes.stand_ins import StandIns
from sav_core.causes.ways import Tokens
from sav_core.data.examples import Example
from sav_core.errors import CancelledError, SettingError
from sav_core.models.backbones import Backbone
from sav_core.models.generation import answer_scores
from sav_core.models.seen_once import pictures_seen_once
from sav_core.types import Cancel, Progress, ProgressCallback
from sav_core.vectors.prefix_cache import PrefixCache, PromptReader, held_by

__all__ = ["label_scores"]

Off: TypeAlias = npt.NDArray[np.bool_]
Scores: TypeAlias = npt.NDArray[np.float64]


def label_scores(
    backbone: Backbone,
    queries: Sequence[Example],
    labels: Sequence[str],
    off: Off,
    instead: StandIns,
    tokens: Tokens = "last",
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Scores:
    """Return each label's log-likelihood after each query, with each set of heads switched off.

    Args:
        backbone: the model.
        queries: to be asked about.
        labels: the possible answers; a label's score is the sum of the log-probabilities of its tokens.
        off: ``bool (set, layer, head)``.
        instead: what those heads say.
        tokens: where.
        progress: told of queries times sets.
        cancel: asked between forwards.

    Returns:
        ``float64 (set, query, label)``.

    Raises:
        SettingError: there are no queries, no labels, or an empty one.
        InterventionError: heads were to be switched off but never ran.
        CancelledError: ``cancel`` said so.
    """
    if not queries or not labels or not all(label.strip() for label in labels):
        raise SettingError(
            f"Queries and labels must be one or more, and no label empty, but there are {len(queries)} queries and the "
            f"labels are {list(labels)!r}."
        )
    asked = _Asked(backbone, queries, labels, off, instead, tokens)
    found = np.zeros((len(off), len(queries), len(labels)))
    started, done = time.perf_counter(), 0
    for rows, sets, scores in asked.all(cancel or (lambda: False)):
        found[np.ix_(sets, rows)] = scores
        done += len(rows) * len(sets)
        if progress is not None:
            progress(Progress(done, len(off) * len(queries), time.perf_counter() - started))
    return found


class _Asked:
    """The queries, encoded and in groups that are read together: of one length, and with the same tokens as labels."""

    def __init__(
        self,
        backbone: Backbone,
        queries: Sequence[Example],
        labels: Sequence[str],
        off: Off,
        instead: StandIns,
        tokens: Tokens,
    ) -> None:
        self._backbone, self._off, self._instead, self._every = backbone, off, instead, tokens == "every"
        self._reader = PromptReader(backbone, whole=True if self._every else None)
        self._encoded = backbone.encode_all(queries)
        known: dict[tuple[str | None, ...], tuple[tuple[int, ...], ...]] = {}
        self._answers = []
        for query in queries:
            texts = tuple(part if isinstance(part, str) else None for part in query.parts)
            if texts not in known:
                known[texts] = tuple(tuple(backbone.answer_ids(query, label)) for label in labels)
            self._answers.append(known[texts])

    def all(self, stop: Cancel) -> Iterator[tuple[list[int], list[int], Scores]]:
        """Yield queries, sets and their scores ``(set, query, label)``, until every pair of them was there."""
        for rows in self._groups():
            prefix = self._reader.prefill([self._encoded[row] for row in rows])
            together = pictures_seen_once(self._backbone) if self._every else nullcontext()
            at_once = 1 if self._every else self._reader.copies(prefix)
            with together:
                for start in range(0, len(self._off), at_once):
                    if stop():
                        raise CancelledError("Stopped while heads were switched off; nothing is kept of that.")
                    sets = list(range(start, min(start + at_once, len(self._off))))
                    yield rows, sets, self._scores(rows, sets, prefix)

    def _groups(self) -> Iterator[list[int]]:
        for group in self._reader.groups(self._encoded):
            alike: dict[tuple[tuple[int, ...], ...], list[int]] = {}
            for row in group:
                alike.setdefault(self._answers[row], []).append(row)
            yield from alike.values()

    def _scores(self, rows: list[int], sets: list[int], prefix: PrefixCache) -> Scores:
        backbone, off = self._backbone, np.tile(self._off[sets], (len(rows), 1, 1))  # the sets of one prompt are neighbours
        answers, length = [list(answer) for answer in self._answers[rows[0]]], self._encoded[rows[0]].length
        with backbone.lock:
            with replace_heads(backbone, off, self._instead.in_prompt(rows, length), every_token=self._every):
                logits, memory = prefix.finish_remembering(len(sets))
            first, found = logits.log_softmax(-1), []
            at_once = self._labels_at_once(memory, len(off), max(map(len, answers)))
            for start in range(0, len(answers), at_once):
                some = answers[start : start + at_once]
                with self._off_in_answers(rows, off, sum(len(answer) > 1 for answer in some)):
                    found.append(answer_scores(backbone, some, first, memory))
        scores: Scores = torch.cat(found, dim=1).double().numpy().reshape(len(rows), len(sets), -1).swapaxes(0, 1)
        return scores

    def _off_in_answers(self, rows: list[int], off: Off, longer: int) -> AbstractContextManager[object]:
        """Keep heads switched off while the rest of so many answers is read, where they are at every token."""
        if not self._every or not longer:
            return nullcontext()
        return replace_heads(self._backbone, off.repeat(longer, axis=0), self._instead.in_answer(rows), every_token=True)

    def _labels_at_once(self, memory: Any, prompts: int, tokens: int) -> int:
        """How many answers are read side by side: each takes a copy of what is remembered, and logits of its tokens."""
        logits = prompts * tokens * self._reader.vocabulary * 4
        return max(1, self._reader.budget.limit_bytes // (3 * (held_by(memory) + logits)))
