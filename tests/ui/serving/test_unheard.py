"""What nobody hears is kept for a while, and takes nobody else's."""

import asyncio
from asyncio import Queue

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sav_ui.host.quiet_blocks import QuietBlocks
from sav_ui.launch import _unheard
from sav_ui.serving.bound_sessions import BoundSessions
from sav_ui.serving.unheard import MOST_UNHEARD, Unheard

INSIDE = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("taken"), methods=["GET", "POST"])])


@pytest.fixture
def now():
    return [0.0]


def test_whoever_listens_keeps_what_is_said_to_them_however_many_others_come(now):
    events = {}
    unheard = Unheard(events, lambda: now[0])
    unheard["victim"] = mine = Queue()
    for second in range(300):
        now[0] = float(second)
        for number in range(10):
            events[f"{second} {number}"] = {"an event"}
            unheard[f"{second} {number}"] = Queue()
        if second % 10 == 0:
            assert unheard["victim"] is mine
    assert len(unheard) <= 10 * 121 + 1, "what nobody has touched for two minutes has gone"
    assert events.keys() == unheard.keys() - {"victim"}


def test_what_is_said_to_one_who_was_forgotten_is_lost_and_no_fault(now):
    unheard = Unheard({}, lambda: now[0])
    unheard["a"] = Queue()
    now[0] = 121.0
    unheard["b"] = Queue()
    unheard["a"].put_nowait("an answer")
    assert list(unheard) == ["b"]
    del unheard["b"]
    assert not unheard
    assert not unheard._touched


def test_a_page_that_hears_nothing_may_ask_for_nothing_more():
    async def made():
        blocks = QuietBlocks().queue()
        blocks._queue.pending_messages_per_session["deaf"] = Queue()
        blocks._queue.pending_messages_per_session["deaf"].put_nowait("an answer")
        return blocks

    blocks = asyncio.run(made())
    unheard = blocks._queue.pending_messages_per_session
    client = TestClient(BoundSessions(INSIDE, lambda name: _unheard(blocks, name)))
    for _ in range(MOST_UNHEARD - 1):
        assert client.post("/gradio_api/queue/join", json={"session_hash": "deaf"}).status_code == 200
        unheard["deaf"].put_nowait("another")
    answer = client.post("/gradio_api/queue/join", json={"session_hash": "deaf"})
    assert answer.status_code == 429
    assert "has not heard" in answer.json()["detail"]
    assert client.post("/gradio_api/queue/join", json={"session_hash": "other"}).status_code == 200
    assert client.get("/gradio_api/queue/data?session_hash=deaf").status_code == 200, "but may listen"
