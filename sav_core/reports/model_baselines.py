"""Baselines of the model itself, with no heads chosen: by likelihood, in words, and shown examples in its prompt."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.prefixes import Beginning
from sav_core.data.examples import Example
from sav_core.errors import BackboneError, CancelledError, InputError
from sav_core.evaluation.baselines import Baseline, answer_baseline
from sav_core.evaluation.costs import Cost
from sav_core.evaluation.episodes import Episode
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.generation import generate_text, label_likelihoods
from sav_core.models.metering import Meter
from sav_core.reports.answer_matching import same_answer
from sav_core.reports.few_shot_prompt import before_queries, choose_demonstrations, in_context
from sav_core.types import Cancel, Detail, Progress, ProgressCallback

__all__ = ["episode_model_baselines", "model_baselines"]

T = TypeVar("T")

_LIKELIHOOD, _TEXT, _IN_CONTEXT = "zero_shot_likelihood", "zero_shot_text", "in_context"


def model_baselines(
    backbone: Backbone,
    queries: Sequence[Example],
    labels: Sequence[str],
    support: Sequence[Example] = (),
    demonstrations: int = 4,
    *,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> tuple[tuple[Baseline, ...], Mapping[str, str]]:
    """Ask the model itself about every query.

    Args:
        backbone: the model.
        queries: labelled examples with their questions.
        labels: the possible answers.
        support: labelled examples to show in context; without any, nothing is asked in context.
        demonstrations: how many of them to show, the same for every query; 0 asks nothing in context.
        seed: of which they are.
        progress: called after every query, each counted once for each way to ask.
        cancel: asked between queries; true stops the work.

    Returns:
        ``zero_shot_likelihood`` (the likeliest label), ``zero_shot_text`` (the one label that what it writes names, see
        ``same_answer``) and ``in_context`` (the likeliest label after demonstrations), and for each that the model cannot
        do the reason.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    ask = _Questions(backbone)
    judges: dict[str, Callable[[Example], bool]] = {
        _LIKELIHOOD: lambda query: _likeliest(ask.likelihoods(query, labels), labels) == query.label,
        _TEXT: lambda query: same_answer(ask.text(query), str(query.label), labels),
    }
    if support and demonstrations:
        shown = choose_demonstrations(support, min(demonstrations, len(support)), seed)
        judges[_IN_CONTEXT] = lambda query: ask.in_context(shown, query, labels) == query.label
    work = _Work(len(judges) * len(queries), progress, cancel, backbone.device)
    right: dict[str, list[bool | None]] = {name: [] for name in judges}
    for query in queries:
        for name, is_right in judges.items():
            right[name].append(work.do(name, is_right, query))
    judged = [
        replace(
            answer_baseline(name, ["right" if each else "wrong" for each in answers], ["right"] * len(answers)),
            cost=work.cost(name, min(demonstrations, len(support)) if name == _IN_CONTEXT else 0),
        )
        for name, answers in right.items()
        if name not in work.refused
    ]
    return tuple(judged), work.refused


