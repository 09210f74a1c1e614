"""How well one head does, in words that its examples can bear: against guessing, with the interval of its share."""

from __future__ import annotations

from sav_core.evaluation.metrics import skill, wilson_interval

__all__ = ["quality"]

_WELL, _PARTLY = 0.8, 0.45  # of the way from guessing to all right


def quality(right: int, n: int, chance: float, *, whose: str = "your") -> str:
    """Say what a head knows, as the end of a sentence that begins "This head".

    Skill is how far a share has come from guessing to all right, as in Cohen's kappa (1960); nothing is called knowledge
    whose interval reaches down to guessing.

    Args:
        right: how many examples it gives their own label, each left out.
        n: of how many.
        chance: the share that guessing gets right.
        whose: labels and examples they are.
    """
    low, high = wilson_interval(right, n)
    known_share = float(skill(right / n, chance))
    if low <= chance:
        known = "is not told from guessing"
    elif right == n:
        known = f"gets every one of {whose} examples right"
    elif known_share >= _WELL:
        known = f"knows {whose} labels well"
    elif known_share >= _PARTLY:
        known = f"knows {whose} labels in part"
    else:
        known = f"knows a little of {whose} labels"
    return (
        f"{known}: {right} of {n} examples right, left out one at a time "
        f"(95 % interval: {100 * low:.0f} to {100 * high:.0f} %; guessing: {100 * chance:.0f} %)"
    )
