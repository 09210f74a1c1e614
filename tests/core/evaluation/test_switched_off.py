import numpy as np
import pytest

from sav_core.errors import SettingError
from sav_core.evaluation.support_fit import fit_support
from sav_core.evaluation.switched_off import SwitchedOff
from sav_core.heads.rules import VOTING_RULES
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors

NOISY, QUERIES = clusters(noise=4.0), clusters(noise=4.0, seed=5)


@pytest.mark.parametrize("voting", VOTING_RULES)
def test_the_others_vote_as_if_the_model_had_no_such_heads(voting):
    whole = fit_support(NOISY, voting=voting, scoring="leave_one_out")
    without = SwitchedOff(whole, whole.scores.ranking[1:3])
    on = [head for head in NOISY.geometry.every_head() if head not in without.off]
    bare = fit_support(head_vectors(NOISY.of(on)[:, None], NOISY.labels), voting=voting, scoring="leave_one_out")
    number = without.number(6)
    found = without.classifier(6).predict(QUERIES)
    expected = bare.classifier(number).predict(head_vectors(QUERIES.of(on)[:, None]))
    assert [one.label for one in found] == [one.label for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.shares == pytest.approx(other.shares)
        assert one.probability == pytest.approx(other.probability)
        assert [vote.label for vote in one.votes] == [vote.label for vote in other.votes]
        assert [vote.head for vote in one.votes] == [on[vote.head.index] for vote in other.votes]
    assert without.left_out.right.tolist() == bare.left_out.right.tolist()
    assert len(set(without.left_out.right.tolist())) > 1, "a flat curve tells nothing"


def test_of_the_best_heads_those_switched_off_are_missing_and_none_takes_their_place():
    whole = fit_support(NOISY, scoring="leave_one_out")
    best = whole.classifier(6).kept_heads_
    assert SwitchedOff(whole, best[2:4]).classifier(6).kept_heads_ == (*best[:2], *best[4:])
    assert SwitchedOff(whole, whole.scores.ranking[10:12]).classifier(6).kept_heads_ == best
    assert SwitchedOff(whole, best[:1]).classifier(1).kept_heads_ == best[1:2], "one always votes"


def test_where_each_label_rests_on_its_own_heads_the_next_best_take_their_place():
    whole = fit_support(NOISY, voting="reliability", scoring="leave_one_out")
    off = whole.classifier(3).kept_heads_[:2]
    without = SwitchedOff(whole, off)
    assert without.number(3) == 3
    made = without.classifier(3)
    assert not set(off) & set(made.kept_heads_)
    np.testing.assert_array_equal((made.head_weights_ > 0).sum(0), [3, 3, 3])


def test_heads_that_are_none_and_all_of_them_are_refused():
    whole = fit_support(NOISY)
    with pytest.raises(SettingError, match="does not exist"):
        SwitchedOff(whole, (Head(9, 9),))
    with pytest.raises(SettingError, match="at least one must vote"):
        SwitchedOff(whole, NOISY.geometry.every_head())
