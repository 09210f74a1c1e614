"""Findings as JSON values and in words: the same keys on the command line, on the page and in reports."""

from __future__ import annotations

from typing import Any

from sav_core.causes.ablation import Ablation, Loss
from sav_core.causes.head_sets import ALL_BUT_KEPT, KEPT, NOTHING, RANDOM, WORST
from sav_core.causes.patching import EVERY, Patching
from sav_core.evaluation.intervals import MeanDifference
from sav_core.wording import percent, percent_range

__all__ = ["CONDITION_WORDS", "ablation_values", "finding_sentence", "patching_sentence", "patching_values"]

CONDITION_WORDS = {
    NOTHING: "none",
    KEPT: "the kept heads",
    RANDOM: "random heads of the same layers",
    WORST: "the worst heads",
    ALL_BUT_KEPT: "all but the kept heads",
    EVERY: "every head",
}
"""Which heads a condition is about."""


def ablation_values(found: Ablation) -> dict[str, Any]:
    """Return what was found as JSON values."""
    conditions: dict[str, dict[str, Any]] = {}
    for name in found.conditions:
        outcome = found.outcome(name)
        conditions[name] = {
            "heads": outcome.heads,
            "accuracy": outcome.accuracy,
            "interval": outcome.interval,
            "log_likelihood": outcome.log_likelihood,
            "log_likelihood_interval": outcome.log_likelihood_interval,
            "probability": outcome.probability,
            **({} if name == NOTHING else _lost(found.lost(name))),
        }
    return {
        "labels": list(found.labels),
        "n": found.n,
        "by": found.how.replaced_by,
        "tokens": found.how.tokens,
        "draws": len(found.heads.sets[RANDOM]),
        "seed": found.heads.seed,
        "chance": found.chance,
        "conditions": conditions,
        "against_random": {**_lost(found.against_random), "random_as_harmful": found.random_as_harmful},
        "finding": found.finding,
        "sentence": finding_sentence(found),
    }


def patching_values(found: Patching) -> dict[str, Any]:
    """Return what was found as JSON values."""
    conditions = {}
    for name in found.conditions:
        outcome = found.outcome(name)
        conditions[name] = {
            "heads": outcome.heads,
            "follows": outcome.follows,
            "follows_interval": outcome.follows_interval,
            "stays": outcome.stays,
            "shift": outcome.shift,
            "shift_interval": outcome.shift_interval,
        }
    more = found.against_random
    against = {"shift": more.difference, "shift_interval": more.interval, "p": more.p}
    return {"n": found.n, "conditions": conditions, "against_random": against, "sentence": patching_sentence(found)}


def finding_sentence(found: Ablation) -> str:
    """Say whether the model uses the kept heads, as far as this can tell."""
    if found.finding == "nothing to lose":
        own = found.outcome(NOTHING)
        return (
            f"Cannot be told: the model's own answer is right on {percent(own.accuracy)} "
            f"({percent_range(own.interval)}), one label for all on {percent(found.chance)}, so there is little to lose."
        )
    lost, others, more = found.lost(KEPT), found.lost(RANDOM), found.against_random.log_likelihood
    head = {
        "used": "Used",
        "not told apart": "Readable, and not shown to be used more than others",
        "used less": "Readable, and used less than others",
    }[found.finding]
    return (
        f"{head}: without the kept heads the right label's log-likelihood falls by {lost.log_likelihood.difference:.2f} "
        f"nats, without as many random heads of the same layers by {others.log_likelihood.difference:.2f} "
        f"(difference {_signed(more)}; {percent(found.random_as_harmful)} of the draws lose as much)."
    )


def patching_sentence(found: Patching) -> str:
    """Say whether the answer follows the kept heads' vectors of another picture."""
    kept, others, before = (found.outcome(name) for name in (KEPT, RANDOM, NOTHING))
    return (
        f"With the kept heads' vectors of another picture, {percent(kept.follows)} of the answers are that picture's "
        f"({percent(before.follows)} before, {percent(others.follows)} with random heads of the same layers, "
        f"{percent(found.outcome(EVERY).follows)} with every head)."
    )


def _lost(loss: Loss) -> dict[str, Any]:
    return {
        "accuracy_lost": loss.accuracy.difference,
        "accuracy_lost_interval": loss.accuracy.interval,
        "accuracy_p": loss.accuracy.p,
        "log_likelihood_lost": loss.log_likelihood.difference,
        "log_likelihood_lost_interval": loss.log_likelihood.interval,
        "log_likelihood_p": loss.log_likelihood.p,
    }


def _signed(more: MeanDifference) -> str:
    low, high = more.interval
    return f"{_nats(more.difference)}, 95 % interval {_nats(low)} to {_nats(high)}, p {more.p:.2g}"


def _nats(value: float) -> str:
    """With its sign, unless it is nothing as far as it is written."""
    return f"{value:+.2f}" if abs(value) >= 0.005 else "0.00"
