"""The select that says how votes are counted: each voting rule in a line, and why one cannot be had."""

from __future__ import annotations

from typing import Any

from sav_core.heads.rules import RULES
from sav_ui.session.fit import Fit

__all__ = ["counting"]


def counting(fit: Fit) -> dict[str, Any]:
    """The rules to choose from, the one that counts, its line, and why another cannot be chosen."""
    missing = [] if fit.can_leave_out else [name for name, rule in RULES.items() if rule.needs]
    return {
        "voting": fit.rule.voting,
        "rules": [{"name": name, "missing": name in missing} for name in RULES],
        "line": RULES[fit.rule.voting].explanation,
        "why_not": " ".join(RULES[name].needs for name in missing),
    }
