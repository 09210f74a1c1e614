"""The layers around the app, each attacked as a stranger would do it; the last tests do it to Gradio as it is."""

import asyncio
import json
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.routes import App
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import sav_ui
from sav_core.settings import Settings
from sav_ui.app import build
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNEXPECTED
from sav_ui.port import port_of
from sav_ui.serving.body_limit import BodyLimit
from sav_ui.serving.bound_sessions import TOKEN_HEADER, BoundSessions
from sav_ui.serving.closed_routes import CLOSED, ClosedRoutes, is_closed
from sav_ui.serving.faults import Faults
from sav_ui.serving.layers import layers
from sav_ui.serving.own_routes import OwnRoutes
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.rate_limit import RateLimit
from sav_ui.serving.readiness import readiness
from sav_ui.serving.request_ids import RequestIds
from sav_ui.serving.security_headers import HEADERS, SecurityHeaders
from sav_ui.serving.upload_form import UploadForm, take_files_alone
from sav_ui.serving.upload_quota import UploadQuota
from tests.support.people import pool_with


async def echo(request):
    body = await request.body()
    return JSONResponse({"length": len(body), "path": request.url.path})


INSIDE = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST"])])


def run(work):
    """Run a coroutine in a thread of its own: browser tests keep this one's loop."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def detail(answer):
    return answer.json()["detail"]


@pytest.mark.parametrize("method", ["whole", "in parts", "lying"])
def test_a_body_that_is_too_long_is_refused_however_it_is_sent(method):
    client = TestClient(BodyLimit(INSIDE, most=1000))
    body = {"whole": b"x" * 1001, "in parts": iter([b"x" * 600, b"x" * 600]), "lying": b"x" * 10}[method]
    answer = client.post(
        "/gradio_api/queue/join", content=body, headers={"content-length": "9" * 30} if method == "lying" else {}
    )
    assert answer.status_code == 413
    assert "A request may have up to" in detail(answer)


def test_a_body_within_the_limit_and_an_upload_pass():
    client = TestClient(BodyLimit(INSIDE, most=1000))
    assert client.post("/gradio_api/queue/join", content=iter([b"x" * 500, b"x" * 500])).json()["length"] == 1000
    assert client.post("/gradio_api/upload", content=b"x" * 5000).json()["length"] == 5000


def test_a_body_that_does_not_come_is_given_up():
    sent = []

    async def never():
        await asyncio.Event().wait()

    async def keep(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/gradio_api/queue/join", "headers": []}
    run(BodyLimit(INSIDE, patience=0.01)(scope, never, keep))
    assert sent[0]["status"] == 408


def test_uploads_have_a_quota_for_each_address_and_one_for_all(monkeypatch, tmp_path):
    now = [0.0]
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    limited = UploadQuota(INSIDE, each=1000, total=1500, clock=lambda: now[0])
    one, other, third = (TestClient(limited, client=(f"1.2.3.{number}", 1)) for number in range(3))

    def send(client, length, **headers):
        return client.post("/gradio_api/upload", content=b"x" * length, headers=headers)

    assert [send(one, 600).status_code, send(one, 400).status_code] == [200, 200]
    assert "Up to 0.0 GiB may be uploaded from one address" in detail(send(one, 1))
    assert send(other, 400).status_code == 200
    assert "There is no room here for more files just now" in detail(send(third, 200))
    assert send(one, 10, **{"content-length": ""}).status_code == 411
    assert send(one, 10, **{"transfer-encoding": "chunked"}).status_code == 411, "the length it says would not count"
    now[0] = 3660.0
    (tmp_path / "tmpbroken").write_bytes(bytes(1400))
    os.utime(tmp_path / "tmpbroken", (0, 0))
    assert send(one, 1000).status_code == 200, "it is an hour ago, and in the folder was but one that was broken off"
    (tmp_path / "file").write_bytes(bytes(1400))
    now[0] = 3670.0
    assert "There is no room here" in detail(send(other, 200))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=512 << 20))
    assert "There is no room here" in detail(send(other, 1))


def test_an_address_that_asks_too_much_waits_and_no_other_does():
    now = [0.0]
    limited = RateLimit(INSIDE, per_second=2, connections=10, clock=lambda: now[0])
    one, other = TestClient(limited, client=("1.2.3.4", 1)), TestClient(limited, client=("1.2.3.5", 1))
    answers = [one.get("/config") for _ in range(41)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert "Too many requests came from your address" in detail(answers[-1])
    assert answers[-1].headers["retry-after"] == "5"
    assert one.get("/assets/index.js").status_code == 200, "what the page is made of"
    assert other.get("/config").status_code == 200
    now[0] = 1.0
    assert [one.get("/config").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:5::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("1.2.3.4", "1.2.9.9", False),
    ],
)
def test_who_has_a_network_of_addresses_is_one(first, second, same):
    limited = RateLimit(INSIDE, per_second=1, connections=10, clock=lambda: 0.0)
    statuses = [TestClient(limited, client=(first, 1)).get("/").status_code for _ in range(21)]
    assert statuses[-1] == 429
    assert TestClient(limited, client=(second, 1)).get("/").status_code == (429 if same else 200)


def test_an_address_holds_so_many_open_and_gets_them_back():
    async def scene():
        leave, entered = asyncio.Event(), []

        async def slow(scope, receive, send):
            entered.append(1)
            await leave.wait()
            await PlainTextResponse("done")(scope, receive, send)

        limited, statuses = RateLimit(slow, per_second=1000, connections=2), []

        async def ask():
            async def keep(message):
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            await limited({"type": "http", "method": "GET", "path": "/queue/data", "client": ("1.1.1.1", 1)}, None, keep)

        waiting = [asyncio.create_task(ask()) for _ in range(2)]
        await asyncio.sleep(0)
        await ask()
        assert (statuses, len(entered)) == ([429], 2)
        leave.set()
        await asyncio.gather(*waiting)
        await ask()
        return statuses

    assert run(scene()) == [429, 200, 200, 200]


def test_the_app_says_that_it_lives_and_whether_it_can_serve():
    state = {"ready": False}
    client = TestClient(OwnRoutes(INSIDE, "1.2", lambda: state))
    assert client.get("/health").json() == {"alive": True, "version": "1.2"}
    assert (client.get("/ready").status_code, client.get("/ready").json()) == (503, state)
    state["ready"] = True
    assert client.get("/ready").status_code == 200
    packed, plain = (client.get("/own/plotly.min.js", headers={"accept-encoding": how}) for how in ("gzip", "identity"))
    assert packed.text == plain.text
    assert plain.text.startswith("/**\n* plotly.js")
    assert int(packed.headers["content-length"]) * 2 < int(plain.headers["content-length"])
    assert client.get("/own/../secret").json()["path"] == "/secret"


def test_readiness_names_what_is_lacking(monkeypatch):
    pool = pool_with("a model")
    assert readiness(pool, lambda: 3) | {"memory": 0, "disk": 0} == {
        "ready": True, "lacking": [], "model": "loaded", "waiting": 3, "memory": 0, "disk": 0,
    }  # fmt: skip
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    found = readiness(ModelPool(), lambda: 0)
    assert (found["ready"], found["lacking"], found["model"]) == (False, ["model", "disk"], "loading")
    assert found["disk"] == {"free_bytes": 1000}


def test_what_nobody_needs_is_not_there():
    client = TestClient(ClosedRoutes(INSIDE))
    for path in (
        "/gradio_api/deep_link?session_hash=x",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/vibe-edit/",
        "/gradio_api/proxy=http://x",
    ):
        assert client.get(path).status_code == 404, path
    for path in (
        "/",
        "/config",
        "/gradio_api/queue/join",
        "/gradio_api/file=a/b",
        "/gradio_api/call/fit",
        "/gradio_api/info",
        "/gradio_api/upload",
    ):
        assert client.get(path).status_code == 200, path


def test_a_page_is_told_to_fetch_nothing_from_elsewhere_and_only_the_hub_may_frame_it():
    for answer in (TestClient(SecurityHeaders(app)).get("/monitoring") for app in (INSIDE, ClosedRoutes(INSIDE))):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, "refusals too"
    assert "https://*.hf.space" in HEADERS["content-security-policy"]


def test_refusals_stand_within_the_headers_and_nothing_is_read_before_it_is_counted():
    order = [layer.cls for layer in layers(Settings(), dict)]
    assert order[:2] == [RequestIds, SecurityHeaders]
    assert order.index(RateLimit) < order.index(ClosedRoutes) < order.index(BodyLimit) < order.index(BoundSessions)


@pytest.mark.parametrize("place", ["query", "body"])
def test_the_name_of_a_page_opens_nothing_without_its_token(place):
    client = TestClient(BoundSessions(INSIDE))

    def ask(name, **headers):
        if place == "body":
            return client.post("/gradio_api/queue/join", content=json.dumps({"session_hash": name}), headers=headers)
        return client.get(f"/gradio_api/queue/data?session_hash={name}", headers=headers)

    assert ask("page", **{TOKEN_HEADER: "a" * 32}).status_code == 200
    for stranger in ({}, {TOKEN_HEADER: "b" * 32}):
        answer = ask("page", **stranger)
        assert answer.status_code == 404
        assert detail(answer) == "This page is not open here any more: reload it."
    assert ask("page", **{TOKEN_HEADER: "a" * 32}).status_code == 200
    assert ask("program").status_code == 200, "a program has no token"
    assert ask("program").status_code == 200
    assert ask("program", **{TOKEN_HEADER: "a" * 32}).status_code == 404


def test_a_name_is_read_as_the_app_reads_it():
    client = TestClient(BoundSessions(INSIDE))
    client.get("/gradio_api/queue/data?session_hash=page", headers={TOKEN_HEADER: "a" * 32})
    for body in (
        b'{"session_hash": "x", "session_hash": "page"}',
        b'{"session\\u005fhash": "page"}',
        b'{"session_hash": "\\u0070age"}',
        *('{"session_hash": "page"}'.encode(encoding) for encoding in ("utf-8-sig", "utf-16", "utf-16-be", "utf-32-le")),
    ):
        assert client.post("/gradio_api/queue/join", content=body).status_code == 404, body
    assert client.post("/gradio_api/queue/join", content=b"[" * 10_000).status_code == 200, (
        "no object: refused further inside"
    )
    assert client.get("/gradio_api/queue/data?session_hash=%70age").status_code == 404


def test_a_name_that_is_no_pages_is_not_kept():
    bound = BoundSessions(INSIDE)
    client = TestClient(bound)
    for long in ("a" * 65, "a" * 1_000_000):
        answer = client.post("/gradio_api/queue/join", json={"session_hash": long})
        assert answer.status_code == 400
        assert "64 characters" in detail(answer)
        client.get(f"/gradio_api/heartbeat/{long[:5000]}")
    assert client.post("/gradio_api/queue/join", json={"session_hash": "a" * 64}).status_code == 200
    assert max(map(len, bound._bound)) < 100


def test_a_heartbeat_is_one_of_one_address_for_its_end_ends_the_jobs_of_the_page():
    bound = BoundSessions(INSIDE)

    def beat(host, name="page"):
        return TestClient(bound, client=(host, 1)).get(f"/gradio_api/heartbeat/{name}").status_code

    assert beat("10.0.0.1") == 200
    assert beat("10.0.0.2") == 409, "who reads the name in a log cannot end what it does"
    assert beat("10.0.0.1") == 200, "a network that was lost comes back"
    assert beat("10.0.0.2", "another") == 200

    async def twice():
        """One that is still open, and another of the same page."""
        open_, heard = asyncio.Event(), []

        async def inside(scope, receive, send):
            open_.set()
            await asyncio.sleep(3600)

        async def send(message):
            heard.append(message.get("status"))

        scope = {"type": "http", "method": "GET", "path": "/gradio_api/heartbeat/page", "headers": [], "client": ("1", 1)}
        layer = BoundSessions(inside)
        first = asyncio.create_task(layer(scope, None, send))
        await open_.wait()
        await layer(scope, None, send)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        open_.clear()
        again = asyncio.create_task(layer(scope, None, send))
        await open_.wait()
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        return heard

    assert asyncio.run(twice()) == [409, None]


NEEDED = {
    "", "app_id", "assets", "call", "cancel", "config", "custom_component", "favicon.ico", "file=", "gradio_api",
    "heartbeat", "info", "login", "login_check", "logout", "manifest.json", "mcp", "openapi.json", "pwa_icon", "queue/data",
    "queue/join", "reset", "robots.txt", "startup-events", "static", "svelte", "theme.css", "upload",
}  # fmt: skip


@pytest.fixture(scope="module")
def gradio():
    """Gradio as it is, within the layers."""
    take_files_alone()

    async def made():  # where a loop runs, for outside of one Gradio leaves another open
        blocks = gr.Blocks()
        blocks.max_file_size = None  # as `launch` sets it
        return App.create_app(blocks, app_kwargs={"middleware": layers(Settings(), dict)})

    app = run(made())
    return TestClient(app, raise_server_exceptions=False)


def test_each_of_gradios_addresses_is_either_needed_or_closed(gradio):
    def paths(routes, before=""):
        for route in routes:
            inside = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
            if inside:
                yield from paths(inside, before + getattr(route, "path", ""))
            elif hasattr(route, "path"):
                yield before + route.path

    found = {path.strip("/").removeprefix("gradio_api/") for path in paths(gradio.app.routes)}
    assert {"deep_link", "queue/join"} <= found, "all were found"
    undecided = {
        path
        for path in found
        if not is_closed(path) and not any(re.fullmatch(rf"{re.escape(name)}([/{{].*)?", path) for name in NEEDED)
    }
    assert undecided == set()
    assert not [name for name in NEEDED if is_closed(name)]
    assert len(set(CLOSED)) == len(CLOSED)


def part(head, body=b"abc"):
    return b"--xYz\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n--xYz--\r\n"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (part(b'name="files"'), 400),  # as httpx sends a file whose name is empty
        (part(b'name="files"; filename=""'), 200),
        (part(b'name="files"; filename="???"'), 200),
        (part(b'name="files"; filename=".."'), 400),
        (part('name="files"; filename="ü\u202e𝄞.png"'.encode()), 200),
        (part(b'name="files"; filename="' + b"a" * 500 + b'"'), 200),
        (part(b'name="files"; filename="a\0.\xff\xed\xa0\x80"'), 200),
        (part(b'filename="a.png"'), 400),
        (part(b'name="files"', bytes(1 << 20)), 400),  # no file, so that it would stand in memory
        (b"", 200),
        (b"--xYz", 200),
        (b"no form", 400),
    ],
)
def test_an_upload_of_an_odd_form_is_taken_or_refused_and_no_fault(gradio, body, status, tmp_path):
    gradio.app.uploaded_file_dir = str(tmp_path)
    answer = gradio.post("/gradio_api/upload", content=body, headers={"content-type": "multipart/form-data; boundary=xYz"})
    assert answer.status_code == status, answer.text
    assert all(path.is_file() for path in map(Path, answer.json() if status == 200 else ()))


def test_a_field_that_is_no_file_is_refused_when_it_begins():
    async def endless():
        yield b'--xYz\r\nContent-Disposition: form-data; name="x"\r\n\r\n'
        raise AssertionError("more of it was read")

    headers = {"content-type": "multipart/form-data; boundary=xYz"}
    parser = UploadForm(Headers(headers), endless(), max_file_size=10)
    with pytest.raises(MultiPartException, match="form of files"):
        run(parser.parse())


def test_what_gradio_makes_nothing_of_is_a_sentence_and_one_line_of_the_log(gradio, caplog):
    for path, header in (
        ("/static/" + "a" * 5000, {}),
        ("/config", {"x-forwarded-host": "\xff, b"}),
    ):
        caplog.clear()
        answer = gradio.get(path, headers={name: value.encode("latin-1") for name, value in header.items()})
        assert (answer.status_code, detail(answer)) == (400, NOT_UNDERSTOOD), path
        (record,) = caplog.records
        assert record.getMessage().startswith("An event was not understood: ")
        assert record.exc_info is None
        assert "aaaa" not in record.getMessage()


def test_a_fault_of_ours_is_a_sentence_and_its_traceback_is_logged(caplog):
    async def broken(request):
        port_of({"GRADIO_SERVER_PORT": 7})

    answer = TestClient(Starlette(routes=[Route("/", broken)], middleware=[Middleware(Faults)])).get("/")
    assert (answer.status_code, detail(answer)) == (500, UNEXPECTED)
    assert caplog.records[0].exc_info is not None


def test_an_answer_that_breaks_down_halfway_is_broken_off():
    def halves():
        yield b"one half"
        raise ZeroDivisionError

    app = Starlette(routes=[Route("/", lambda _: StreamingResponse(halves()))], middleware=[Middleware(Faults)])
    with pytest.raises(ZeroDivisionError):
        TestClient(app).get("/")


def test_nothing_that_gradio_says_of_the_app_names_a_place_of_the_machine():
    async def config_of():
        return json.dumps(build(ModelPool()).get_config_file(), default=str)

    config = run(config_of())
    places = {str(path) for module in (gr, sav_ui) for path in Path(module.__file__).parents[:3]}
    assert not [place for place in places | {str(Path.home()), tempfile.gettempdir()} if len(place) > 1 and place in config]
