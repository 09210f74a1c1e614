"""What the command of evaluation says on a terminal of what it found, which ``--json`` gives as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sav_core.cli.console import print_line, print_table
from sav_core.evaluation.costs import Cost
from sav_core.evaluation.metrics import MOST_IN_A_TABLE, worst_confusions
from sav_core.reports.wording import COSTS, SWEPT, told_costs
from sav_core.wording import percent, percent_range

__all__ = ["print_evaluation"]

_ON_QUERIES = "The intervals are of the accuracy on such queries; each number of examples is a mean of five draws."
_OVER_EPISODES = "The intervals are of the mean over the episodes."


def print_evaluation(result: Mapping[str, Any]) -> None:
    """Print accuracy, confusion, and what else was asked for."""
    over = f", mean of {result['episodes']['count']} episodes" if "episodes" in result else ""
    print_line(
        f"accuracy {percent(result['accuracy'], 1)} (95 % interval {percent_range(result['interval'], 1)}, "
        f"n = {result['n']}{over}), macro F1 {result['macro_f1']:.2f}\n"
    )
    _print_confusion(result)
    for key, title in (("control_details", "instead of the kept heads"), ("rules", "voting rule")):
        if key in result:
            print_line("")
            itself = {"kept heads": result} if key == "control_details" and "cost" in result else {}
            _print_baselines(title, {**itself, **result[key]})
    for name, reason in {**result.get("refused", {}), **result.get("rules_refused", {})}.items():
        print_line(f"{name.replace('_', ' ')}: not judged; {reason}")
    for name, points in result.get("sweep", {}).items():
        print_line("")
        print_table([SWEPT[name], "accuracy", "95 % interval"], [[str(p["value"]), *_share(p)] for p in points])
    if "sweep" in result:
        print_line(_OVER_EPISODES if "episodes" in result else _ON_QUERIES)
    if "by_depth" in result:
        _print_depths(result["by_depth"])
    _print_rest(result)


def _print_depths(found: Mapping[str, Any]) -> None:
    """Accuracy of heads of the first layers only, and the time of a forward that ends there."""
    print_line("")
    rows = [[str(p["layers"]), f"{p['right']} of {found['n']}", *_share(p), percent(p["time"])] for p in found["points"]]
    print_table(["first layers", "training examples right, each left out", "accuracy", "95 % interval", "time"], rows)
    print_line(f"As many are right with the first {found['enough']} layers as with all. Time is measured, on one example.")


def _print_confusion(result: Mapping[str, Any]) -> None:
    """What is taken for what: all of it, or of many labels the worst."""
    labels, confusion = result["labels"], result["confusion"]
    own = [percent(result["per_label"][label]) if label in result["per_label"] else "-" for label in labels]
    if len(labels) <= MOST_IN_A_TABLE:
        rows = [[label, share, *map(str, counts)] for label, share, counts in zip(labels, own, confusion, strict=True)]
        print_table(["label", "accuracy", *(f"as {label}" for label in labels)], rows)
        return
    shares = dict(zip(labels, own, strict=True))
    worst = worst_confusions(labels, confusion)
    print_line(f"The {len(worst)} worst confusions of {len(labels)} labels; --json has all.")
    print_table(
        ["label", "accuracy", "taken for", "how often"],
        [[label, shares[label], other, f"{count} of {total}"] for label, other, count, total in worst],
    )


def _print_baselines(title: str, judged: Mapping[str, Mapping[str, Any]]) -> None:
    rows, costs = [], any("cost" in each for each in judged.values())
    tested = any("p" in each for each in judged.values())  # episodes share examples, so no test of single queries is theirs
    for name, each in judged.items():
        beside = [_points(each[key]) if key in each else "-" for key in ("difference", "difference_interval")]
        p = [f"{each['p']:.2g}" if "p" in each else "-"] if tested else []
        cost = told_costs(Cost(**each["cost"]) if "cost" in each else None) if costs else ()
        rows.append([name.replace("_", " "), *_share(each), *beside, *p, *cost])
    columns = [title, "accuracy", "95 % interval", "kept heads better by (points)", "95 % interval"]
    print_table([*columns, *(["p (McNemar)"] if tested else []), *(COSTS if costs else ())], rows)
    for name, each in judged.items():
        if "about" in each:
            print_line(f"{name.replace('_', ' ')}: {each['about']}")


def _print_rest(result: Mapping[str, Any]) -> None:
    if "transfer" in result:
        moved = result["transfer"]
        accuracy, interval = _share(moved)
        print_line(f"\nwith the other task's heads: {accuracy} ({interval}), {len(moved['shared_heads'])} heads in common")
    if "confidence_refused" in result:
        print_line(f"\nconfidence: not judged; {result['confidence_refused']}")
    elif "confidence" in result:
        from sav_core.evaluation.judge import left_out_in_words  # loads scikit-learn, which help and mistakes do not need

        found = result["confidence"]
        how = left_out_in_words(found["left_out_groups"], found["left_out_n"])
        print_line(
            f"\ntemperature {found['temperature']:.2f}; calibration error {percent(found['expected_error'], 1)} "
            f"({percent(found['uncalibrated_error'], 1)} before); on the support, {how}, "
            f"{percent(found['left_out_accuracy'], 1)} right"
        )
    if "foreign" in result:
        found = result["foreign"]
        print_line(
            f"\n{found['n']} foreign images are told from the test set with a ROC area of {found['area']:.3f}, by "
            "the share times closeness that classify --none-below compares"
        )


def _points(found: float | tuple[float, float]) -> str:
    """A difference, or its interval, in points."""
    ends = found if isinstance(found, tuple) else (found,)
    return " to ".join(f"{100 * end:+.1f}" for end in ends)


def _share(found: Mapping[str, Any]) -> tuple[str, str]:
    return percent(found["accuracy"], 1), percent_range(found["interval"], 1)
