"""Which of Gradio's events bring what is done in a browser to a host, and in which queues they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import gradio as gr

from sav_ui.host.page_host import HostedPanel, Outputs, PageHost, Run
from sav_ui.host.requests import address_in, called, caller_of, name_of, received, token_of
from sav_ui.host.tab import Tab
from sav_ui.serving.callers import calling
from sav_ui.serving.event_log import logged
from sav_ui.session.context import Data
from sav_ui.session.session import STILL_BUSY

__all__ = ["MODEL_QUEUE", "QUIET", "answering", "connect"]

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 96}
"""Of every event that runs the model: they all begin at once, and take turns at it, see ``sav_ui.serving.turns``."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Events of the page show their own progress and are no part of the API."""

_ACT_QUEUE: dict[str, Any] = {"concurrency_limit": 256}  # of all visitors, with those that wait for their turn


def connect(host: PageHost, app: gr.Blocks) -> None:
    """Connect the panels' events; to be called when every page is laid out."""

    def on_load(request: gr.Request) -> Outputs:
        return host.as_sent(host.shown(host.open(token_of(request))))

    def on_ask(name: str | None, request: gr.Request) -> Outputs:
        return host.as_sent(host.everything(host.known(name, token_of(request))))

    app.load(on_load, None, host.outputs, **QUIET)
    host.parts.ask(on_ask, host.tab, host.outputs, **QUIET)
    for part in host.panels.values():
        if part.act is not None:
            _connect_act(host, part)
            if part.slides:
                _connect_slide(host, part)
        if part.run is not None:
            _connect_steps(host, part, part.component.run, part.run, "run", **MODEL_QUEUE)
        if part.fetch is not None:
            _connect_steps(host, part, part.component.fetch, part.fetch, "fetch", concurrency_limit=32)


def answering(
    host: PageHost, name: str, answer: Callable[[Tab, gr.Request, Data], Outputs]
) -> Callable[..., Awaitable[Outputs]]:
    """Return what listens to an event of a panel and has it answered when it is its turn among those of its visitor."""

    async def listen(tab_name: str | None, request: gr.Request, event: gr.EventData) -> Outputs:
        data, tab = received(event), await host.answers.in_thread(host.known, tab_name, token_of(request))
        outputs = await host.answers.in_turn(tab.session.token, address_in(request), answer, tab, request, data)
        if outputs is None:
            with logged(called(name, data)) as entry:
                entry.outcome = "refused"
            gr.Warning(STILL_BUSY)
        return host.as_sent({host.tab: tab}) if outputs is None else outputs

    return listen


def _connect_act(host: PageHost, part: HostedPanel) -> None:
    def act(tab: Tab, request: gr.Request, data: Data) -> Outputs:
        with calling(caller_of(tab, request)):
            return host.as_sent(host.acted(tab, part.name, data))

    on_act = answering(host, part.name, act)
    part.component.act(on_act, host.tab, host.outputs, trigger_mode="multiple", **_ACT_QUEUE, **QUIET)


def _connect_slide(host: PageHost, part: HostedPanel) -> None:
    outputs = host.outputs_for(*part.slides)

    def slide(tab: Tab, request: gr.Request, data: Data) -> Outputs:
        shown = host.acted(tab, part.name, data, part.slides)
        for other in set(host.panels) - set(part.slides):
            if host.panels[other].component in shown:
                tab.sent.pop(other, None)  # not one of this event's outputs: the next one sends it
        return host.as_sent(answered({output: shown[output] for output in outputs if output in shown}, data))

    def answered(shown: Outputs, data: Data) -> Outputs:
        turn, own = data.get("turn"), shown.get(part.component)
        return shown if own is None or not isinstance(turn, int) else {**shown, part.component: {**own, "turn": turn}}

    # Its script sends one at a time: Gradio's "always_last" sends what it was given first a second time, not the last.
    on_slide = answering(host, part.name, slide)
    part.component.slide(on_slide, host.tab, outputs, trigger_mode="multiple", **_ACT_QUEUE, **QUIET)


def _connect_steps(
    host: PageHost, part: HostedPanel, listen: Callable[..., Any], run: Run, kind: str, **queue: Any
) -> None:
    def on_run(name: str | None, request: gr.Request, event: gr.EventData) -> Iterator[Outputs]:
        tab = host.known(name, token_of(request))
        caller = caller_of(tab, request)
        data = received(event)
        asked = part.asks.get(name_of(data))
        steps = host.stepped(tab, run, data, part.where, caller=caller, queue=kind, kind=asked)
        yield from host.steps_as_sent(steps)

    listen(on_run, host.tab, host.outputs, trigger_mode="multiple", **queue, **QUIET)
