"""The conditions that vectors are judged under, by the one name each has: in JSON, on the page and in reports."""

from __future__ import annotations

__all__ = [
    "BEFORE_TUNING",
    "BEST_BASE",
    "COMPOSED",
    "EQUAL_WEIGHTS",
    "INJECTED",
    "IN_CONTEXT",
    "IN_WORDS",
    "LAYER_MEAN",
    "LAYER_MEAN_BEST",
    "OTHER_RELATION",
    "RANDOM_HEADS",
    "RANDOM_VECTOR",
    "SAME_PAIR",
    "TUNED",
    "TUNED_ON_FIVE",
    "TUNED_RANDOM_START",
    "ZERO_SHOT",
]

# Without a vector
ZERO_SHOT = "zero-shot"
IN_CONTEXT = "in context"
IN_WORDS = "in words"

# A vector, and what could explain it away
INJECTED = "injected"
RANDOM_VECTOR = "random vector"
RANDOM_HEADS = "random heads"
OTHER_RELATION = "other relation"
LAYER_MEAN = "layer mean"
LAYER_MEAN_BEST = "layer mean, its best layer"

# Tuning
BEFORE_TUNING = "before tuning"
TUNED = "tuned"
TUNED_RANDOM_START = "tuned random start"
TUNED_ON_FIVE = "tuned on five"

# Composition
SAME_PAIR = "in context, same pair"
COMPOSED = "composed"
EQUAL_WEIGHTS = "equal weights"
BEST_BASE = "best base vector"
