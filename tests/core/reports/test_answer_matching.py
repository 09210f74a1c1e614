import pytest

from sav_core.reports.answer_matching import same_answer


@pytest.mark.parametrize(
    ("text", "label", "same"),
    [
        ("A cat.", "cat", True),
        ("the Red Apple", "red apple", True),
        ("the Red Apple", "apple", False),
        ("I see a red apple on a table.", "red apple", True),
        ("I see a red apple on a table.", "apple", False),
        ("a red apple beside an apple", "red apple", False),
        ("cat", "cats", False),
        ("cats", "cat", False),
        ("a", "A", True),
        ("", "cat", False),
        ("it is a CAT!", "cat", True),
        ("it is a CAT!", "A", False),
        ("The answer is A.", "A", True),
        ("A or B", "A", False),
        ("This is the cat, a cat.", "dog", False),
        ("one cat, not one dog", "cat", False),
        ("concatenate", "cat", False),
        ("some golden retriever", "golden_retriever", True),
        ("?", "?", True),
        ("!", "?", False),
    ],
)
def test_a_written_answer_names_one_label_whatever_its_dress(text, label, same):
    labels = ["cat", "cats", "dog", "apple", "red apple", "A", "B", "golden_retriever", "?"]
    assert same_answer(text, label, labels) is same
