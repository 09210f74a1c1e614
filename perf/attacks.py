"""One hostile visitor: each thing that once stopped the app, filled its memory or kept others waiting, again and again."""

from __future__ import annotations

import json
import secrets
import threading
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from perf.visitors import encoded, picture
from perf.wire import Browser

__all__ = ["ATTACKS", "Attacking"]

_ADDRESS = {"X-Forwarded-For": "10.66.6.6"}


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

    def call(self, endpoint: str, data: list[Any]) -> None:
        """Call the API, and leave without listening."""
        self.http.post(f"gradio_api/call/{endpoint}", json={"data": data, "session_hash": secrets.token_hex(6)})


def one_upload_many_names(one: Hostile) -> None:
    one.act("bench", {"do": "import", "files": [one.file | {"folder": "a", "inside": f"a/{n}.png"} for n in range(3500)]})


def archive_of_many(one: Hostile) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        flat = Image.new("RGB", (640, 480))
        for number in range(3500):
            flat.putpixel((0, 0), (number % 256, number // 256, 0))
            file.writestr(f"{'ab'[number % 2]}/{number}.png", encoded(flat))
    one.act("bench", {"do": "import", "files": [one.upload(buffer.getvalue(), "a.zip")]})


def small_file_large_picture(one: Hostile) -> None:
    buffer = BytesIO()
    Image.new("RGB", (8192, 8192)).save(buffer, "WEBP", lossless=True, method=0)
    one.act("tray", {"do": "query", "files": [one.upload(buffer.getvalue(), "a.webp")]})


def many_page_loads(one: Hostile) -> None:
    for _ in range(101):
        body = {"data": [], "fn_index": 0, "session_hash": secrets.token_hex(5), "event_data": None, "trigger_id": None}
        one.http.post("gradio_api/queue/join", json=body, headers={"x-sav-session": secrets.token_hex(16)})


def many_unheard_jobs(one: Hostile) -> None:
    file = {"path": one.file["path"], "meta": {"_type": "gradio.FileData"}}
    for _ in range(50):
        one.call("fit", [[file, file], ["a", "b"], secrets.token_hex(4), 20, "majority", "resubstitution", "", "margin"])


def thirty_megabytes_of_json(one: Hostile) -> None:
    one.http.post("gradio_api/queue/join", content=b'{"data":[' + b"[]," * 10_000_000)


def long_question(one: Hostile) -> None:
    file = {"path": one.file["path"], "meta": {"_type": "gradio.FileData"}}
    one.call("fit", [[file, file], ["a", "b"], "word " * 8000, 20, "majority", "resubstitution", "", "margin"])


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
    many_page_loads,
    many_unheard_jobs,
    thirty_megabytes_of_json,
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

    def __enter__(self) -> Attacking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _go_on(self) -> None:
        while not self._stop.is_set():
            try:
                one = Hostile(self._server)
                while not self._stop.is_set():
                    self._attack(one)
                    self.times += 1
            except (httpx.HTTPError, SystemExit, KeyError, ValueError):
                self.times += 1
                time.sleep(0.2)
