"""What a measurement is called in words, on the page Measure and in its report alike: every heading, caption and name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from sav_core.evaluation.costs import Cost
from sav_core.heads.rules import RULES

if TYPE_CHECKING:  # it loads scikit-learn, which help and mistakes do not need
    from sav_core.evaluation.baselines import Baseline

__all__ = [
    "ASKING",
    "BASELINES",
    "COMPARING",
    "COSTS",
    "READING",
    "RIVALS",
    "SECTIONS",
    "SETTINGS",
    "SWEPT",
    "TRAINING",
    "VALUES",
    "Section",
    "explained",
    "in_minutes",
    "named",
    "told_costs",
]

READING, ASKING, COMPARING = "reading", "asking the model", "comparing"
TRAINING, RIVALS = "training LoRA", "asking rivals"
"""The stages of a measurement: reading, asking where the model's own answers are wanted, training and asking rivals where
there are any, and comparing."""

BASELINES: Mapping[str, str] = {
    "kept_heads": "the vote of the heads that were found: what is measured",
    "all_heads": "every head of the model votes",
    "random_heads": "as many heads, drawn at random: mean of 20 draws, with the middle 95 % of them",
    "best_head": "the first-ranked head alone",
    "nearest_examples": "the label of most of the 5 examples nearest by the kept heads",
    "logistic_heads": "logistic regression on the kept heads’ vectors",
    "hidden_mean": "nearest class mean of the model’s last hidden state",
    "hidden_logistic": "logistic regression on the model’s last hidden state",
    "pixels": "nearest class mean of the pictures’ pixels, without the model",
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

COSTS = ("examples", "seconds", "peak memory", "trained numbers")
"""What is said of the cost of a way to answer, in the order of ``told_costs``."""

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
        f"{_DOTTED} A difference whose interval holds 0 may be luck; p is McNemar’s exact test, on the examples where the "
        "two differ.",
    ),
    "confusion": Section(
        "What is taken for what?",
        "Rows: the true label. Columns: the answer. At the right, how many of the label’s own pictures got it.",
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
    "transfer": Section("Another task’s heads", "This task’s examples with the heads that another task chose."),
    "answers": Section("Every answer", "The confidence is the winner’s share of the vote."),
}
"""Every part of a report, in its order."""


def named(name: str) -> str:
    """Return the name of a way to answer or of a setting as people read it."""
    return SETTINGS.get(name, name.replace("_", " "))


def explained(row: Baseline) -> str:
    """Return how a way to answer answers; empty where nobody has said."""
    return row.about or BASELINES.get(row.name, "")


def told_costs(cost: Cost | None) -> tuple[str, ...]:
    """Return the cost of a way to answer as people read it, in the order of ``COSTS``; empty where it is unknown."""
    if cost is None:
        return ("",) * len(COSTS)
    held = cost.peak_bytes
    memory = "–" if not held else f"{held / 1e9:.1f} GB" if held >= 1e9 else f"{held / 1e6:.0f} MB"
    return (
        f"{cost.examples:,}",
        f"{cost.seconds:.3g}" if cost.seconds < 100 else f"{cost.seconds:,.0f}",
        memory,
        f"{cost.trained:,}",
    )


def in_minutes(seconds: float) -> str:
    """Say how long something takes, rounded up: in seconds up to a minute, then in minutes."""
    if seconds <= 55:
        whole = max(1, math.ceil(seconds / 5) * 5 if seconds > 5 else math.ceil(seconds))
        return f"{whole} second{'s' * (whole != 1)}"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' * (minutes != 1)}"
