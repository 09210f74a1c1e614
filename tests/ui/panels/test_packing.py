import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sav_ui.panels.packing import packed, unpacked

THOUSANDTHS = [number / 1000 for number in range(-1000, 1000, 7)]


def again(values):
    return unpacked(json.loads(json.dumps(packed(values))))


@given(st.lists(st.integers(-32767, 32767), min_size=16, max_size=60), st.integers(0, 4))
@settings(deadline=None)
def test_numbers_of_few_places_come_back_exactly(whole, places):
    values = [number / 10**places for number in whole]
    assert again(values) == values


def test_words_of_which_few_differ_come_back():
    words = ["", "<br>taken for ü", "", "&lt;"] * 10
    assert again(words) == words
    assert again([""] * 40) == [""] * 40
    assert packed(words[::-1])["of"] == packed(words)["of"], "one part, whichever comes first"


@pytest.mark.parametrize(
    "values",
    [
        THOUSANDTHS[:15],
        [*THOUSANDTHS, 1 / 3],
        [*THOUSANDTHS, 64.536],
        [*THOUSANDTHS, 1e300],
        [*THOUSANDTHS, float("nan")],
        [*THOUSANDTHS, None],
        [*THOUSANDTHS, True],
        [*THOUSANDTHS, "a"],
        [str(number) for number in range(40)],
        [[1, 2]] * 40,
    ],
)
def test_what_would_be_rounded_or_grow_stays_as_it_is(values):
    assert packed(values) is None


def test_a_map_of_many_points_takes_a_third_of_the_letters():
    assert len(json.dumps(packed(THOUSANDTHS))) < len(json.dumps(THOUSANDTHS)) / 3
    assert unpacked({"x": 1}) == {"x": 1}
