"""The select that says how votes are counted: each voting rule in a line, and why one cannot be had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sav_core.heads.voting import VOTING_RULES
from sav_ui.session.fit import Fit

__all__ = ["NEEDS_TWO", "counting"]

_LINES: Mapping[str, str] = {
    "majority": "One head, one vote: for the label it finds nearest. The paper's rule.",
    "gaussian": "Each head gives every label a probability, by the examples' means and spread; their mean decides.",
    "reliability": "Each label rests on the heads that proved right about it, and the more reliable count more.",
}

NEEDS_TWO: Mapping[str, str] = {
    "reliability": "Reliability is measured on examples left out, so some label needs two of them: add one.",
}
"""Why a rule cannot be fitted where every label has a single example."""


def counting(fit: Fit) -> dict[str, Any]:
    """The rules to choose from, the one that counts, its line, and why another cannot be chosen."""
    missing = [] if fit.can_leave_out else list(NEEDS_TWO)
    return {
        "voting": fit.rule.voting,
        "rules": [{"name": rule, "missing": rule in missing} for rule in VOTING_RULES],
        "line": _LINES[fit.rule.voting],
        "why_not": " ".join(NEEDS_TWO[rule] for rule in missing),
    }
