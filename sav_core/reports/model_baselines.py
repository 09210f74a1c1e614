"""What the model answers by itself, with no heads chosen: by likelihood, in words, and shown examples in its prompt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.errors import BackboneError, CancelledError, InputError
from sav_core.evaluation.baselines import Control, answer_control
from sav_core.evaluation.episodes import Episode
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.generation import generate_text, label_likelihoods
from sav_core.reports.few_shot_prompt import choose_demonstrations, in_context
from sav_core.types import Cancel, Progress, ProgressCallback

__all__ = ["episode_model_controls", "model_controls", "same_answer"]

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")  # a capital A may be an answer


def model_controls(
    backbone: Backbone,
    queries: Sequence[Example],
    labels: Sequence[str],
    support: Sequence[Example] = (),
    *,
    demonstrations: int = 4,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> tuple[tuple[Control, ...], Mapping[str, str]]:
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
    prepared = _Prepared(backbone)
    ways: dict[str, Callable[[Example], bool]] = {
        "zero_shot_likelihood": lambda query: _likeliest(backbone, query, labels, prepared.of(query)) == query.label,
        "zero_shot_text": lambda query: same_answer(
            generate_text(backbone, query, encoded=prepared.of(query)), str(query.label), labels
        ),
    }
    if support and demonstrations:
        shown = choose_demonstrations(support, min(demonstrations, len(support)), seed)
        ways["in_context"] = lambda query: _likeliest(backbone, in_context(shown, query), labels) == query.label
    right: dict[str, list[bool]] = {name: [] for name in ways}
    refused: dict[str, str] = {}
    started, total = time.perf_counter(), len(ways) * len(queries)
    for row, query in enumerate(queries):
        for place, (name, is_right) in enumerate(ways.items()):
            if cancel is not None and cancel():
                raise CancelledError(
                    "Stopped while the model was answering by itself: run again without controls, or wait."
                )
            if name in refused:
                continue
            try:
                right[name].append(is_right(query))
            except (InputError, BackboneError) as error:  # such as a prompt of more images than the model can read
                refused[name] = f"{query.name}: {error}"
            if progress is not None:
                progress(Progress(row * len(ways) + place + 1, total, time.perf_counter() - started))
    controls = [
        answer_control(name, ["right" if each else "wrong" for each in answers], ["right"] * len(answers))
        for name, answers in right.items()
        if name not in refused
    ]
    return tuple(controls), refused


def episode_model_controls(
    backbone: Backbone,
    examples: Sequence[Example],
    episodes: Sequence[Episode],
    *,
    demonstrations: int = 4,
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
        The controls' ``float64 (episode,)`` accuracies by the names of ``model_controls``, and for each that the model
        cannot do the reason.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    labels = sorted({label for episode in episodes for label in episode.labels})
    asked = sorted({int(row) for episode in episodes for row in episode.queries})
    prepared = _Prepared(backbone)
    likelihood: dict[int, Mapping[str, float]] = {}
    written: dict[int, str] = {}
    found: dict[str, list[list[bool]]] = {"zero_shot_likelihood": [], "zero_shot_text": [], "in_context": []}
    refused: dict[str, str] = {}
    started = time.perf_counter()
    total = 2 * len(asked) + (sum(len(episode.queries) for episode in episodes) if demonstrations else 0)
    done = 0

    def ask(name: str, row: int, question: Callable[[Example], None]) -> None:
        nonlocal done
        if cancel is not None and cancel():
            raise CancelledError("Stopped while the model was answering by itself: run again without controls, or wait.")
        done += 1
        if name not in refused:
            try:
                question(examples[row])
            except (InputError, BackboneError) as error:
                refused[name] = f"{examples[row].name}: {error}"
        if progress is not None:
            progress(Progress(done, total, time.perf_counter() - started))

    for row in asked:

        def weigh(query: Example, row: int = row) -> None:
            likelihood[row] = label_likelihoods(backbone, query, labels, encoded=prepared.of(query))

        def write(query: Example, row: int = row) -> None:
            written[row] = generate_text(backbone, query, encoded=prepared.of(query))

        ask("zero_shot_likelihood", row, weigh)
        ask("zero_shot_text", row, write)
    for seed, episode in enumerate(episodes):
        rows = episode.queries.tolist()
        if "zero_shot_likelihood" not in refused:  # of the labels of this episode the likeliest
            best = [max(episode.labels, key=likelihood[row].__getitem__) for row in rows]
            right = [label == examples[row].label for label, row in zip(best, rows, strict=True)]
            found["zero_shot_likelihood"].append(right)
        if "zero_shot_text" not in refused:  # which of the labels of this episode it names
            named = [same_answer(written[row], str(examples[row].label), episode.labels) for row in rows]
            found["zero_shot_text"].append(named)
        if not demonstrations:
            continue
        support = [examples[row] for row in episode.support.tolist()]
        shown = choose_demonstrations(support, min(demonstrations, len(support)), seed)
        answers: list[bool] = []

        def show(
            query: Example,
            shown: Sequence[Example] = shown,
            labels: Sequence[str] = episode.labels,
            answers: list[bool] = answers,
        ) -> None:
            answers.append(_likeliest(backbone, in_context(shown, query), labels) == query.label)

        for row in rows:
            ask("in_context", row, show)
        found["in_context"].append(answers)
    accuracy = {
        name: np.array([np.mean(right) for right in each], dtype=np.float64)
        for name, each in found.items()
        if each and name not in refused
    }
    return accuracy, refused


def same_answer(text: str, label: str, labels: Sequence[str]) -> bool:
    """Whether a written answer names the label, and no other of the labels.

    An answer that is a label, but for case, punctuation and article, names that one. A sentence names every label that
    stands in it as whole words, "red apple" but not the "apple" within, nor the answer A by an article; one that names
    several, or none, is wrong.

    Args:
        text: what the model wrote.
        label: the right answer.
        labels: the possible answers.
    """
    return _named(text, labels) == {label}


class _Prepared:
    """What the model reads of a query, prepared once for all ways to ask about it."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._last: tuple[Example, Encoded] | None = None

    def of(self, query: Example) -> Encoded:
        """Return it; only the last query's is kept."""
        if self._last is None or self._last[0] is not query:
            self._last = query, self._backbone.encode(query)
        return self._last[1]


def _likeliest(backbone: Backbone, query: Example, labels: Sequence[str], encoded: Encoded | None = None) -> str:
    likelihood = label_likelihoods(backbone, query, labels, encoded=encoded)
    return max(labels, key=likelihood.__getitem__)


def _named(text: str, labels: Sequence[str]) -> set[str]:
    """The labels that an answer is, or else those that it names."""
    if same := {label for label in labels if _bare(label) == _bare(text)}:
        return same
    said = _words(_ARTICLE.sub(" ", text))
    meant = {label: _words(_ARTICLE.sub(" ", label)) for label in labels}
    places = [
        (start, start + len(words), label)
        for label, words in meant.items()
        for start in range(len(said) - len(words) + 1)
        if words and said[start : start + len(words)] == words
    ]
    return {
        label
        for start, end, label in places
        if not any(first <= start and end <= last and last - first > end - start for first, last, _ in places)
    }


def _bare(text: str) -> list[str]:
    """The words without a leading article; of a text of signs alone the signs."""
    words = _words(text)
    return words[1:] if len(words) > 1 and words[0] in {"a", "an", "the"} else words or text.split()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
