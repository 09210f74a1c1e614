import numpy as np

from sav_core.evaluation.metrics import worst_confusions


def test_the_most_frequent_come_first_and_right_answers_never():
    confusion = np.array([[9, 1, 0], [4, 2, 0], [1, 0, 7]])
    assert worst_confusions(["a", "b", "c"], confusion) == [("b", "a", 4, 6), ("a", "b", 1, 10), ("c", "a", 1, 8)]
    assert worst_confusions(["a", "b", "c"], confusion, most=1) == [("b", "a", 4, 6)]
    assert worst_confusions(["a", "b"], np.eye(2, dtype=int)) == []
