"""What a call names by an address: of the open network alone, within limits, and nothing stays of what is refused."""

import errno
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from sav_core.errors import InputError
from sav_ui.api import fetching
from sav_ui.api.fetching import Fetching
from sav_ui.api.files import file_of


class Stranger(BaseHTTPRequestHandler):
    """A server of somebody's."""

    def do_GET(self):
        match self.path:
            case "/endless.png" | "/slow.png":
                self.send_response(200)
                self.end_headers()
                try:
                    while not STOP.is_set():
                        self.wfile.write(bytes(1 if "slow" in self.path else 1 << 16))
                        STOP.wait(0.02 if "slow" in self.path else 0)
                except OSError:
                    return
            case "/inwards":
                self._plain(302, location=f"http://127.0.0.1:{self.server.server_port}/a.png")
            case "/round":
                self._plain(302, location="/round")
            case "/packed":
                self._plain(200, **{"content-encoding": "gzip"})
            case _:
                self._plain(200, b"a picture")

    def _plain(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


STOP = threading.Event()


@pytest.fixture(scope="module")
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        STOP.set()
        server.shutdown()


@pytest.fixture
def address(port, monkeypatch):
    """Where that server is, by a name that the open network knows."""
    looked_up = fetching._open_number

    async def number(host):
        return "127.0.0.1" if host == "stranger.test" else await looked_up(host)

    monkeypatch.setattr(fetching, "_open_number", number)
    return f"http://stranger.test:{port}/"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_nothing_is_fetched_from_the_servers_own_network(host, tmp_path):
    with pytest.raises(InputError, match="from the open network alone"):
        Fetching(tmp_path).fetch(f"http://{host}/a.png")


def test_a_file_is_fetched_whole_and_under_its_name(address, tmp_path):
    found = Fetching(tmp_path).fetch(f"{address}a%20b%2F..%2Fcat.png?x=1")
    assert (found.name, found.read_bytes()) == ("cat.png", b"a picture")
    assert Fetching(tmp_path).fetch(address).name == "file"


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("endless.png", InputError, "may have 1 MiB and take 60 seconds in all"),
        ("inwards", InputError, "open network alone"),
        ("round", ValueError, "from one address to the next"),
        ("packed", ValueError, "packed"),
    ],
)
def test_what_is_refused_leaves_nothing(address, tmp_path, path, error, words):
    with pytest.raises(error, match=words):
        Fetching(tmp_path, most=1 << 20).fetch(address + path)
    assert list(tmp_path.iterdir()) == []


def test_all_of_one_call_have_one_limit_of_bytes_and_one_of_time(address, tmp_path):
    call = Fetching(tmp_path, most=20)
    assert [call.fetch(f"{address}a.png") != call.fetch(f"{address}a.png")] == [True]
    with pytest.raises(InputError, match="send the files themselves"):
        call.fetch(f"{address}a.png")
    with pytest.raises(InputError, match="send the files themselves"):
        Fetching(tmp_path, seconds=0.3).fetch(f"{address}slow.png")
    late = Fetching(tmp_path, clock=iter([0.0, 61.0, 62.0]).__next__)
    with pytest.raises(InputError, match="send the files themselves"):
        late.fetch(f"{address}a.png")


def test_a_disk_that_is_nearly_full_is_left_alone(address, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_LEAST_FREE", 1 << 62)
    with pytest.raises(InputError, match="no room here"):
        Fetching(tmp_path).fetch(f"{address}a.png")


def test_a_disk_that_fills_up_meanwhile_is_told_and_keeps_nothing(address, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fetching.Path, "open", full)
    with pytest.raises(InputError, match=r"cannot be fetched .No space left on device.: send the file itself"):
        file_of(address + "a.png", Fetching(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_address_is_an_error_that_is_known(tmp_path):
    for odd in ("http://", "http://[", "http://a\0b/", f"http://{'a' * 300}/", "http://x:99999/"):
        with pytest.raises((OSError, ValueError, httpx.HTTPError, httpx.InvalidURL, InputError)):
            Fetching(tmp_path).fetch(odd)
