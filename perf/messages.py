"""What strangers may send to the running app: events of its pages, calls of its API, requests; see ``perf.strangers``."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import logging
import pkgutil
import random
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import gradio as gr
from gradio.utils import get_upload_folder

import sav_ui.pages
from perf.mutations import ODD_VALUES, mutated_bytes, mutated_json
from perf.strangers import Stranger, noise, pictures
from sav_core import SavClassifier
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.data.pictures.processes import read_in_processes
from sav_core.errors import SavError
from sav_ui.api import endpoints as api_endpoints
from sav_ui.app import lay_out
from sav_ui.host.page_host import PageHost, Run
from sav_ui.host.tab import Tab
from sav_ui.panels import errors
from sav_ui.serving import zerogpu
from sav_ui.serving.pool import ModelPool
from sav_ui.session.session import Session
from sav_ui.session.store import SessionStore

__all__ = ["messages"]

_EACH = 40  # events of one session


def messages(folder: Path, models: ModelPool | None = None) -> list[Stranger]:
    """Events and calls; ``models`` with a small model in it makes them quick."""
    models = models or ModelPool()
    host = asyncio.run(_laid_out(models))
    endpoints = _endpoints(models, host)
    _fitted(models, folder / "sound-fitted.sav")
    sent = _uploads(folder)
    events = _Events(host, sent)
    return [
        Stranger("events of pages", 10_000, events.make, events.take),
        Stranger("calls of the API", 5_000, lambda chance: _call(chance, sent), lambda call: _called(endpoints, call)),
    ]


async def _laid_out(models: ModelPool) -> _Host:
    """The pages; where no event loop runs, ``gr.Blocks`` would begin one and leave it open."""
    with gr.Blocks():
        host = _Host(models, SessionStore())
        lay_out(host)
    return host


class _Host(PageHost):
    """Knows by name what its panels do."""

    def __init__(self, models: ModelPool, store: SessionStore) -> None:
        super().__init__(models, store)
        self.acts: list[str] = []
        self.runs: dict[str, tuple[Run, str]] = {}

    def panel(self, name: str, show: Any, **more: Any) -> gr.HTML:
        """Add a panel."""
        if more.get("act"):
            self.acts.append(name)
        for kind in ("run", "fetch"):
            if more.get(kind):
                self.runs[f"{name} {kind}"] = more[kind], more.get("where") or name
        return super().panel(name, show, **more)


def _fitted(models: ModelPool, path: Path) -> None:
    """A classifier of the model that is here."""
    examples = [Example(as_picture(noise(row), "a.png"), "What?", "ab"[row % 2]) for row in range(4)]
    SavClassifier(models.get(""), n_kept=3).fit(examples).save(path)


def _uploads(folder: Path) -> list[dict[str, Any]]:
    """Files of every kind where uploads lie, sound and spoiled, as a browser names them."""
    place = Path(get_upload_folder()) / "fuzz"
    place.mkdir(parents=True, exist_ok=True)
    chance = random.Random(0)  # not for secrets
    made = {f"{row}.{kind}": data for row, (kind, data) in enumerate(pictures().items())}
    for each in sorted(folder.glob("sound*.*")):
        made[each.name] = each.read_bytes()
        made[f"spoiled-{each.name}"] = mutated_bytes(chance, made[each.name])
    made["list.jsonl"] = b'{"image": "0.png", "label": "a", "question": "Q"}\n'
    made["facts.jsonl"] = b'{"image": "0.png", "anchor": "table", "relation": "on", "related": "cup"}\n'
    for name, data in made.items():
        (place / name).write_bytes(data)
    return [
        {"path": str(place / name), "name": name, "folder": "ab"[row % 2], "inside": f"{'ab'[row % 2]}/{name}"}
        for row, name in enumerate(made)
    ]


def _words() -> tuple[list[str], list[str]]:
    """The names of all actions, and of what they look for in what was sent."""
    actions: set[str] = {"nothing_of_the_kind"}
    keys: set[str] = set()
    for module in pkgutil.walk_packages(sav_ui.pages.__path__, "sav_ui.pages."):
        source = inspect.getsource(importlib.import_module(module.name))
        actions |= set(re.findall(r'^    "([a-z_]+)": ', source, re.MULTILINE))
        keys |= set(re.findall(r'data(?:\[|\.get\()"(\w+)"', source))
    return sorted(actions), sorted(keys - {"do", "files"})


class _Events:
    """One visitor after another who sends what no page would."""

    def __init__(self, host: _Host, sent: list[dict[str, Any]]) -> None:
        self._host, self._sent = host, sent
        self._actions, self._keys = _words()
        self._tab = Tab(Session())
        self._left = 0

    def make(self, chance: random.Random) -> tuple[str, bool, dict[str, Any]]:
        """A panel, whether something is run there, and what is sent."""
        runs = chance.random() < 0.06
        name = chance.choice(list(self._host.runs)) if runs else chance.choice(self._host.acts)
        data: dict[str, Any] = {"do": chance.choice(self._actions)}
        for key in chance.sample(self._keys, chance.randint(0, 5)):
            data[key] = chance.choice(
                (*ODD_VALUES, f"l{chance.randint(1, 3)}", f"e{chance.randint(1, 6)}", chance.randint(0, 3))
            )
        if chance.random() < 0.5:
            files = chance.sample(self._sent, chance.randint(1, 3))
            data["files"] = files if chance.random() < 0.8 else mutated_json(chance, files)
        return name, runs, data

    def take(self, event: tuple[str, bool, dict[str, Any]]) -> None:
        """Have it done, and everything shown again that is then new."""
        name, runs, data = event
        if self._left == 0:
            self._tab, self._left = self._host.open(secrets.token_hex(16)), _EACH
            for label, row in (("a", 0), ("b", 1), ("a", 2), ("b", 3)):
                file = self._sent[row] | {"folder": label, "inside": f"{label}/{row}.png"}
                self._host.acted(self._tab, "bench", {"do": "import", "files": [file]})
        self._left -= 1
        with _nothing_logged():
            if runs:
                run, where = self._host.runs[name]
                for _ in self._host.stepped(self._tab, run, data, where):
                    pass
            else:
                json.dumps(list(self._host.as_sent(self._host.acted(self._tab, name, data)).values()))


@contextmanager
def _nothing_logged() -> Iterator[None]:
    """Raise what was told the visitor as something that went wrong on our side; no model is fetched meanwhile."""
    raised: list[BaseException] = []

    def unexpected(error: BaseException) -> errors.UnexpectedError:
        raised.append(error)
        return errors.UnexpectedError(errors.UNEXPECTED)

    places = (
        "sav_ui.host.page_host.unexpected",
        "sav_ui.panels.errors.unexpected",
        "sav_ui.pages.shared.webcam.unexpected",
    )
    patches = [mock.patch(place, unexpected) for place in places]
    warned = mock.patch.object(gr, "Warning")
    logging.disable(logging.CRITICAL)
    for patch in (*patches, warned):
        patch.start()
    try:
        with mock.patch.object(zerogpu, "fetch", _not_fetched):
            yield
    finally:
        for patch in (*patches, warned):
            patch.stop()
        logging.disable(logging.NOTSET)
    if raised:
        raise raised[0]


def _not_fetched(model: str, cancel: object) -> None:
    if model:
        raise SavError("Nothing is fetched here.")


def _endpoints(models: ModelPool, host: PageHost) -> dict[str, Callable[..., Any]]:
    """What the API's endpoints call."""
    found: dict[str, Callable[..., Any]] = {}
    with mock.patch.object(gr, "on", lambda _, call, *__, **named: found.setdefault(named["api_name"], call)):
        api_endpoints.build(models, host.memory)
    return found


