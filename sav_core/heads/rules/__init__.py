"""The voting rules by name: how the kept heads' opinions become one answer.

    rule = rule_named("reliability", belief="brier")
    fitted, scores = rule.fit(vectors, codes, n_labels, nearest_mean_scores)

``majority`` (arXiv 2412.00142), ``gaussian`` (arXiv 2603.24181) and ``reliability`` (arXiv 2602.07077) are a module each.
Under the last two the largest share wins, and of equal ones (``sav_core.heads.ties``) the label that sorts first. Another
rule is another module and its row here; nothing outside this room asks which rule it has.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from sav_core.errors import SettingError
from sav_core.heads.rules.gaussian import Gaussian
from sav_core.heads.rules.majority import Majority
from sav_core.heads.rules.reliability import BELIEFS, Belief, Reliability, check_belief
from sav_core.heads.rules.rule import FittedRule, OwnAnswers, VotingRule

__all__ = [
    "BELIEFS",
    "DEFAULT_RULE",
    "RULES",
    "VOTING_RULES",
    "Belief",
    "FittedRule",
    "OwnAnswers",
    "VotingName",
    "VotingRule",
    "rule_named",
]

RULES: dict[str, VotingRule] = {rule.name: rule for rule in (Majority(), Gaussian(), Reliability())}

VotingName: TypeAlias = Literal["majority", "gaussian", "reliability"]
"""Their names for the command line, which reads them from a type."""

DEFAULT_RULE = Majority.name
"""The paper's, which every support can teach."""

VOTING_RULES: tuple[str, ...] = tuple(RULES)


def rule_named(name: str, belief: str = "margin") -> VotingRule:
    """Return a voting rule.

    Args:
        name: of the rule.
        belief: the reliability measure of a rule that has one.

    Raises:
        SettingError: there is no such rule or measure.
    """
    if not isinstance(name, str) or name not in RULES:
        raise SettingError(f"voting must be one of {', '.join(RULES)}, but is {name!r}.")
    check_belief(belief)
    return RULES[name].measuring(belief)
