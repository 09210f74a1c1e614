"""Events go packed over the wire, and each can be read as soon as it was said."""

import asyncio
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sav_ui.serving.packed_events import PackedEvents

MESSAGES = [b"data: one\n\n", b'data: "' + b"<li>the same again</li>" * 9000 + b'"\n\n', b"data: last\n\n"]


async def events(request):
    return StreamingResponse(iter(MESSAGES), media_type="text/event-stream")


async def words(request):
    return PlainTextResponse("as it is " * 100)


APP = PackedEvents(Starlette(routes=[Route("/events", events), Route("/words", words)]))


def sent(accepts):
    """The messages of an answer, in their order."""
    said = []

    async def receive():
        await asyncio.sleep(60)  # nobody leaves

    async def send(message):
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": "/events", "query_string": b"", "headers": accepts}
    with ThreadPoolExecutor(1) as threads:  # browser tests keep this one's loop
        threads.submit(asyncio.run, APP(scope, receive, send)).result()
    return said


def test_each_event_can_be_read_as_soon_as_it_was_said():
    start, *bodies = sent([(b"accept-encoding", b"gzip, br")])
    headers = dict(start["headers"])
    assert headers[b"content-encoding"] == b"gzip"
    assert b"accept-encoding" in headers[b"vary"].lower()
    reader = zlib.decompressobj(wbits=31)
    assert [reader.decompress(message["body"]) for message in bodies[:3]] == MESSAGES
    assert reader.decompress(bodies[-1]["body"]) == b""
    assert reader.eof
    assert sum(len(message["body"]) for message in bodies) < sum(map(len, MESSAGES)) / 20


@pytest.mark.parametrize("accepts", [[], [(b"accept-encoding", b"br")]])
def test_whoever_cannot_unpack_gets_them_as_they_are(accepts):
    start, *bodies = sent(accepts)
    assert b"content-encoding" not in dict(start["headers"])
    assert b"".join(message["body"] for message in bodies) == b"".join(MESSAGES)


def test_all_else_passes_as_it_comes():
    answer = TestClient(APP).get("/words")
    assert answer.text == "as it is " * 100
    assert "content-encoding" not in answer.headers
