import numpy as np
import pytest

from sav_core.heads.rules.majority import majority


def cast(*votes, labels=3):
    """Similarities in which each head clearly prefers one label."""
    return np.eye(labels)[np.array(votes)][None]


def test_most_votes_win_and_shares_sum_to_one():
    ballot = majority(cast(2, 0, 2, 1, 2))
    assert ballot.winner.tolist() == [2]
    assert ballot.shares.tolist() == [[0.2, 0.2, 0.6]]
    assert ballot.confidence.tolist() == [0.6]
    assert ballot.margin[0] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("votes", "winner"),
    [((1, 0, 0, 1), 1), ((0, 1, 1, 0), 0), ((2, 1, 0), 2), ((2, 0, 1, 1, 0), 0)],
    ids=["best head says 1", "best head says 0", "all differ", "the best head's label is not among the tied"],
)
def test_a_tie_goes_to_the_tied_label_voted_by_the_best_head(votes, winner):
    assert majority(cast(*votes)).winner.tolist() == [winner]


def test_each_query_is_decided_by_itself():
    queries = np.concatenate([cast(0, 0, 1), cast(1, 2, 2), cast(1, 0, 1)])
    together = majority(queries)
    alone = [majority(queries[[row]]) for row in range(3)]
    assert together.winner.tolist() == [ballot.winner[0] for ballot in alone] == [0, 2, 1]
