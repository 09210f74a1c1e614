"""What a measurement is called in words, on the page Measure and in its report alike: every heading, caption and name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sav_core.heads.rules import RULES

__all__ = ["ASKING", "BASELINES", "COMPARING", "READING", "SECTIONS", "SETTINGS", "SWEPT", "VALUES", "Section", "named"]

READING, ASKING, COMPARING = "reading", "asking the model", "comparing"
"""The stages of a measurement, in order; the second only where the model's own answers are wanted."""

BASELINES: Mapping[str, str] = {
    "kept_heads": "the vote of the heads that were found: what is measured",
    "all_heads": "every head of the model votes",
    "random_heads": "as many heads, drawn at random: mean of 20 draws, with the middle 95 % of them",
    "best_head": "the first-ranked head alone",
    "nearest_examples": "the label of most of the 5 examples nearest by the kept heads",
    "logistic_heads": "logistic regression on the kept heads' vectors",
    "hidden_mean": "nearest class mean of the model's last hidden state",
    "hidden_logistic": "logistic regression on the model's last hidden state",
    "pixels": "nearest class mean of the pictures' pixels, without the model",
    "zero_shot_likelihood": "the model itself, shown no example: the label it finds likeliest",
    "zero_shot_text": "the model itself, shown no example: the one label that its written answer names",
    "in_context": "the model itself, shown examples in its prompt: the label it finds likeliest",
    **{name: rule.summary for name, rule in RULES.items()},
}
"""How each way to answer, or voting rule, answers."""

SETTINGS: Mapping[str, str] = {
    "date": "measured",
    "model": "model",
    "identity": "fingerprint of its weights",
    "dtype": "computed in",
    "question": "question asked",
    "heads": "heads that vote",
    "voting": "voting rule",
    "scoring": "heads ranked by",
    "support": "examples learnt from",
    "test": "test set",
}
"""What was measured, by its name in the files."""

VALUES: Mapping[str, str] = {
    "resubstitution": "accuracy on the examples themselves",
    "leave_one_out": "accuracy on the examples, each left out of its own mean",
}
"""Settings whose names say little."""

SWEPT: Mapping[str, str] = {"heads": "heads that vote", "shots": "examples of each label"}
"""What a sweep's numbers count."""


class Section(NamedTuple):
    """One part of a report: its heading, and how to read what it shows."""

    heading: str
    caption: str


_DOTTED = "The dotted line is what always giving the commonest label would get right."

SECTIONS: Mapping[str, Section] = {
    "baselines": Section(
        "Is that good?",
        "Other ways to answer the same pictures, best on top. The heads you found are orange, lines are 95 % intervals. "
        f"{_DOTTED} A difference whose interval holds 0 may be luck; p is McNemar's exact test, on the examples where the "
        "two differ.",
    ),
    "confusion": Section(
        "What is taken for what?",
        "Rows: the true label. Columns: the answer. At the right, how many of the label's own pictures got it.",
    ),
    "by_heads": Section(
        "More or fewer heads?",
        "Accuracy when the best 1, 2, 3 … heads vote; the number in use is orange. Lines are 95 % intervals of the "
        f"accuracy on such examples. {_DOTTED}",
    ),
    "by_shots": Section(
        "More or fewer examples?",
        "Accuracy when each label has so many examples: the mean of five draws. Lines are 95 % intervals of the accuracy "
        f"on such examples, whichever are drawn. {_DOTTED}",
    ),
    "calibration": Section(
        "Is confidence true?",
        "Answers in bins of calibrated confidence, larger dots for more of them, with 95 % intervals: on the dotted line, "
        "what is held at 80 % is right 80 % of the time.",
    ),
    "selective": Section(
        "What if doubtful answers are kept back?",
        "When only the surest share is answered: how many of those answers are right.",
    ),
    "rules": Section(
        "Which voting rule?",
        f"Every voting rule with the same number of heads; the one in use is orange, lines are 95 % intervals. {_DOTTED}",
    ),
    "unknown": Section(
        "Does it recognise unknown labels?",
        "How many examples of taught and of unknown labels pass each threshold of “none of these”, which compares the "
        "share of the vote times closeness to the examples. The dotted line is guessing, an area of 0.5.",
    ),
    "transfer": Section("Another task's heads", "This task's examples with the heads that another task chose."),
    "answers": Section("Every answer", "The confidence is the winner's share of the vote."),
}
"""Every part of a report, in its order."""


def named(name: str) -> str:
    """Return the name of a way to answer or of a setting as people read it."""
    return SETTINGS.get(name, name.replace("_", " "))
