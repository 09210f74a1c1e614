"""What the model answers by itself, with no heads chosen: by likelihood, in words, and shown examples in its prompt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

from sav_core.answers import generate_text, label_likelihoods
from sav_core.backbones import Backbone
from sav_core.controls import Control, answer_control
from sav_core.errors import BackboneError, CancelledError, InputError
from sav_core.in_context import choose_demonstrations, in_context
from sav_core.records import Cancel, Example, Progress, ProgressCallback

__all__ = ["model_controls", "same_answer"]


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
        demonstrations: how many of them to show, the same for every query.
        seed: of which they are.
        progress: called after every query, each counted once for each way to ask.
        cancel: asked between queries; true stops the work.

    Returns:
        ``zero_shot_likelihood`` (the likeliest label), ``zero_shot_text`` (what it writes) and ``in_context``
        (the likeliest label after demonstrations), and for each that the model cannot do the reason.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    ways: dict[str, Callable[[Example], bool]] = {
        "zero_shot_likelihood": lambda query: _likeliest(backbone, query, labels) == query.label,
        "zero_shot_text": lambda query: same_answer(generate_text(backbone, query), str(query.label)),
    }
    if support:
        shown = choose_demonstrations(support, min(demonstrations, len(support)), seed)
        ways["in_context"] = lambda query: _likeliest(backbone, in_context(shown, query), labels) == query.label
    controls, refused = [], {}
    started, total, done = time.perf_counter(), len(ways) * len(queries), 0
    for name, is_right in ways.items():
        right = []
        for query in queries:
            if cancel is not None and cancel():
                raise CancelledError(
                    "Stopped while the model was answering by itself: run again without controls, or wait."
                )
            try:
                right.append(is_right(query))
            except (InputError, BackboneError) as error:  # such as a prompt of more images than the model can read
                refused[name] = f"{query.name}: {error}"
                break
            if progress is not None:
                progress(Progress(done + len(right), total, time.perf_counter() - started))
        done += len(queries)
        if name not in refused:
            controls.append(answer_control(name, ["right" if each else "wrong" for each in right], ["right"] * len(right)))
    return tuple(controls), refused


def same_answer(text: str, label: str) -> bool:
    """Whether a written answer is the label, whatever its case, punctuation and article."""
    return _bare(text) == _bare(label)


def _likeliest(backbone: Backbone, query: Example, labels: Sequence[str]) -> str:
    likelihood = label_likelihoods(backbone, query, labels)
    return max(labels, key=likelihood.__getitem__)


def _bare(text: str) -> str:
    words = re.findall(r"\w+", text.casefold())
    return " ".join(words[1:] if len(words) > 1 and words[0] in {"a", "an", "the"} else words)