def episode_model_baselines(
    backbone: Backbone,
    examples: Sequence[Example],
    episodes: Sequence[Episode],
    demonstrations: int = 4,
    *,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> tuple[dict[str, npt.NDArray[np.float64]], Mapping[str, str]]:
    """Ask the model itself over episodes: once about each example without demonstrations, in every episode with them.

    Args:
        backbone: the model.
        examples: labelled, with their questions: the set that the episodes were drawn from.
        episodes: from ``draw_episodes``.
        demonstrations: how many of an episode's support to show in context; 0 asks nothing in context, which otherwise
            needs the model for every query of every episode.
        progress: called after every question.
        cancel: asked before every question; true stops the work.

    Returns:
        The ``float64 (episode,)`` accuracies by the names of ``model_baselines``, and for each that the model cannot do
        the reason.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    labels = sorted({label for episode in episodes for label in episode.labels})
    asked = sorted({int(row) for episode in episodes for row in episode.queries})
    in_episodes = sum(len(episode.queries) for episode in episodes) if demonstrations else 0
    ask, work = _Questions(backbone), _Work(2 * len(asked) + in_episodes, progress, cancel, backbone.device)
    likelihoods: dict[int, Mapping[str, float] | None] = {}
    texts: dict[int, str | None] = {}
    for row in asked:  # both of one example before the next, which is then prepared once
        likelihoods[row] = work.do(_LIKELIHOOD, ask.likelihoods, examples[row], labels)
        texts[row] = work.do(_TEXT, ask.text, examples[row])
    right: dict[str, list[list[bool]]] = {name: [] for name in (_LIKELIHOOD, _TEXT, _IN_CONTEXT)}
    for seed, episode in enumerate(episodes):
        rows = [(row, str(examples[row].label)) for row in episode.queries.tolist()]
        # Of the labels of this episode the likeliest, and which of them it names.
        right[_LIKELIHOOD].append([_likeliest(likelihoods[row], episode.labels) == label for row, label in rows])
        right[_TEXT].append([same_answer(texts[row] or "", label, episode.labels) for row, label in rows])
        if demonstrations:
            support = [examples[row] for row in episode.support.tolist()]
            shown = choose_demonstrations(support, min(demonstrations, len(support)), seed)
            answers = [work.do(_IN_CONTEXT, ask.in_context, shown, examples[row], episode.labels) for row, _ in rows]
            right[_IN_CONTEXT].append([answer == label for answer, (_, label) in zip(answers, rows, strict=True)])
    accuracy = {
        name: np.array([np.mean(each) for each in of_episodes], dtype=np.float64)
        for name, of_episodes in right.items()
        if of_episodes and name not in work.refused
    }
    return accuracy, work.refused


class _Questions:
    """What can be asked of a model about an example; one that is asked about twice in a row is prepared once."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._last: tuple[Example, Encoded] | None = None
        self._shown: tuple[tuple[tuple[Example, ...], Detail], Beginning] | None = None

    def likelihoods(self, query: Example, labels: Sequence[str]) -> Mapping[str, float]:
        """How likely the model finds each label as its answer."""
        return label_likelihoods(self._backbone, query, labels, encoded=self._prepared(query))

    def text(self, query: Example) -> str:
        """What the model writes as its answer."""
        return generate_text(self._backbone, query, encoded=self._prepared(query))

    def in_context(self, shown: Sequence[Example], query: Example, labels: Sequence[str]) -> str | None:
        """The label that the model finds likeliest after demonstrations, which are read once for all queries."""
        asked, beginning = in_context(shown, query), self._after(tuple(shown), query.detail)
        encoded = self._backbone.encode(asked)
        found = label_likelihoods(
            self._backbone, asked, labels, encoded=encoded, read=lambda: beginning.next_token(encoded)
        )
        return _likeliest(found, labels)

    def _after(self, shown: tuple[Example, ...], detail: Detail) -> Beginning:
        if self._shown is None or self._shown[0] != (shown, detail):
            start = self._backbone.encode(before_queries(shown, detail))
            self._shown = (shown, detail), Beginning(self._backbone, start)
        return self._shown[1]

    def _prepared(self, query: Example) -> Encoded:
        if self._last is None or self._last[0] is not query:
            self._last = query, self._backbone.encode(query)
        return self._last[1]


class _Work:
    """Questions done one after the other: told, stopped when asked to, and given up where the model cannot answer.

    Attributes:
        refused: why, by the name of what the model cannot do; that is not asked again.
    """

    def __init__(self, total: int, progress: ProgressCallback | None, cancel: Cancel | None, device: torch.device) -> None:
        self._meters: dict[str, Meter] = defaultdict(partial(Meter, device))
        self.refused: dict[str, str] = {}
        self._total, self._done, self._started = total, 0, time.perf_counter()
        self._progress, self._cancel = progress, cancel

    def do(self, name: str, ask: Callable[..., T], *arguments: object) -> T | None:
        """Return the answer; ``None`` where the model cannot give one."""
        if self._cancel is not None and self._cancel():
            raise CancelledError("Stopped while the model was answering by itself: run again without controls, or wait.")
        answer = None
        if name not in self.refused:
            try:
                with self._meters[name]:
                    answer = ask(*arguments)
            except (InputError, BackboneError) as error:  # such as a prompt of more images than the model can read
                query = next(each for each in reversed(arguments) if isinstance(each, Example))
                self.refused[name] = f"{query.name}: {error}"
        self._done += 1
        if self._progress is not None:
            self._progress(Progress(self._done, self._total, time.perf_counter() - self._started))
        return answer

    def cost(self, name: str, examples: int) -> Cost:
        """What the answers of one kind have taken, which were shown so many examples each."""
        meter = self._meters[name]
        return Cost(examples, meter.seconds, meter.peak_bytes)


def _likeliest(likelihoods: Mapping[str, float] | None, labels: Sequence[str]) -> str | None:
    """The likeliest of some labels; ``None`` where the model could not say."""
    return None if likelihoods is None else max(labels, key=likelihoods.__getitem__)
