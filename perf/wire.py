"""What a click costs: the bytes that it sends to the browser, and the time that it takes the server.

python -m perf.wire --pictures 36 360 1000

The app is served as everybody gets it, packed streams and all, and spoken to over its own protocol, as a browser does it,
one that keeps the parts it was sent. What it would have been sent without them, every changed panel whole, stands beside
it: what arrived is put together again.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_ui.app import build
from sav_ui.launch import prepare, serve
from sav_ui.panels.parts import joined
from sav_ui.serving.bound_sessions import TOKEN_HEADER
from sav_ui.serving.pool import ModelPool
from sav_ui.session.find_heads import refit_if_ready
from sav_ui.session.project import Project
from sav_ui.session.store import SessionStore

LABELS = ("apple", "boat", "cat", "drum")
TASK = "new-things"
AIM, AIM_TICK, AIM_TIMES = 10, 2, 1.5
"""Kilobytes of a click that changes one panel, and of a tick of progress; how much longer a click may take at most."""


@dataclass
class Sent:
    """What an act had the server send, in bytes.

    Attributes:
        encoded: on the wire, packed as the transport packs it.
        plain: the same, unpacked.
        pictures: of these, new pictures.
        content: of these, HTML and figures; the rest are the names of parts and the protocol's own words.
        whole: what the panels hold, each whole.
        steps: of each step on the way that brought something new, as a panel's first and its last do, without pictures.
        ticks: of each of the others, which bring how far the work is.
        seconds: from each request to the end of its answer, with the runs that followed; counting is no part of it.
        saved: the address and name of a file that was made to download.
    """

    encoded: int = 0
    plain: int = 0
    pictures: int = 0
    content: int = 0
    whole: int = 0
    steps: list[int] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)
    seconds: float = 0.0
    saved: dict[str, str] | None = None


class Browser:
    """One open page: it sends what is done, keeps the parts it gets, and asks for a run when a panel says so."""

    def __init__(self, address: str, token: str, more: Mapping[str, str] | None = None) -> None:
        headers = {"Accept-Encoding": "gzip, deflate, br", TOKEN_HEADER: token, **(more or {})}
        self._http = httpx.Client(base_url=address, timeout=600, headers=headers)
        self._hash = secrets.token_hex(5)
        config = self._http.get("config").json()
        self._names = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
        self._events = {
            (self._names.get(target) or target, event): dependency
            for dependency in config["dependencies"]
            for target, event in dependency["targets"]
        }
        self._texts: dict[str, str] = {}
        for part in config["components"]:
            self._keep(part["props"].get("value"), Sent())
        load = next(dependency for (_, event), dependency in self._events.items() if event == "load")
        self.opened = self._submit(load, [], None)

    def close(self) -> None:
        """Close the page."""
        self._http.close()

    def do(self, panel: str, kind: str, data: dict[str, Any]) -> Sent:
        """Do something in a panel; returns what came of it, with the runs that followed by themselves."""
        return self._submit(self._events[panel, kind], [None], data)

    def upload(self, image: Image.Image, name: str) -> dict[str, str]:
        """Send a picture up; returns it as an action wants it."""
        import io

        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        answer = self._http.post("gradio_api/upload", files={"files": (name, buffer.getvalue(), "image/png")})
        return {"path": answer.json()[0], "name": name, "folder": "", "inside": name}

    def _submit(self, event: dict[str, Any], data: list[Any], event_data: Any) -> Sent:
        sent, runs = Sent(), [(event, data, event_data)]
        while runs:
            event, data, event_data = runs.pop(0)
            body = {"data": data, "event_data": event_data, "fn_index": event["id"], "session_hash": self._hash}
            start = time.perf_counter()
            lines = self._asked(body, sent)
            sent.seconds += time.perf_counter() - start
            asking: set[str] = set()
            for values in self._answers(event, lines, sent):
                for panel, value in values.items():
                    sent.saved = value["saved"] or sent.saved
                    asking = asking | {panel} if value["next"] else asking - {panel}
            runs += [(self._events[panel, "run"], [None], {}) for panel in sorted(asking)]
        return sent

    def _asked(self, body: dict[str, Any], sent: Sent) -> list[str]:
        """The lines that an event is answered with."""
        self._http.post("gradio_api/queue/join", json=body | {"trigger_id": None}).raise_for_status()
        with self._http.stream("GET", "gradio_api/queue/data", params={"session_hash": self._hash}) as stream:
            lines = list(stream.iter_lines())
            sent.encoded += stream.num_bytes_downloaded
        return lines

    def _answers(self, event: dict[str, Any], lines: Iterable[str], sent: Sent) -> Iterator[dict[str, Any]]:
        """What panels show after each message of an event."""
        latest: list[Any] = []
        for line in lines:
            sent.plain += len(line.encode()) + 1
            message = json.loads(line[5:]) if line.startswith("data:") else {}
            if message.get("msg") not in ("process_generating", "process_completed"):
                continue
            output = message["output"]
            if "data" not in output or not message.get("success", True):
                raise SystemExit(f"The app failed: {message}")
            patched = message["msg"] == "process_generating" and bool(latest)
            latest = [
                _patched(old, new) if patched else new
                for old, new in zip(latest or output["data"], output["data"], strict=True)
            ]
            pictures, texts = sent.pictures, len(self._texts)
            values = dict(zip(event["outputs"], latest, strict=True))
            for value in values.values():
                self._keep(value, sent)
            shown = {
                self._names[id_]: value for id_, value in values.items() if isinstance(value, dict) and "html" in value
            }
            sent.whole += sum(len(json.dumps(self._whole(value)).encode()) for value in shown.values())
            if message["msg"] == "process_generating":
                brought = sent.steps if len(self._texts) > texts else sent.ticks
                brought.append(len(line.encode()) - (sent.pictures - pictures))
            yield shown

    def _keep(self, value: Any, sent: Sent) -> None:
        """Keep the parts that came, and count what they hold."""
        if isinstance(value, dict) and "html" in value:
            texts = (value["html"], value.get("moving", ""), *value["figures"].values())
            sent.content += sum(len(text.encode()) for text in texts)
        if not isinstance(value, dict) or "texts" not in value:
            return
        for name, text in value["texts"].items():
            if name in self._texts:
                continue  # counted: each step of a run says once more what came before
            if text.startswith("data:image/"):
                sent.pictures += len(text)
            else:
                sent.content += len(text.encode())
            self._texts[name] = text

    def _whole(self, value: dict[str, Any]) -> dict[str, Any]:
        figures = {name: joined(text, self._texts) for name, text in value["figures"].items()}
        return {**value, "html": joined(value["html"], self._texts, value["moving"]), "moving": "", "figures": figures}


def _patched(value: Any, steps: Any) -> Any:
    """A value with Gradio's differences: ``[action, path, new]`` each."""
    for action, path, new in steps:
        if not path:
            value = value + new if action == "append" else new
            continue
        inside = value
        for key in path[:-1]:
            inside = inside[key]
        if action == "delete":
            del inside[path[-1]]
        elif action == "add" and isinstance(inside, list):
            inside.insert(path[-1], new)
        else:
            inside[path[-1]] = inside[path[-1]] + new if action == "append" else new
    return value


