"""One way to write per cent, in every figure and on every page."""

import re
from pathlib import Path

import pytest

from sav_core.figures.style import colourbar, elided, elided_apart, percent_axis
from sav_core.wording import percent

ROOT = Path(__file__).resolve().parents[3]


def test_a_share_is_written_with_a_space():
    assert [percent(0.944), percent(0.944, 1), percent(1)] == ["94 %", "94.4 %", "100 %"]
    assert colourbar("accuracy", [0, 1])["ticktext"] == ["0 %", "100 %"]


@pytest.mark.parametrize(("low", "high"), [(-0.02, 1.04), (0.46, 1.03), (0.88, 1.03)])
def test_an_axis_has_a_few_ticks_inside_of_its_ends_whatever_they_are(low, high):
    axis = percent_axis(low, high)
    assert 2 <= len(axis["tickvals"]) <= 6
    assert low <= min(axis["tickvals"]) <= max(axis["tickvals"]) <= 1
    assert axis["ticktext"] == [percent(tick) for tick in axis["tickvals"]]
    assert len(set(axis["ticktext"])) == len(axis["ticktext"])


def test_nothing_that_is_shown_leaves_per_cent_to_a_format_without_the_space():
    shown = [*ROOT.glob("sav_core/figures/*.py"), *ROOT.glob("sav_ui/**/*.py"), *ROOT.glob("sav_core/**/*.jinja")]
    shown += ROOT.glob("sav_ui/templates/**/*.html")
    assert len(shown) > 60
    odd = [path.name for path in shown if re.search(r":\.\d%|[\d}]%<|\}\}%(?!\")", path.read_text(encoding="utf-8"))]
    assert not odd, f"these write per cent in a way of their own: {odd}"


def test_long_names_of_one_kind_stay_apart_when_they_are_cut():
    assert elided("butterfly") == "butterfly"
    names = [f"category number {number}" for number in range(20)]
    assert len({elided(name) for name in names}) == 20
    assert all(len(elided(name)) <= 14 and "…" in elided(name) for name in names)
    assert elided("category number 17") == "categor…ber 17"


def test_names_beside_each_other_are_elided_so_that_they_differ():
    numbered = [f"category {number} of things" for number in (1, 2, 12, 13)]
    assert len({elided(name) for name in numbered}) == 1
    apart = elided_apart(numbered)
    assert apart[0] == "…1 of things"
    assert len(set(apart)) == 4
    assert all(len(name) <= 14 for name in apart)
    assert elided_apart(["the same long name"] * 2) == [elided("the same long name")] * 2, "what is alike stays alike"
    assert elided_apart(["short", "category 1 of things"]) == ["short", elided("category 1 of things")]
