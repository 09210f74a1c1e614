import numpy as np
import pytest

from sav_core.retrieval.nearest import nearest
from sav_core.types import Head
from sav_ui.pages.teach.actions import act, run
from sav_ui.pages.teach.head_inspector import inspector
from sav_ui.session.session import Focus
from tests.support.people import small_project, taught


@pytest.fixture
def visit(shelf):
    return taught(shelf, small_project(each=4))


def test_closed_it_lists_every_head_best_first(visit):
    shown = inspector(visit, visit.fit)
    assert shown["heads"] == []
    assert [row["name"] for row in shown["list"]] == [str(head) for head in visit.fit.ranking]
    assert [row["kept"] for row in shown["list"]] == [True] * 5 + [False] * (len(visit.fit.ranking) - 5)
    assert shown["count"] == len(visit.fit.ranking)


@pytest.mark.parametrize("place", [0, 5, -1])
def test_words_confusion_and_wrong_examples_tell_the_same_story(visit, place):
    head = visit.fit.ranking[place]
    visit.focus = Focus(head=head)
    about = inspector(visit, visit.fit)["heads"][0]
    counts = np.array([[cell["count"] for cell in row["cells"]] for row in about["rows"]])
    right = int(visit.fit.scores.correct[head.layer, head.index])
    assert counts.sum() == len(visit.fit.items)
    assert counts.trace() == right
    assert f"{right} of 12 examples right, left out one at a time" in about["words"]
    assert f"number {about['rank']} of" in about["words"]
    assert len(about["wrong"]) + about["more_wrong"] == 12 - right
    for item in about["wrong"]:
        assert item["own"] != item["thought"]


def test_under_training_scores_it_is_said_that_the_tables_are_left_out(visit, shelf):
    below = "Below, each example is judged left out"
    head = visit.fit.ranking[0]
    for scoring, said in (("leave_one_out", False), ("resubstitution", True)):
        act(visit, shelf, {"do": "scoring", "scoring": scoring})
        visit.focus = Focus(head=head)
        assert (below in inspector(visit, visit.fit)["heads"][0]["words"]) is said


def test_a_confusion_cell_shows_exactly_its_pictures(visit):
    head = visit.fit.ranking[-1]
    predicted = visit.fit.rule.own_answers.predicted[:, head.layer, head.index]
    for row in range(3):
        for column in range(3):
            visit.focus = Focus(head=head, cell=(row, column))
            shown = [item["id"] for item in inspector(visit, visit.fit)["cell_items"]]
            cells = zip(visit.fit.items, visit.fit.codes, predicted, strict=True)
            assert shown == [item.id for item, code, guess in cells if (code, guess) == (row, column)]


def test_the_nearest_examples_are_the_librarys_and_leave_out_the_example_itself(visit):
    head, item = visit.fit.ranking[0], visit.fit.items[3]
    visit.focus = Focus(head=head, item=item.id)
    near = inspector(visit, visit.fit)["heads"][0]["near"]
    found = nearest(visit.fit.vectors, visit.fit.vectors.take([3]), [head], k=7)
    expected = [visit.fit.items[row].id for row in found.positions[0] if row != 3][:6]
    assert near["of"]["id"] == item.id
    assert [other["id"] for other in near["found"]] == expected


def test_two_heads_stand_side_by_side(visit):
    visit.focus = Focus(head=Head(0, 1), versus=Head(2, 3))
    assert [about["name"] for about in inspector(visit, visit.fit)["heads"]] == ["L0.H1", "L2.H3"]


def test_a_head_that_the_model_no_longer_has_is_not_shown(visit):
    visit.focus = Focus(head=Head(90, 90))
    assert inspector(visit, visit.fit)["heads"] == []


def test_attention_stands_beside_the_mean_of_the_heads_that_vote(visit, shelf):
    visit.focus = Focus(head=Head(1, 1))
    assert inspector(visit, visit.fit)["heads"][0]["attention"] == {"views": [], "why_not": ""}
    list(run(visit, shelf, {}))
    alone, mean = inspector(visit, visit.fit)["heads"][0]["attention"]["views"]
    assert alone["caption"].startswith("L1.H1: ")
    assert mean["caption"] == "the 5 heads that vote, on average"
    assert alone["picture"] != mean["picture"]
    assert alone["picture"].startswith("data:image/webp;base64,")
    visit.set(n_kept=1)
    visit.focus = Focus(head=visit.fit.kept[0])
    alone, mean = inspector(visit, visit.fit)["heads"][0]["attention"]["views"]
    assert alone["picture"] == mean["picture"], "the mean of one head is that head"