@contextmanager
def served() -> Iterator[tuple[str, ModelPool, SessionStore]]:
    """Serve the app from this process as everybody gets it; yields its address, its models and where its sessions are."""
    models, store = prepare(), SessionStore()
    app = build(models, store)
    try:
        yield serve(app, models, mcp=False), models, store
    finally:
        app.close()


def session_of(models: ModelPool, store: SessionStore, pictures: int, *, seen: bool = True) -> str:
    """Make the session of somebody who has found heads with so many pictures; returns its token.

    Args:
        models: where the model is.
        store: where the session is to be.
        pictures: how many.
        seen: whether the model has seen them; if not, they are to be shown to it, and heads to be found then.
    """
    session, backbone, noise = store.find(secrets.token_hex(16)), models.get(""), np.random.default_rng(0)
    project = Project(question="What is it?")
    for label in LABELS:
        project = project.with_label(label)
    examples = [
        Example(as_picture(drawn(number), f"{number}.png"), project.question, LABELS[number % len(LABELS)])
        for number in range(pictures)
    ]
    session.project = project.with_labelled(examples)
    session.ask_for_heads()
    if not seen:
        return session.token
    shape = backbone.geometry.layers, backbone.geometry.heads, backbone.geometry.dim
    means = noise.normal(size=(len(LABELS), *shape))
    for item, example in zip(session.project.items, session.project.examples(), strict=True):
        label = [label.id for label in session.project.labels].index(item.label)
        session.vectors[backbone.key(example)] = (means[label] + 3 * noise.normal(size=shape)).astype(np.float32)
    refit_if_ready(session, models)
    assert session.current_fit is not None
    return session.token


