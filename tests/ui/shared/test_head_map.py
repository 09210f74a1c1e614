import json
import re

import numpy as np
import pytest

from sav_core.retrieval.projection import project
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.shared import head_map
from sav_ui.pages.shared.head_inspector import inspector
from sav_ui.pages.shared.inside import own_heads
from sav_ui.pages.teach import view
from sav_ui.pages.teach.actions import act
from sav_ui.panels.parts import cut, joined
from sav_ui.session.focus import Focus
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models):
    session = taught(models, small_project(each=4))
    session.focus = Focus(head=session.fit.ranking[0])
    return session


def faces(values):
    """The examples that have a picture in the map, in their order."""
    return re.findall('<img data-face="([^"]+)" src="data:image', joined(values["faces"].html, values["faces"].parts))


def shown(session):
    about = inspector(session, own_heads(session))
    return about["heads"][0]["map"], json.loads(about["figures"]["map-1"])


def test_the_map_says_what_share_of_the_distances_it_keeps_and_shows_every_example(session):
    values, figure = shown(session)
    found = project(session.fit.vectors, [session.focus.head])
    assert (
        f"keeps {round(100 * found.kept)} % of the distances between your examples in this head’s space" in values["words"]
    )
    ids = [name for trace in figure["data"][:3] for name in trace["ids"]]
    assert sorted(ids) == sorted(item.id for item in session.fit.items)
    assert faces(values) == [item.id for item in session.fit.items]


def test_it_is_of_this_head_or_of_all_that_vote_by_one_projection_or_the_other(session, models):
    one, _ = shown(session)
    act(context(session, models), {"do": "map", "of": "kept"})
    every, _ = shown(session)
    assert "the space of the heads that vote" in every["words"]
    assert every["label"].startswith("Map of all 5 heads that vote: 12 examples.")
    act(context(session, models), {"do": "map", "by": "distances"})
    act(context(session, models), {"do": "map", "of": "head", "by": "<script>"})
    moved, figure = shown(session)
    assert moved["words"] != one["words"]
    assert not figure["layout"].get("annotations")


def test_two_heads_have_a_map_each_of_the_same_pictures(session):
    session.look_at(versus=session.fit.ranking[3])
    about = inspector(session, own_heads(session))
    assert set(about["figures"]) == {"map-1", "map-2"}
    assert about["heads"][0]["map"]["faces"] == about["heads"][1]["map"]["faces"]
    assert list(about["pieces"]) == [head["map"]["faces"] for head in about["heads"]]
    session.look_at(mapped="kept")
    assert set(inspector(session, own_heads(session))["figures"]) == {"map-1"}


def test_a_query_of_another_page_stands_among_the_examples(session):
    state, item = session.state(ClassifyState), session.project.items[2]
    state.add([Query("", item.pictures)])
    assert len(shown(session)[1]["data"]) == 4
    query = state.queries[0]
    state.keep(query, session.project, session.fit.vectors.values[2])
    values, figure = shown(session)
    assert figure["data"][4]["ids"] == [query.id]
    place = figure["data"][2]["ids"].index(item.id) if item.id in figure["data"][2]["ids"] else None
    assert place is not None
    assert (figure["data"][4]["x"][0], figure["data"][4]["y"][0]) == (
        figure["data"][2]["x"][place],
        figure["data"][2]["y"][place],
    )
    assert [name for name, _ in values["asked"]] == [query.id]


def test_a_map_is_drawn_again_only_when_it_has_changed(session):
    first = inspector(session, own_heads(session))["figures"]["map-1"]
    session.say("anything", where="bench")
    pictures = shown(session)[0]["faces"]
    session.set(n_kept=2)
    assert inspector(session, own_heads(session))["figures"]["map-1"] is first
    session.look_at(head=session.fit.ranking[2])
    assert shown(session)[0]["faces"] is pictures, "the pictures stay from head to head"
    session.edit(lambda project: project.without_items([project.items[0].id]))
    assert shown(session)[0]["faces"] is not pictures


def test_of_many_examples_evenly_chosen_ones_are_pictures(session, monkeypatch):
    monkeypatch.setattr(head_map, "SHOWN_AS_PICTURES", 5)
    assert faces(shown(session)[0]) == [item.id for item in session.fit.items[::3]]


def test_the_page_has_a_place_for_it_and_a_table_beside_it(session):
    found = view.findings(session)
    assert "map-1" in found["figures"]
    assert 'data-figure="map-1" data-points="look"' in found["html"]
    packed, parts = cut(found)
    assert joined(packed["html"], parts).count("<img data-face=") == 12
    assert "The map as a table" in found["html"]


def test_another_head_is_its_own_numbers_among_the_same_words(session):
    """Of its HTML nothing is sent again but what it alone has."""

    def look(head):
        session.look_at(head=head)
        return cut({**view.findings(session), "figures": {}})

    wrong = {
        head: len(inspector(session, own_heads(session))["heads"][0]["wrong"])
        for head in session.fit.ranking[6:]
        if not session.look_at(head=head)
    }
    one, other = next((a, b) for a in wrong for b in wrong if a != b and wrong[a] == wrong[b] > 0)
    (first, had), (second, parts) = look(one), look(other)
    fresh = [text for name, text in parts.items() if name not in had and not text.startswith("data:")]
    assert len(second["moving"]) + sum(map(len, fresh)) < 1600
    assert joined(first["html"], had, first["moving"]) != joined(second["html"], parts, second["moving"])


def test_what_an_example_is_taken_for_is_what_the_head_gives_it_left_out(session):
    head = session.fit.ranking[-1]
    session.look_at(head=head)
    _, figure = shown(session)
    predicted = session.fit.rule.own_answers.predicted[:, head.layer, head.index]
    wrong = sum(bool(words) for trace in figure["data"][:3] for words in trace["hovertext"])
    assert wrong == np.count_nonzero(predicted != session.fit.codes)
