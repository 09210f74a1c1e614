"""What the page says of "none of these": one number, its cost on the examples, and no reassurance for what lies outside."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sav_core.sav import SavClassifier
from sav_core.types import Head, HeadVectors, Prediction, Vote
from sav_ui.pages.classify import view
from sav_ui.pages.classify.actions import act
from sav_ui.pages.classify.files import as_json
from sav_ui.pages.classify.live import show
from sav_ui.pages.classify.state import WHERE, ClassifyState, Query
from sav_ui.pages.classify.strictness import reasons, strictness
from sav_ui.pages.shared.answers import Answer, answers, percent
from sav_ui.pages.shared.webcam import WebcamFrame, WebcamState
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models):
    return taught(models, small_project(each=4))


def answer(share=0.8, closeness=1.0, threshold=0.44, label="bird", **more):
    """Of ten heads."""
    rest = {name: (1 - share) / 2 for name in ("bird", "coin", "flower") if name != label}
    votes = tuple(Vote(Head(0, i), label if i < round(10 * share) else min(rest), 0.5) for i in range(10))
    shares = {name: share if name == label else rest[name] for name in ("bird", "coin", "flower")}
    prediction = Prediction(label, shares, votes, np.zeros((10, 3)), 0.1, share, "x", 0.66, closeness=closeness, **more)
    return Answer(prediction, 0, threshold)


def said(given):
    return " ".join(line["text"] for line in reasons(given))


def test_a_picture_within_reach_is_told_how_often_such_votes_are_right_if_it_is_one_of_the_labels():
    words = said(answer())
    assert words == "8 of 10 heads agree. If it is one of your labels at all, such a vote is right about 66 % of the time."


@pytest.mark.parametrize(
    ("share", "closeness", "none", "told"),
    [
        (0.9, 0.5, False, "It is far from your examples: 2.0 times as far from “bird” as the farthest of them"),
        (0.8, 0.5, True, "It is nothing like your examples: 2.0 times as far from “bird” as the farthest of them"),
        (0.8, 0.8, False, "less like your examples than they are like one another: 1.2 times"),
        (0.8, 0.98, False, "like one another: a little farther from “bird” than the farthest of them"),
        (0.7, 0.4, True, "its 70 % of the vote count as 28 %"),
        (0.4, 1.0, True, "An answer needs 44 % here, and this one has 40 %."),
    ],
)
def test_what_lies_outside_gets_no_chance_of_being_right_and_no_reassurance(share, closeness, none, told):
    given = answer(share, closeness)
    words = said(given)
    assert given.none is none
    assert told in words
    assert ("right about" in words) is False
    assert "as close" not in words
    assert any(line["doubt"] for line in reasons(given)) is (none or closeness < 2 / 3)


def test_of_a_label_with_one_picture_it_is_said_whose_pictures_tell_how_much_its_own_differ():
    words = said(replace(answer(0.9, 0.5), single=True))
    assert "2.0 times as far from “bird” as it may be, so its 90 % of the vote count as 45 %." in words
    assert "“bird” has one picture, which does not show how much its pictures differ" in words
    assert "has one picture" not in said(replace(answer(), single=True)), "within reach it does not matter"


def test_one_picture_a_label_cannot_tell_what_is_like_it():
    assert "cannot be told from one picture a label" in said(answer(closeness=None, threshold=0.0))


def test_a_per_cent_that_is_shown_reads_as_it_is_compared():
    for threshold in range(101):
        for acceptance in np.linspace(0.001, 0.798, 101).tolist():
            given = answer(closeness=acceptance / 0.8, threshold=threshold / 100)
            assert given.none is (percent(given.acceptance) < threshold), (threshold, given.acceptance)


def test_the_default_is_learned_and_its_cost_is_counted(session, models):
    fit, learned = session.fit, session.fit.classifier.rejection_
    assert session.project.threshold is None
    shown = strictness(fit, None)
    assert (shown["percent"], shown["learned"], shown["moved"]) == (percent(learned.threshold),) * 2 + (False,)
    assert f"refuses {learned.refused} of 12 of your examples" in shown["cost"]
    assert "of 12 strangers pass" in shown["cost"]
    act(context(session, models, WHERE), {"do": "threshold", "value": 100})
    cost = strictness(fit, session.project.threshold)["cost"]
    everything = fit.acceptances.cost(1.0)
    assert f"refuses {everything.refused} of 12" in cost
    assert everything.refused >= learned.refused
    act(context(session, models, WHERE), {"do": "learned_threshold"})
    assert session.project.threshold is None


def test_with_two_labels_it_says_who_judged_the_strangers_and_with_one_picture_each_what_it_does_instead(models):
    two = taught(models, small_project(labels=("a cat", "hund"), each=3))
    assert "judged by the other label alone" in strictness(two.fit, None)["cost"]
    one = taught(models, small_project(each=1))
    shown = strictness(one.fit, None)
    assert (shown["percent"], shown["learned"]) == (0, None)
    assert "nothing is refused unless you ask for it" in shown["cost"]


@pytest.mark.parametrize("threshold", [None, 0.0, 0.6])
def test_the_library_and_the_pages_file_say_the_same(session, models, threshold):
    session.set(threshold=threshold)
    state, rng = session.state(ClassifyState), np.random.default_rng(0)
    item = session.project.items[0]
    state.add([Query("", item.pictures, text=f"{number}?") for number in range(4)])
    vectors = rng.standard_normal((4, *session.fit.vectors.geometry.shape)).astype(np.float32)
    for query, vector in zip(state.queries, vectors, strict=True):
        state.keep(query, session.project, vector)
    library = SavClassifier.from_heads(models.get(""), session.fit.classifier, "Which animal?").head_classifier_
    predictions = library.predict(HeadVectors(vectors, (None,) * 4, ("",) * 4, tuple(range(4)), 4))
    limit = predictions[0].none_below if threshold is None else threshold
    html = view.answers(session)["html"]
    for told, prediction in zip(json.loads(as_json(state, session.project, session.fit)), predictions, strict=True):
        assert told["acceptance"] == prediction.acceptance
        assert told["none"] is prediction.is_rejected(threshold)
        assert told["none_below"] == limit
        assert (told["label"] == "none of these") is told["none"]
        assert f"{percent(prediction.acceptance)} %" in html


def test_live_bars_keep_their_places_and_are_a_mean_of_frames(session):
    first = answer(0.9, label="bird")
    frames = (first, first, answer(0.9, label="flower"))
    session.state(WebcamState).put(WHERE, WebcamFrame(3, answers=frames))
    html = show(session)["html"]
    assert html.index('title="bird"') < html.index('title="coin"') < html.index('title="flower"')
    assert "<strong>bird</strong> <span>61 %</span>" in html, "one frame of three does not turn it over, and counts"
    shares = {"bird": 0.2, "coin": 0.1, "flower": 0.7}
    assert [bar["label"] for bar in view.bars(shares, "flower", in_place=True)] == ["bird", "coin", "flower"]
    assert [bar["label"] for bar in view.bars(shares, "flower")] == ["flower", "bird", "coin"]
    unsure = tuple(replace(each, threshold=0.95) for each in frames)
    session.state(WebcamState).put(WHERE, WebcamFrame(3, answers=unsure))
    assert "<strong>None of these</strong> <span>bird: 61 %</span>" in show(session)["html"]


def test_answers_are_judged_by_what_the_visitor_asks_for_else_by_what_was_learned(session):
    vectors = session.fit.vectors.values[:3]
    learned = session.fit.classifier.rejection_.threshold
    assert {each.threshold for each in answers(session.fit, vectors, None)} == {learned}
    assert {each.threshold for each in answers(session.fit, vectors, 0.9)} == {0.9}
