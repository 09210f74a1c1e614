"""A connection that asks for nothing is closed; one that is answered is not."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from sav_ui.serving.patience import Impatient

WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Transport(asyncio.Transport):
    closed = False

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def write(self, data):
        pass


async def silent(scope, receive, send):
    await asyncio.sleep(3600)


async def answered(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("app", "sent", "closed"),
    [
        (silent, [], True),
        (silent, [b"GET / HT", b"TP/1.1\r\n", b"Host: a\r\n"], True),
        (silent, [WHOLE], False),
        (silent, [WHOLE[:9], WHOLE[9:]], False),
        (answered, [WHOLE, WHOLE[:9], b"x"], True),
    ],
)
def test_only_what_asks_for_nothing_is_closed(app, sent, closed, monkeypatch):
    monkeypatch.setattr(Impatient, "seconds", 0.05)

    async def connect():
        config, transport = Config(app, lifespan="off", timeout_keep_alive=60), Transport()
        config.load()
        connection = Impatient(config, ServerState(), {})
        connection.connection_made(transport)
        for data in sent:
            connection.data_received(data)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        found = transport.closed
        for task in connection.tasks:
            task.cancel()
        connection.connection_lost(None)
        return found

    assert asyncio.run(connect()) is closed