def _call(chance: random.Random, sent: list[dict[str, Any]]) -> tuple[str, list[Any]]:
    """A call with one or two of its values changed; Gradio counts them before a handler sees any."""
    marked = [{"path": each["path"], "meta": {"_type": "gradio.FileData"}} for each in sent]
    images: list[Any] = [chance.choice(marked[:6]) for _ in range(chance.randint(2, 4))]
    if chance.random() < 0.4:
        labels = ["ab"[row % 2] for row in range(len(images))]
        name, values = "fit", [images, labels, "What?", 3, "majority", "resubstitution", "", "margin", "full"]
    else:
        classifiers = [each for each in marked if each["path"].endswith(".sav")]
        name, values = "classify", [images, chance.choice(classifiers), "What?"]
    for place in chance.sample(range(len(values)), chance.randint(0, 2)):
        values[place] = mutated_json(chance, values[place])
    return name, values


def _called(endpoints: dict[str, Callable[..., Any]], call: tuple[str, list[Any]]) -> None:
    """Call it as Gradio does; an ``gr.Error`` is a sentence for the caller."""
    name, values = call
    read_in_processes()
    try:
        with _nothing_logged(), mock.patch("sav_ui.api.files.Fetching.fetch", _no_address):
            json.dumps(endpoints[name](*values), default=str)
    except gr.Error as error:
        raise SavError(str(error)) from error
    finally:
        read_in_processes(False)


def _no_address(fetching: object, url: str) -> Path:
    raise ValueError("nothing is fetched here")
