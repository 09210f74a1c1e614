"""One hostile visitor: each thing that once stopped the app, filled its memory or kept others waiting, again and again."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx

from perf import bombs
from perf.visitors import encoded, picture
from perf.wire import Browser

__all__ = ["ATTACKS", "Attacking"]

_ADDRESS = {"X-Forwarded-For": "10.66.6.6"}


class NotUnderstoodError(Exception):
    """The app does not know what was asked, so that nothing was attacked: the program is older than the app."""


class Hostile:
    """An open page of theirs, and calls past it."""

    def __init__(self, server: str) -> None:
        self.browser = Browser(server, secrets.token_hex(16), _ADDRESS)
        self.http = httpx.Client(base_url=server, timeout=60, headers=_ADDRESS)
        self.file = self.upload(encoded(picture(0, 0, 0)[0]), "a.png")

    def upload(self, data: bytes, name: str) -> dict[str, str]:
        """Send a file up; returns it as an action wants it."""
        answer = self.http.post("gradio_api/upload", files={"files": (name, data)})
        return {"path": answer.raise_for_status().json()[0], "name": name, "folder": "", "inside": name}

    def act(self, panel: str, data: dict[str, Any]) -> None:
        """Do something at the page."""
        self.browser.do(panel, "act", data)

    def fit(self, **arguments: Any) -> None:
        """Ask the API to teach two labels, and leave without listening; a call that no endpoint has is no attack."""
        file = {"path": self.file["path"], "meta": {"_type": "gradio.FileData"}}
        answer = self.http.post("gradio_api/call/v2/fit", json={"images": [file, file], "labels": ["a", "b"]} | arguments)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise NotUnderstoodError(answer.text)


def one_upload_many_names(one: Hostile) -> None:
    one.act("bench", {"do": "import", "files": [one.file | {"folder": "a", "inside": f"a/{n}.png"} for n in range(3500)]})


def archive_of_many(one: Hostile) -> None:
    one.act("bench", {"do": "import", "files": [one.upload(bombs.archive_of_many(), "a.zip")]})


def small_file_large_picture(one: Hostile) -> None:
    one.act("tray", {"do": "query", "files": [one.upload(bombs.flat_webp(), "a.webp")]})


def jpeg_of_many_scans(one: Hostile) -> None:
    for scans in (95, 5000):  # as many as are read, and many more
        one.act("tray", {"do": "query", "files": [one.upload(bombs.scans(scans), "a.jpg")]})


def forged_webcam_frames(one: Hostile) -> None:
    for data in (bombs.scans(5000, 1280), bombs.scans(95, 1280), bombs.flat_webp()):
        uri = "data:image/jpeg;base64," + b64encode(data).decode()
        one.browser.do("live", "frame", {"image": uri, "serial": 1})


def tiff_of_a_huge_tile(one: Hostile) -> None:
    for tile in (46_000, 15_000):
        one.act("tray", {"do": "query", "files": [one.upload(bombs.tiled_tiff(tile), "a.tif")]})


def ids_of_the_hub(one: Hostile) -> None:
    for name in ("Qwen/Qwen2-VL-72B-Instruct", "assets/model", "../../etc", f"nobody/{secrets.token_hex(4)}"):
        one.fit(model=name)
        one.browser.do("masthead", "fetch", {"model": name})


def many_page_loads(one: Hostile) -> None:
    load = next(event["id"] for (_, kind), event in one.browser._events.items() if kind == "load")
    for _ in range(101):
        body = {"data": [], "fn_index": load, "session_hash": secrets.token_hex(5), "event_data": None, "trigger_id": None}
        one.http.post("gradio_api/queue/join", json=body, headers={"x-sav-session": secrets.token_hex(16)})


def many_unheard_jobs(one: Hostile) -> None:
    for _ in range(50):
        one.fit(question=secrets.token_hex(4))


def thirty_megabytes_of_json(one: Hostile) -> None:
    one.http.post("gradio_api/queue/join", content=b'{"data":[' + b"[]," * 10_000_000)


def names_of_a_megabyte(one: Hostile) -> None:
    for _ in range(10):
        body = {
            "data": [],
            "fn_index": 0,
            "session_hash": secrets.token_hex(900_000),
            "event_data": None,
            "trigger_id": None,
        }
        one.http.post("gradio_api/queue/join", json=body)
        one.fit(model=secrets.token_hex(900_000))


def upload_of_one_long_field(one: Hostile) -> None:
    one.http.post("gradio_api/upload", data={"a": "a" * (100 << 20)}, files={"files": ("a.png", b"a")})


def many_small_files(one: Hostile) -> None:
    one.http.post("gradio_api/upload", files=[("files", (f"{n}.png", secrets.token_bytes(8))) for n in range(999)])


def connections_that_ask_for_nothing(one: Hostile) -> None:
    place = (one.http.base_url.host, one.http.base_url.port or 80)
    opened = [socket.create_connection(place, timeout=60) for _ in range(200)]
    for each in opened:
        each.sendall(b"GET / HTTP/1.1\r\n")
    time.sleep(1)
    for each in opened:
        each.close()


def long_question(one: Hostile) -> None:
    one.fit(question="word " * 8000)


def many_pictures_at_once(one: Hostile) -> None:
    lines = [json.dumps({"images": ["a.png"] * 512, "label": label}) for label in "ab"]
    listing = one.upload("\n".join(lines).encode(), "a.jsonl")
    one.act("bench", {"do": "import", "files": [listing, one.file]})


def large_uploads(one: Hostile) -> None:
    for _ in range(4):
        one.upload(secrets.token_bytes(25 << 20), "a.png")


ATTACKS: tuple[Callable[[Hostile], None], ...] = (
    one_upload_many_names,
    archive_of_many,
    small_file_large_picture,
    jpeg_of_many_scans,
    forged_webcam_frames,
    tiff_of_a_huge_tile,
    ids_of_the_hub,
    many_page_loads,
    many_unheard_jobs,
    thirty_megabytes_of_json,
    names_of_a_megabyte,
    upload_of_one_long_field,
    many_small_files,
    connections_that_ask_for_nothing,
    long_question,
    many_pictures_at_once,
    large_uploads,
)


class Attacking:
    """While open, somebody attacks in this way, again and again; what refuses them is no error of the app's."""

    def __init__(self, server: str, attack: Callable[[Hostile], None]) -> None:
        self._server, self._attack = server, attack
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self.times = 0
        self._failed: NotUnderstoodError | None = None

    def __enter__(self) -> Attacking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        if self._failed is not None:
            raise self._failed

    def _go_on(self) -> None:
        while not self._stop.is_set():
            try:
                one = Hostile(self._server)
                while not self._stop.is_set():
                    self._attack(one)
                    self.times += 1
            except NotUnderstoodError as error:
                self._failed = error
                return
            except (httpx.HTTPError, SystemExit, KeyError, ValueError):
                self.times += 1
                time.sleep(0.2)
