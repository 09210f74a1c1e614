"""Whether what a model wrote names a label."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["same_answer"]

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")  # a capital A may be an answer


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


def _named(text: str, labels: Sequence[str]) -> set[str]:
    """The labels that an answer is, or else those that it names."""
    if same := {label for label in labels if _bare(label) == _bare(text)}:
        return same
    said = _words(_ARTICLE.sub(" ", text))
    meant = {label: _words(_ARTICLE.sub(" ", label)) for label in labels}
    spans = [
        (start, start + len(words), label)
        for label, words in meant.items()
        for start in range(len(said) - len(words) + 1)
        if words and said[start : start + len(words)] == words
    ]
    return {
        label
        for start, end, label in spans
        if not any(first <= start and end <= last and last - first > end - start for first, last, _ in spans)
    }


def _bare(text: str) -> list[str]:
    """The words without a leading article; of a text of signs alone the signs."""
    words = _words(text)
    return words[1:] if len(words) > 1 and words[0] in {"a", "an", "the"} else words or text.split()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
