"""What an event says: what was sent, of whose session, for whom the model works, and what the log calls it."""

from __future__ import annotations

import re

import gradio as gr

from sav_ui.host.tab import Tab
from sav_ui.serving.bound_sessions import TOKEN_HEADER
from sav_ui.serving.callers import Caller
from sav_ui.serving.event_log import REQUEST
from sav_ui.serving.listening import who_listens
from sav_ui.serving.rate_limit import network_of
from sav_ui.serving.request_ids import HEADER
from sav_ui.session.context import Data

__all__ = ["address_in", "called", "caller_in", "caller_of", "name_of", "received", "token_of"]

_ACTION = re.compile(r"[a-z_]{1,32}")


def received(event: gr.EventData) -> Data:
    """What the page sent, which may be anything."""
    return event._data if isinstance(event._data, dict) else {}


def token_of(request: gr.Request) -> str:
    """The token of the session, as the browser sends it with each of the page's requests; the log names that request."""
    REQUEST.set(str(request.headers.get(HEADER, "")))
    return str(request.headers.get(TOKEN_HEADER, ""))


def address_in(request: gr.Request) -> str:
    """Where an event comes from."""
    return network_of(request.client.host if request.client else "")


def caller_of(tab: Tab, request: gr.Request) -> Caller:
    """For whom the model works in an event: told where they stand, and not worked for when they have gone."""
    session = tab.session
    return Caller(session.token, address_in(request), session.work.stand, who_listens())


def caller_in(tab: Tab) -> Caller:
    """For whom the model works where no event says so: the session of the tab, told where it stands."""
    return Caller(tab.session.token, told=tab.session.work.stand)


def called(what: str, data: Data) -> str:
    """What the log calls an event: by the name that pages of ours give an action, or by none."""
    name = name_of(data)
    return f"{what} {name}" if _ACTION.fullmatch(name) else what


def name_of(data: Data) -> str:
    """What is asked for, by its name; empty if there is none."""
    return str(data.get("do", ""))
