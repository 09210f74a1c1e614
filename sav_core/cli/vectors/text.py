"""What the commands of function vectors say: of a vector, and of how it did beside its rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sav_core.cli.console import print_json, print_line, print_table
from sav_core.wording import percent, percent_range

# Imported inside the functions otherwise: help and mistakes are answered at once.
if TYPE_CHECKING:
    from sav_core.vectors import FunctionVector, Outcome, Sweeps, Tuned

__all__ = [
    "describe_end",
    "describe_outcomes",
    "describe_sweeps",
    "describe_vector",
    "print_outcomes",
    "print_sweeps",
    "say_saved",
    "span",
]


def describe_outcomes(outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, Any]]:
    """Return each condition's accuracy with its 95 % interval, for JSON."""
    from sav_core.evaluation.metrics import wilson_interval

    return {
        name: {
            "accuracy": each.accuracy,
            "interval": wilson_interval(each.right, each.n),
            "probability": each.probability,
            "n": each.n,
        }
        for name, each in outcomes.items()
    }


def print_outcomes(outcomes: Mapping[str, Outcome]) -> None:
    """Print a row for each condition."""
    rows = [
        [name, percent(each["accuracy"], 1), percent_range(each["interval"], 1), f"{each['probability']:.3f}"]
        for name, each in describe_outcomes(outcomes).items()
    ]
    print_table(["condition", "accuracy", "95 % interval", "probability"], rows)


def describe_sweeps(found: Sweeps) -> dict[str, Any]:
    """Return the accuracy at every setting that was tried, for JSON."""
    by_count = {
        name: [
            {name: int(count), **each}
            for count, each in describe_outcomes({str(n): outcome for n, outcome in outcomes.items()}).items()
        ]
        for name, outcomes in (("heads", found.heads), ("demonstrations", found.demonstrations))
    }
    sites = found.sites
    return {**by_count, "layers": sites.layers, "scales": sites.scales, "accuracy": sites.accuracy.tolist()}


def print_sweeps(found: Sweeps) -> None:
    """Print a table for each setting that was swept."""
    described = describe_sweeps(found)
    for name, what in (
        ("heads", "By how many of its heads make the vector, on validation"),
        ("demonstrations", "By demonstrations in context and no vector, on the test part"),
    ):
        if described[name]:
            print_line(f"\n{what}:\n")
            rows = [[str(e[name]), percent(e["accuracy"], 1), percent_range(e["interval"], 1)] for e in described[name]]
            print_table([name, "accuracy", "95 % interval"], rows)
    print_line("\nBy layer and scale, on validation:\n")
    sites = found.sites
    rows = [
        [str(layer), *(percent(each, 1) for each in row)] for layer, row in zip(sites.layers, sites.accuracy, strict=True)
    ]
    print_table(["layer", *(f"x {scale:g}" for scale in sites.scales)], rows)


def span(interval: Sequence[float]) -> str:
    """Return an interval of effects in words."""
    return f"{interval[0]:+.4f} to {interval[1]:+.4f}"


def describe_vector(vector: FunctionVector) -> dict[str, Any]:
    """Return where a vector comes from and where it goes, for JSON."""
    return {
        "model": vector.model,
        "relation": vector.relation,
        "origin": vector.origin,
        "layer": vector.layer,
        "scale": vector.scale,
        "norm": vector.norm,
        "heads": [str(head) for head in vector.heads],
        "seed": vector.seed,
    }


def describe_end(tuned: Tuned) -> str:
    """Return after how many steps a tuning ended, and why, in words."""
    last, best = tuned.curve[-1], max(point.accuracy for point in tuned.curve)
    if tuned.end == "goal" and not last.step:
        return f"Nothing was left to learn: {percent(best)} of validation is right without a step. It is the same vector."
    why = {
        "goal": f"for {percent(best)} of validation is right, which is its goal",
        "patience": "for validation got no better",
        "steps": "which are all it was given",
        "cancelled": "for it was stopped",
    }[tuned.end]
    return f"Tuning ended after {last.step} steps, {why}; the vector is that of step {tuned.best_step}."


def say_saved(vector: FunctionVector, out: Path, as_json: bool) -> None:
    """Say that a vector was written, and what it is."""
    if as_json:
        print_json({"out": str(out), **describe_vector(vector)})
        return
    heads = f" from {', '.join(map(str, vector.heads))}" if vector.heads else ""
    print_line(
        f"{vector.relation!r}{heads}, added after layer {vector.layer} at {vector.scale:g} times its length. Saved {out}."
    )
