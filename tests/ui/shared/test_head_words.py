import pytest

from sav_ui.pages.shared.head_words import quality


@pytest.mark.parametrize(
    ("right", "n", "labels", "words"),
    [
        (36, 36, 6, "gets every one of your examples right"),
        (33, 36, 6, "knows your labels well"),
        (31, 36, 6, "knows your labels well"),
        (22, 36, 6, "knows your labels in part"),
        (13, 36, 6, "knows a little of your labels"),
        (7, 36, 6, "is not told from guessing"),
        (7, 10, 2, "is not told from guessing"),  # 70 % where guessing gets 50: ten examples cannot tell
        (70, 100, 2, "knows a little of your labels"),  # a hundred can
        (86, 100, 2, "knows your labels in part"),
        (3, 3, 3, "gets every one of your examples right"),
        (2, 2, 2, "is not told from guessing"),  # both right, which guessing is in one case of four
        (0, 12, 3, "is not told from guessing"),
    ],
)
def test_words_are_measured_against_guessing_and_by_their_interval(right, n, labels, words):
    said = quality(right, n, 1 / labels)
    assert said.startswith(f"{words}: {right} of {n} examples right")
    assert f"guessing: {100 / labels:.0f} %" in said
