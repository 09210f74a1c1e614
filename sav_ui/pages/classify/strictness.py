"""When the page says "none of these", what that costs, and why it says so of a picture: in plain words."""

from __future__ import annotations

from typing import Any

from sav_ui.pages.shared.answers import Answer, percent, threshold_of
from sav_ui.session.fit import Fit

__all__ = ["reasons", "strictness"]


def strictness(fit: Fit, wanted: float | None) -> dict[str, Any]:
    """The one control, from lenient to strict, with what its place costs on the visitor's own examples.

    Args:
        fit: whose heads vote.
        wanted: where the visitor has put it; as learned from the examples where ``None``.
    """
    learned, threshold = fit.classifier.rejection_, threshold_of(fit, wanted)
    return {
        "percent": percent(threshold),
        "learned": None if learned is None else percent(learned.threshold),
        "moved": wanted is not None and learned is not None and percent(wanted) != percent(learned.threshold),
        "cost": _cost(fit, threshold),
    }


def reasons(answer: Answer) -> list[dict[str, Any]]:
    """Why to believe an answer or not, as sentences; ``doubt`` marks what speaks against it."""
    label, heads = answer.prediction.label, len(answer.prediction.votes)
    agree = sum(vote.label == label for vote in answer.prediction.votes)
    agreeing = f"{agree} of {heads} heads agree" if heads > 1 else "One head votes"
    lines = [_line(f"{agreeing}.")]
    if answer.closeness < 1:
        lines.append(_line(_far(answer), doubt=answer.none or answer.unlike))
    if answer.none:
        shown, needed = percent(answer.acceptance), percent(answer.threshold)
        lines.append(_line(f"An answer needs {needed} % here, and this one has {shown} %.", True))
    elif answer.probability is not None:
        chance = f"{100 * answer.probability:.0f} %"
        lines.append(_line(f"If it is one of your labels at all, such a vote is right about {chance} of the time."))
    if answer.prediction.closeness is None and not answer.none:
        lines.append(_line("Whether it is like your examples cannot be told from one picture a label.", doubt=True))
    return lines


def _far(answer: Answer) -> str:
    """How far out a picture lies, and what becomes of its share of the vote; what is named is not called like nothing."""
    label = answer.prediction.label
    times = f"{1 / answer.closeness:.1f}" if answer.closeness > 0.01 else "a hundred"
    far = f"a little farther from “{label}” than" if times == "1.0" else f"{times} times as far from “{label}” as"
    if answer.unlike:
        how = "It is nothing like your examples" if answer.none else "It is far from your examples"
    else:
        how = "It is less like your examples than they are like one another"
    counts = f"its {100 * answer.prediction.confidence:.0f} % of the vote count as {percent(answer.acceptance)} %"
    if not answer.single:
        return f"{how}: {far} the farthest of them, so {counts}."
    return (
        f"{how}: {far} it may be, so {counts}. “{label}” has one picture, which does not show "
        "how much its pictures differ: they are taken to differ as much as those of your other labels do on average."
    )


def _cost(fit: Fit, threshold: float) -> str:
    """What a threshold costs on the examples, as sentences."""
    tried = fit.acceptances
    if tried is None:
        return (
            "One picture a label does not show how much its pictures differ, so nothing is refused unless you ask for it. "
            "Add a second picture to a label, and the place is learned."
        )
    cost = tried.cost(threshold)
    own = f"refuses {cost.refused} of {cost.own} of your examples"
    if not cost.strangers:
        return f"Here it {own}. Strangers could not be tried: with a label hidden, too few examples are left."
    by = ", judged by the other label alone" if len(fit.labels) == 2 else ""
    passed = "lets none of" if not cost.passed else f"lets {cost.passed} of"
    weak = " Your labels are too alike for strangers to be told." if cost.passed == cost.strangers and threshold > 0 else ""
    return f"Here it {own} and {passed} {cost.strangers} strangers pass{by}.{weak}"


def _line(text: str, doubt: bool = False) -> dict[str, Any]:
    return {"text": text, "doubt": doubt}