def drawn(number: int) -> Image.Image:
    """A picture like no other."""
    noise = np.random.default_rng(number)
    return Image.fromarray(noise.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize((96, 96), Image.Resampling.BILINEAR)


def acts(browser: Browser, layers: int) -> Iterator[tuple[str, Sent]]:
    """Do what visitors do; yields what each act sent, and what it is called."""
    yield "opening the page", browser.opened
    yield "a click on a head", browser.do("findings", "act", {"do": "head", "x": 3, "y": 2})
    yield "a click on another head", browser.do("findings", "act", {"do": "head", "x": 1, "y": layers - 1})
    yield "a move of the slider", browser.do("findings", "slide", {"do": "keep", "value": 11})
    yield "changing to Classify", browser.do("tray", "act", {"do": "refresh"})
    for number in (1, 2):
        picture = browser.upload(drawn(10**6 + number), f"query {number}.png")
        sent = browser.do("tray", "act", {"do": "query", "files": [picture]})
    yield "one picture classified", sent
    yield "closing the head", browser.do("findings", "act", {"do": "close_head"})
    yield "a ready task", browser.do("start", "act", {"do": "task", "task": TASK})


def click_times(addresses: dict[int, Browser], repeats: int) -> dict[int, list[float]]:
    """Seconds of a click on a head that was looked into before, at each size in turn."""
    found: dict[int, list[float]] = {size: [] for size in addresses}
    for turn in range(repeats + 2):
        for size, browser in addresses.items():
            found[size].append(browser.do("findings", "act", {"do": "head", "x": turn % 2, "y": 1}).seconds)
    return {size: times[2:] for size, times in found.items()}


def main() -> None:
    """Print a row for each act, and the time of a click."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pictures", type=int, nargs="+", default=[36, 360, 1000], help="sizes of the project")
    options.add_argument("--repeats", type=int, default=20, help="clicks to time")
    asked = options.parse_args()
    console = Console(width=150)
    with served() as (address, models, store):
        layers = models.get("").geometry.layers
        tokens = {size: session_of(models, store, size) for size in asked.pictures}
        times = click_times({size: Browser(address, token) for size, token in tokens.items()}, asked.repeats)
        console.print(describe())
        for size, token in tokens.items():
            rows = list(acts(Browser(address, token), layers))
            rows.append(("finding heads", Browser(address, session_of(models, store, size, seen=False)).opened))
            console.print(table(f"{size} pictures", rows))
    least = statistics.median(times[min(times)])
    for size, each in times.items():
        middle = statistics.median(each)
        console.print(f"a click at {size} pictures: {1000 * middle:.0f} ms, {middle / least:.2f} times (aim {AIM_TIMES})")


def table(title: str, rows: Sequence[tuple[str, Sent]]) -> Table:
    """What each act sent, beside what it would have without parts."""
    columns = ("on the wire, packed", "unpacked", "new pictures", "HTML and figures", "whole panels", "times less")
    made = Table(f"{title}; kB", *columns, "steps that bring news, largest", "ticks: how many, median, largest")
    for words, sent in rows:
        news = f"{max(sent.steps) / 1000:.1f}" if sent.steps else ""
        middle, most = (statistics.median(sent.ticks), max(sent.ticks)) if sent.ticks else (0, 0)
        ticks = f"{len(sent.ticks)}, {middle / 1000:.1f}, {most / 1000:.1f}" if sent.ticks else ""
        sizes = (sent.encoded, sent.plain, sent.pictures, sent.content, sent.whole)
        made.add_row(words, *(f"{size / 1000:.1f}" for size in sizes), f"{sent.whole / sent.plain:.1f}", news, ticks)
    made.caption = (
        f"aims: {AIM} kB of HTML and figures for a click that changes one panel, {AIM_TICK} kB for a tick of progress"
    )
    return made


if __name__ == "__main__":
    main()
