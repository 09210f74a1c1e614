import numpy as np
import pytest

from sav_core.retrieval.nearest import nearest
from sav_core.types import Head
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.inside import own_heads
from sav_ui.pages.teach.actions import act
from sav_ui.pages.teach.run import run
from sav_ui.session.focus import Focus
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models):
    return taught(models, small_project(each=4))


def test_closed_it_lists_every_head_best_first(session):
    shown = inspector(session, own_heads(session))
    assert shown["heads"] == []
    assert [row["name"] for row in shown["list"]] == [str(head) for head in session.fit.ranking]
    assert [row["kept"] for row in shown["list"]] == [True] * 5 + [False] * (len(session.fit.ranking) - 5)
    assert shown["count"] == len(session.fit.ranking)


@pytest.mark.parametrize("place", [0, 5, -1])
def test_words_confusion_and_wrong_examples_tell_the_same_story(session, place):
    head = session.fit.ranking[place]
    session.focus = Focus(head=head)
    about = inspector(session, own_heads(session))["heads"][0]
    counts = np.array([[cell["count"] for cell in row["cells"]] for row in about["rows"]])
    right = int(session.fit.scores.correct[head.layer, head.index])
    assert counts.sum() == len(session.fit.items)
    assert counts.trace() == right
    assert f"{right} of 12 examples right, left out one at a time" in about["words"]
    assert f"number {about['rank']} of" in about["words"]
    assert len(about["wrong"]) + about["more_wrong"] == 12 - right
    for item in about["wrong"]:
        assert item["own"] != item["thought"]


def test_under_training_scores_it_is_said_that_the_tables_are_left_out(session, models):
    below = "Below, each example is judged left out"
    head = session.fit.ranking[0]
    for scoring, said in (("leave_one_out", False), ("resubstitution", True)):
        act(context(session, models), {"do": "scoring", "scoring": scoring})
        session.focus = Focus(head=head)
        about = inspector(session, own_heads(session))["heads"][0]
        trace = sum(cell["count"] for row in about["rows"] for cell in row["cells"] if cell["own"])
        assert (below in about["words"]) is said
        assert f"{trace} of 12 examples right, left out one at a time" in about["words"], "training says too much"


def test_one_example_a_label_says_nothing_of_a_head(models):
    session = taught(models, small_project(each=1))
    session.focus = Focus(head=session.fit.ranking[0])
    words = inspector(session, own_heads(session))["heads"][0]["words"]
    assert "cannot tell how much this head knows" in words
    assert "right" not in words


def test_a_confusion_cell_shows_exactly_its_pictures(session):
    head = session.fit.ranking[-1]
    predicted = session.fit.rule.own_answers.predicted[:, head.layer, head.index]
    for row in range(3):
        for column in range(3):
            session.focus = Focus(head=head, cell=(row, column))
            shown = [item["id"] for item in inspector(session, own_heads(session))["cell_items"]]
            cells = zip(session.fit.items, session.fit.codes, predicted, strict=True)
            assert shown == [item.id for item, code, guess in cells if (code, guess) == (row, column)]


def test_the_nearest_examples_are_the_librarys_and_leave_out_the_example_itself(session):
    head, item = session.fit.ranking[0], session.fit.items[3]
    session.focus = Focus(head=head, item=item.id)
    near = inspector(session, own_heads(session))["heads"][0]["near"]
    found = nearest(session.fit.vectors, session.fit.vectors.take([3]), [head], k=7)
    expected = [session.fit.items[row].id for row in found.positions[0] if row != 3][:6]
    assert near["of"]["id"] == item.id
    assert [other["id"] for other in near["found"]] == expected


def test_two_heads_stand_side_by_side(session):
    session.focus = Focus(head=Head(0, 1), versus=Head(2, 3))
    assert [about["name"] for about in inspector(session, own_heads(session))["heads"]] == ["L0.H1", "L2.H3"]


def test_a_head_that_the_model_no_longer_has_is_not_shown(session):
    session.focus = Focus(head=Head(90, 90))
    assert inspector(session, own_heads(session))["heads"] == []


def test_attention_stands_beside_the_mean_of_the_heads_that_vote(session, models):
    session.focus = Focus(head=Head(1, 1))
    assert inspector(session, own_heads(session))["heads"][0]["attention"] == {"views": [], "why_not": ""}
    list(run(context(session, models), {}))
    alone, mean = inspector(session, own_heads(session))["heads"][0]["attention"]["views"]
    assert alone["caption"].startswith("L1.H1: ")
    assert mean["caption"] == "the 5 heads that vote, on average"
    assert alone["picture"] != mean["picture"]
    assert alone["picture"].startswith("data:image/webp;base64,")
    session.set(n_kept=1)
    session.focus = Focus(head=session.fit.kept[0])
    alone, mean = inspector(session, own_heads(session))["heads"][0]["attention"]["views"]
    assert alone["picture"] == mean["picture"], "the mean of one head is that head"
