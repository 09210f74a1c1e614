"""What the report of a measurement calls things: every way to answer, every rule, every setting, what each figure shows."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FIGURES", "SETTINGS", "VALUES", "WAYS", "named"]

WAYS: Mapping[str, str] = {
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
    "majority": "each head has one vote, for the label whose mean is nearest",
    "gaussian": "the mean of the heads' probabilities, each under Gaussians of one covariance",
    "reliability": "each head's vote weighs what it was worth for that label on left-out examples",
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
"""What is measured, by its name in the files."""

VALUES: Mapping[str, str] = {
    "resubstitution": "accuracy on the examples themselves",
    "leave_one_out": "accuracy on the examples, each left out of its own mean",
}
"""Settings whose names say little."""

_DOTTED = "The dotted line is always giving the commonest label of the test set."

FIGURES: Mapping[str, str] = {
    "controls": (
        "Other ways to answer on the same examples, best on top. Orange are the kept heads, blue the others; lines "
        f"are 95 % intervals. {_DOTTED} A difference whose interval holds 0 may be luck; p is McNemar's exact test, on "
        "the examples where the two differ."
    ),
    "confusion": "Rows are the label, columns the answer; at the right the share of the label's own examples that got it.",
    "by_heads": (
        "Accuracy when the best 1, 2, 3 and so on heads vote; the number in use is orange. Lines are 95 % intervals "
        f"of the accuracy on such examples. {_DOTTED}"
    ),
    "by_shots": (
        "Accuracy when each label has so many examples: the mean of five draws. Lines are 95 % intervals of the "
        f"accuracy on such examples, whichever are drawn. {_DOTTED}"
    ),
    "rules": (
        f"Every voting rule with the same number of heads; the one in use is orange, lines are 95 % intervals. {_DOTTED}"
    ),
    "calibration": (
        "Answers in bins of calibrated confidence, larger dots for more of them, with 95 % intervals: on the dotted "
        "line, what is held at 80 % is right 80 % of the time."
    ),
    "selective": "Accuracy of the answers given, when only the surest share is answered.",
    "doubt": (
        "How many of the taught and of the others pass each threshold of doubt; the dotted line is guessing, an area "
        "of 0.5."
    ),
}
"""What each figure shows, by its name among ``figures``."""


def named(name: str) -> str:
    """Return the name of a way to answer or of a setting as people read it."""
    return SETTINGS.get(name, name.replace("_", " "))
