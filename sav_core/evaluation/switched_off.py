"""What a support fit comes to when some of its heads do not vote: which of the heads that know the labels are needed?

    without = SwitchedOff(fit, (Head(3, 2),))
    without.classifier(20)               # of the best 20 heads, those that are on
    without.left_out.at(without.number(20)).accuracy

No model runs and nothing is only hidden: each example is left out of a fit on the heads that are on. Of so many best heads
those switched off are missing, and none takes their place. Under a rule that keeps so many for each label the next best do,
for what a label rests on is its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from sav_core.errors import SettingError
from sav_core.evaluation.acceptance import Acceptances
from sav_core.evaluation.leave_one_out import LeftOutFits
from sav_core.evaluation.support_fit import SupportFit, fit_support
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Head

__all__ = ["SwitchedOff"]


@dataclass(frozen=True, eq=False)
class SwitchedOff:
    """A support fit without the votes of some heads.

    Attributes:
        whole: with all heads.
        off: the heads that do not vote.

    Raises:
        SettingError: a head does not exist, or none is left.
    """

    whole: SupportFit
    off: tuple[Head, ...]

    def __post_init__(self) -> None:
        self.whole.vectors.geometry.check(self.off)
        if not self.on:
            raise SettingError("All heads are switched off, but at least one must vote: switch another one on.")

    @cached_property
    def on(self) -> tuple[Head, ...]:
        """The heads that are on, layer by layer."""
        off = set(self.off)
        return tuple(head for head in self.whole.vectors.geometry.every_head() if head not in off)

    @cached_property
    def part(self) -> SupportFit:
        """The same fit on the heads that are on, as if they were those of one layer."""
        vectors = self.whole.vectors
        alone = replace(vectors, values=vectors.of(self.on)[:, None])
        scoring, belief = self.whole.scores.scoring, self.whole.base.belief
        return fit_support(alone, voting=self.whole.voting, scoring=scoring, belief=belief)

    @property
    def left_out(self) -> LeftOutFits | None:
        """The vote of the heads that are on, on each example without it, for every number of them."""
        return self.part.left_out

    def number(self, n_kept: int) -> int:
        """How many of the heads that are on vote, or under ``reliability`` for each label, where so many of all would."""
        kept = self.whole.fitted.rule.keep(self.whole.scores, n_kept).heads
        gone = len(set(self.off) & set(kept)) if len(kept) == n_kept else 0
        return max(1, min(n_kept - gone, len(self.on)))

    def acceptances(self, n_kept: int) -> Acceptances | None:
        """What they give examples left out and strangers; ``None`` where no example can be left out."""
        return self.part.acceptances(self.number(n_kept))

    def classifier(self, n_kept: int) -> HeadClassifier:
        """The calibrated classifier, which takes the vectors of all heads."""
        of_part = self.part.classifier(self.number(n_kept))
        heads = [self.on[head.index] for head in of_part.kept_heads_]
        made = self.whole.base.voting_with(heads, of_part.head_weights_)
        made.calibration_, made.rejection_ = of_part.calibration_, of_part.rejection_
        made.reach_ = self.whole.base.reach_  # how far out an example lies is a matter of all heads
        return made
