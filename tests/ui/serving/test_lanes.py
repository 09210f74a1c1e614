from types import SimpleNamespace

import pytest
from gradio.context import LocalContext

from sav_ui.serving.lanes import Lanes
from sav_ui.serving.listening import who_listens


def test_one_job_of_a_visitor_is_done_one_waits_and_a_third_is_refused():
    lanes = Lanes()
    first, second = lanes.enter("a"), lanes.enter("a")
    assert (first.is_free(0), second.is_free(0)) == (True, False)
    assert lanes.enter("a") is None
    assert lanes.enter("b").is_free(0), "another visitor has lanes of their own"
    with first:
        pass
    assert second.is_free(0)
    assert not lanes.enter("a").is_free(0)


def test_what_waits_already_is_known_and_what_is_being_done_is_not_taken_for_it():
    lanes = Lanes(3)
    first = lanes.enter("a", "this")
    assert not lanes.waits("a", "this"), "it may have begun before what is asked for now"
    with lanes.enter("a", "this"):
        assert lanes.waits("a", "this")
        assert not lanes.waits("a", "that")
        assert not lanes.waits("b", "this")
        assert lanes.enter("a", "that", gives_way=True) is None, "it waits behind no other that waits"
        assert lanes.enter("a", "that") is not None
    assert first.is_free()


def test_one_who_leaves_while_they_wait_leaves_nothing():
    lanes = Lanes()
    with lanes.enter("a"), lanes.enter("a") as second:
        assert not second.is_free(0)
    assert lanes.enter("a").is_free(0)
    assert lanes._there.keys() == {"a"}


@pytest.fixture
def event(monkeypatch):
    """An event as Gradio's queue has it while its function runs."""
    event = SimpleNamespace(alive=True, session_hash="page")
    said = SimpleNamespace(empty=lambda: event.heard)
    event.heard = True
    queue = SimpleNamespace(event_ids_to_events={"id": event}, pending_messages_per_session={"page": said})
    tokens = LocalContext.blocks.set(SimpleNamespace(_queue=queue)), LocalContext.event_id.set("id")
    yield event
    LocalContext.blocks.reset(tokens[0])
    LocalContext.event_id.reset(tokens[1])


def test_who_closes_the_stream_of_answers_has_gone(event):
    gone = who_listens()
    assert not gone()
    event.alive = False
    assert gone()


def test_who_never_listens_has_gone_after_a_while(event):
    now = [0.0]
    gone = who_listens(lambda: now[0])
    event.heard = False
    assert not gone()
    now[0] = 29
    assert not gone()
    event.heard = True
    assert not gone(), "they have heard it meanwhile"
    event.heard = False
    assert not gone()
    now[0] = 60
    assert gone()


def test_without_gradios_queue_somebody_is_there():
    assert not who_listens()()


def test_what_a_page_asks_for_by_itself_gives_its_place_to_a_click_but_not_to_its_like():
    lanes = Lanes()
    with lanes.enter("a", gives_way=True) as first:
        with lanes.enter("a", gives_way=True) as waiting:
            assert lanes.enter("a", gives_way=True) is None
            clicked = lanes.enter("a")
            assert waiting.is_free(0), "it need not wait any more"
            assert waiting.given_away
            assert not clicked.is_free(0)
            assert lanes.enter("a") is None, "a click gives its place to no other"
        assert not clicked.is_free(0)
        assert not first.given_away, "what is under way is left alone"
    with clicked:
        assert clicked.is_free(0)
        assert not clicked.given_away
    assert not lanes._there
