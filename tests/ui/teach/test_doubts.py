import dataclasses
import re

import numpy as np
import pytest

from sav_ui.pages.teach import view
from sav_ui.pages.teach.actions import act
from sav_ui.pages.teach.doubts import doubts, warning
from tests.support.people import context, html_of, small_project, taught


@pytest.fixture
def session(models):
    return taught(models, small_project(each=4))


def judged_as(session, named):
    """Let the heads that vote name other labels for the first example, and the right ones for the rest."""
    fit = session.fit
    left_out, heads = fit.left_out, sum(named)
    votes = np.eye(len(fit.labels), dtype=np.int64)[left_out.codes] * heads
    votes[0] = named
    fit.__dict__["left_out"] = dataclasses.replace(left_out, named=votes, winner=votes.argmax(1))
    return fit.items[left_out.rows[0]]


@pytest.mark.parametrize(
    ("named", "told", "movable"),
    [
        ((0, 1, 0), False, False),  # one head's word
        ((0, 4, 0), False, False),  # nor four
        ((1, 4, 0), True, False),
        ((0, 5, 0), True, True),
        ((9, 11, 0), False, False),
        ((4, 16, 0), True, False),
        ((2, 18, 0), True, True),
    ],
)
def test_several_heads_and_a_clear_margin_are_needed_to_doubt_and_more_to_offer_a_move(session, named, told, movable):
    item = judged_as(session, named)
    found = doubts(session)
    assert (item.id in found) is told
    if not told:
        return
    line = warning(found[item.id], session.project)
    assert f"{named[1]} of {sum(named)} take" in line["text"]
    assert line["text"].startswith("The heads may be wrong")
    assert [fix["do"] for fix in line["fixes"]] == (["fine", "move"] if movable else ["fine"])


def test_a_settled_doubt_is_gone_and_one_head_alone_has_none(session, models):
    item = judged_as(session, (0, 5, 0))
    assert f'data-key="doubt-{item.id}"' in html_of(view.bench(session))
    act(context(session, models), {"do": "fine", "item": f"doubt-{item.id}"})
    assert not doubts(session)
    session.set(n_kept=1)
    assert "of 1 head" not in html_of(view.bench(session))
    assert not re.search(r"[^0-9]1 of \d+ heads? take", html_of(view.bench(session)))


def test_what_is_doubted_follows_the_number_of_heads_at_once(session):
    judged_as(session, (0, 5, 0))
    assert doubts(session)
    session.set(n_kept=3)  # what the slider does
    assert doubts(session) == {}, "three heads are too few"
    assert 'data-act="move"' not in html_of(view.bench(session))
