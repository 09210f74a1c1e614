"""Nothing that a measurement can tell is without words."""

import re

from sav_core.evaluation import baselines
from sav_core.heads.rules import VOTING_RULES
from sav_core.reports.measurement import KEPT, About
from sav_core.reports.wording import BASELINES, SETTINGS, named


def test_every_baseline_and_rule_is_told_in_words():
    told = set(re.findall(r"^``(\w+)``", baselines.__doc__, re.MULTILINE))
    asked = {KEPT, "zero_shot_likelihood", "zero_shot_text", "in_context"}
    assert set(BASELINES) == told | set(VOTING_RULES) | asked


def test_every_setting_has_a_name_for_people():
    assert set(SETTINGS) == set(About.__dataclass_fields__) - {"title"}
    assert (named("identity"), named("all_heads")) == ("fingerprint of its weights", "all heads")
